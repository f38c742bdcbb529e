"""Conversations as they are kept: begun, written to in order, ended exactly once, rated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, Select, Table, bindparam, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.conversations.tables import ConsentRow, ConversationEventRow, ConversationRow, MessageRow
from server.kit.clock import Clock
from server.kit.errors import Conflict, InvalidInput, NotFound
from server.storage import Database
from server.storage.text import storable

RATING_WINDOW = timedelta(minutes=10)
RATING_MAX = 5

# Put together once: every conversation runs these, and SQLAlchemy takes longer over them than the database.
_conversations = cast("Table", ConversationRow.__table__)
_messages = cast("Table", MessageRow.__table__)
_INSERT_CONVERSATION = insert(_conversations).returning(_conversations.c.id)
_INSERT_CONSENT = insert(cast("Table", ConsentRow.__table__))
_INSERT_EVENT = insert(cast("Table", ConversationEventRow.__table__))
_INSERT_MESSAGE = insert(_messages)
_NUMBER_MESSAGE = (
    update(_conversations)
    .where(
        _conversations.c.uid == bindparam("of"),
        ~exists().where(
            _messages.c.conversation_id == _conversations.c.id, _messages.c.uid == bindparam("message_uid")
        ),
    )
    .values(messages_count=_conversations.c.messages_count + 1)
    .returning(_conversations.c.id, _conversations.c.messages_count)
)
_STORED_MESSAGE = (
    select(_messages)
    .join(_conversations, _conversations.c.id == _messages.c.conversation_id)
    .where(_conversations.c.uid == bindparam("of"), _messages.c.uid == bindparam("message_uid"))
)
_READ: Select[Any] = (
    select(
        *(_conversations.c[name].label(f"of_{name}") for name in ("uid", "state", "mode", "ended_reason", "rating")),
        _messages,
    )
    .outerjoin_from(_conversations, _messages, _messages.c.conversation_id == _conversations.c.id)
    .where(_conversations.c.uid == bindparam("of"))
    .order_by(_messages.c.seq)
)


@dataclass(frozen=True)
class NewConversation:
    """What a conversation starts with."""

    uid: str
    tenant_id: int
    agent_uid: str
    mode: str  # voice or text
    language: str
    origin: str
    consent_version: str | None
    page: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Conversation:
    uid: str
    state: str  # active or ended
    mode: str
    ended_reason: str | None
    rating: int | None


@dataclass(frozen=True)
class Message:
    """`role` is user or agent, `via` voice or text; `seq` counts from 1 within the conversation."""

    uid: str
    seq: int
    role: str
    text: str = field(repr=False)
    via: str
    interrupted: bool
    at: datetime


class Conversations:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def start(self, new: NewConversation) -> None:
        """Store a conversation, the consent it rests on, and the event that it began."""
        async with self._database.transaction() as session:
            await self.start_within(session, new)

    async def start_within(self, session: AsyncSession, new: NewConversation) -> None:
        """As start(), in the caller's transaction."""
        now = self._clock.now()
        conversation_id = await session.scalar(
            _INSERT_CONVERSATION,
            {
                "uid": new.uid,
                "tenant_id": new.tenant_id,
                "agent_uid": new.agent_uid,
                "channel": "widget",
                "mode": new.mode,
                "language": new.language,
                "page": dict(new.page),
                "messages_count": 0,
                "state": "active",
                "created_at": now,
            },
        )
        if new.consent_version is not None:
            consent = {"conversation_id": conversation_id, "version": new.consent_version, "origin": new.origin}
            await session.execute(_INSERT_CONSENT, {**consent, "at": now})
        await self._event(session, conversation_id, "conversation.started", {"mode": new.mode, "origin": new.origin})

    async def append_message(
        self, conversation_uid: str, *, uid: str, role: str, text: str, via: str, interrupted: bool
    ) -> Message:
        """Store a final message and give it the next `seq`. A `uid` that is stored already stays as it is.

        Raises NotFound `not_found`.
        """
        now, text = self._clock.now(), storable(text)
        async with self._database.transaction() as session:
            names = {"of": conversation_uid, "message_uid": uid}
            found = (await session.execute(_NUMBER_MESSAGE, names)).first()
            if found is None:
                if (known := (await session.execute(_STORED_MESSAGE, names)).first()) is not None:
                    return _message(known)
                raise _unknown()
            conversation_id, seq = found
            row = {
                "uid": uid,
                "conversation_id": conversation_id,
                "seq": seq,
                "role": role,
                "text": text,
                "via": via,
                "interrupted": interrupted,
                "at": now,
            }
            await session.execute(_INSERT_MESSAGE, row)
        return Message(uid, seq, role, text, via, interrupted, now)

    async def messages(self, conversation_uid: str, since: int) -> list[Message]:
        """Final messages with a greater `seq`, in order."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                _messages_of(conversation_uid).where(MessageRow.seq > since).order_by(MessageRow.seq)
            )
            return [_message(row) for row in rows]

    async def append_event(self, conversation_uid: str, type_: str, payload: dict[str, Any]) -> None:
        """Add to the conversation's event log."""
        async with self._database.transaction() as session:
            row = await self._row(session, conversation_uid)
            await self._event(session, row.id, type_, payload)

    async def events(self, conversation_uid: str) -> list[tuple[str, dict[str, Any]]]:
        """Types and payloads of the event log, in order."""
        async with self._database.reading() as session:
            row = await self._row(session, conversation_uid)
            rows = await session.scalars(
                select(ConversationEventRow)
                .where(ConversationEventRow.conversation_id == row.id)
                .order_by(ConversationEventRow.id)
            )
            return [(event.type, event.payload) for event in rows]

    async def by_uid(self, conversation_uid: str) -> Conversation:
        """Raises NotFound `not_found`."""
        async with self._database.reading() as session:
            row = await self._row(session, conversation_uid)
            return _conversation(row)

    async def read(self, conversation_uid: str) -> tuple[Conversation, list[Message]]:
        """The conversation and all its final messages, in order, as of one moment. Raises NotFound `not_found`."""
        async with self._database.reading() as session:
            rows = (await session.execute(_READ, {"of": conversation_uid})).all()
        if not rows:
            raise _unknown()
        one = rows[0]
        found = Conversation(one.of_uid, one.of_state, one.of_mode, one.of_ended_reason, one.of_rating)
        return found, [_message(row) for row in rows if row.id is not None]

    async def set_mode(self, conversation_uid: str, mode: str) -> None:
        """Voice came, or text is all that is left."""
        async with self._database.transaction() as session:
            await session.execute(
                update(ConversationRow).where(ConversationRow.uid == conversation_uid).values(mode=mode)
            )

    async def end(self, conversation_uid: str, reason: str) -> bool:
        """End it; True for the one call that did. Later reasons change nothing."""
        now = self._clock.now()
        async with self._database.transaction() as session:
            ended = await session.execute(
                update(ConversationRow)
                .where(ConversationRow.uid == conversation_uid, ConversationRow.state == "active")
                .values(state="ended", ended_reason=reason, ended_at=now)
                .returning(ConversationRow.id)
            )
            conversation_id = ended.scalar()
            if conversation_id is None:
                return False
            await self._event(session, conversation_id, "conversation.ended", {"reason": reason})
        return True

    async def rate(self, conversation_uid: str, score: int, comment: str | None) -> None:
        """The visitor's rating, 1 to 5, up to RATING_WINDOW after the end; a later one takes its place.

        Raises InvalidInput `invalid_request`, NotFound `not_found`, Conflict `rating_closed`.
        """
        if not 1 <= score <= RATING_MAX:
            raise InvalidInput("invalid_request", f"A rating is 1 to {RATING_MAX}.")
        async with self._database.transaction() as session:
            row = await self._row(session, conversation_uid)
            if row.ended_at is not None and self._clock.now() - row.ended_at > RATING_WINDOW:
                raise Conflict("rating_closed", "This conversation can no longer be rated.")
            row.rating, row.rating_comment = score, storable(comment) if comment else None
            await self._event(session, row.id, "conversation.rated", {"score": score})

    async def _row(self, session: AsyncSession, conversation_uid: str) -> ConversationRow:
        row = await session.scalar(select(ConversationRow).where(ConversationRow.uid == conversation_uid))
        if row is None:
            raise _unknown()
        return row

    async def _event(
        self, session: AsyncSession, conversation_id: int | None, type_: str, payload: dict[str, Any]
    ) -> None:
        values = {"conversation_id": conversation_id, "type": type_, "payload": payload, "at": self._clock.now()}
        await session.execute(_INSERT_EVENT, values)


def _messages_of(conversation_uid: str) -> Select[MessageRow]:
    return (
        select(MessageRow)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(ConversationRow.uid == conversation_uid)
    )


def _conversation(row: ConversationRow) -> Conversation:
    return Conversation(row.uid, row.state, row.mode, row.ended_reason, row.rating)


def _message(row: MessageRow | Row[Any]) -> Message:
    return Message(row.uid, row.seq, row.role, row.text, row.via, row.interrupted, row.at)


def _unknown() -> NotFound:
    return NotFound("not_found", "There is no such conversation.")
