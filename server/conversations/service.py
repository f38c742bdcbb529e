"""Conversations as they are kept: begun, written to in order, ended exactly once, rated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.conversations.tables import ConsentRow, ConversationEventRow, ConversationRow, MessageRow
from server.kit.clock import Clock
from server.kit.errors import Conflict, InvalidInput, NotFound
from server.storage import Database
from server.storage.text import storable

RATING_WINDOW = timedelta(minutes=10)
RATING_MAX = 5


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
        now = self._clock.now()
        async with self._database.transaction() as session:
            row = ConversationRow(
                uid=new.uid,
                tenant_id=new.tenant_id,
                agent_uid=new.agent_uid,
                channel="widget",
                mode=new.mode,
                language=new.language,
                page=dict(new.page),
                messages_count=0,
                state="active",
                created_at=now,
            )
            session.add(row)
            await session.flush()
            if new.consent_version is not None:
                session.add(ConsentRow(conversation_id=row.id, version=new.consent_version, origin=new.origin, at=now))
            self._event(session, row.id, "conversation.started", {"mode": new.mode, "origin": new.origin})

    async def append_message(
        self, conversation_uid: str, *, uid: str, role: str, text: str, via: str, interrupted: bool
    ) -> Message:
        """Store a final message and give it the next `seq`. A `uid` that is stored already stays as it is.

        Raises NotFound `not_found`.
        """
        now, text = self._clock.now(), storable(text)
        async with self._database.transaction() as session:
            stored = _messages_of(conversation_uid).where(MessageRow.uid == uid)
            if (known := await session.scalar(stored)) is not None:
                return _message(known)
            numbered = await session.execute(
                update(ConversationRow)
                .where(ConversationRow.uid == conversation_uid)
                .values(messages_count=ConversationRow.messages_count + 1)
                .returning(ConversationRow.id, ConversationRow.messages_count)
            )
            found = numbered.first()
            if found is None:
                raise _unknown()
            conversation_id, seq = found
            session.add(
                MessageRow(
                    uid=uid,
                    conversation_id=conversation_id,
                    seq=seq,
                    role=role,
                    text=text,
                    via=via,
                    interrupted=interrupted,
                    at=now,
                )
            )
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
            self._event(session, row.id, type_, payload)

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
            return Conversation(row.uid, row.state, row.mode, row.ended_reason, row.rating)

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
            self._event(session, conversation_id, "conversation.ended", {"reason": reason})
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
            self._event(session, row.id, "conversation.rated", {"score": score})

    async def _row(self, session: AsyncSession, conversation_uid: str) -> ConversationRow:
        row = await session.scalar(select(ConversationRow).where(ConversationRow.uid == conversation_uid))
        if row is None:
            raise _unknown()
        return row

    def _event(self, session: AsyncSession, conversation_id: int, type_: str, payload: dict[str, Any]) -> None:
        session.add(
            ConversationEventRow(conversation_id=conversation_id, type=type_, payload=payload, at=self._clock.now())
        )


def _messages_of(conversation_uid: str) -> Select[MessageRow]:
    return (
        select(MessageRow)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(ConversationRow.uid == conversation_uid)
    )


def _message(row: MessageRow) -> Message:
    return Message(row.uid, row.seq, row.role, row.text, row.via, row.interrupted, row.at)


def _unknown() -> NotFound:
    return NotFound("not_found", "There is no such conversation.")
