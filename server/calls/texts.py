"""Short messages that come to a project's numbers: bounded, kept, listed."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from server.calls.tables import TextMessageRow
from server.kit.clock import Clock
from server.kit.errors import Conflict, InvalidInput, NotFound
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.text import storable
from server.telephony.numbers import normalise
from server.tenants.phone_numbers import PhoneNumbers
from server.webhooks import Event, Webhooks

TEXT_MAX = 1_600  # characters: ten messages of a telephone, joined
LATEST_MAX = 100


@dataclass(frozen=True)
class TextMessage:
    """Numbers are E.164."""

    uid: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime


class Texts:
    def __init__(self, database: Database, numbers: PhoneNumbers, webhooks: Webhooks, clock: Clock) -> None:
        self._database = database
        self._webhooks = webhooks
        self._numbers = numbers
        self._clock = clock

    async def receive(self, from_number: str, to_number: str, text: str) -> TextMessage:
        """Keep a message for the project whose number it came to, and tell its webhooks, unless it is paused (P-092).

        Raises `invalid_phone_number`, InvalidInput `invalid_text_message`, NotFound `unknown_phone_number`, Conflict
        `sms_not_enabled`.
        """
        text = storable(text.strip())
        if not 0 < len(text) <= TEXT_MAX:
            raise InvalidInput("invalid_text_message", f"A text message has 1 to {TEXT_MAX} characters.")
        number = await self._numbers.find(normalise(to_number))
        if number is None:
            raise NotFound("unknown_phone_number", "Nobody has this telephone number.")
        if not number.is_sms_enabled:
            raise Conflict("sms_not_enabled", "This telephone number takes no text messages.")
        row = TextMessageRow(
            uid=new_uid("sms"),
            tenant_id=number.tenant_id,
            project_id=number.project_id,
            from_number=from_number,
            to_number=number.number,
            text=text,
            at=self._clock.now(),
        )
        async with self._database.transaction() as session:
            session.add(row)
            if number.is_relay_enabled:
                await self._webhooks.deliveries.publish_in(session, number.project_id, _received(row))
        self._webhooks.dispatcher.poke()
        return _text_message(row)

    async def latest(self, tenant_id: int) -> list[TextMessage]:
        """The tenant's newest messages, newest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(TextMessageRow)
                .where(TextMessageRow.tenant_id == tenant_id)
                .order_by(TextMessageRow.id.desc())
                .limit(LATEST_MAX)
            )
            return [_text_message(row) for row in rows]


def _received(row: TextMessageRow) -> Event:
    data = {
        "direction": "inbound",
        "from": row.from_number,
        "to": row.to_number,
        "relay_number": row.to_number,
        "body": row.text,
    }
    return Event("sms.received", data, row.at, cause=f"text:{row.uid}")


def _text_message(row: TextMessageRow) -> TextMessage:
    return TextMessage(row.uid, row.from_number, row.to_number, row.text, row.at)
