"""Where mails go on a server that cannot send any: kept, the newest few, for whoever runs it to read."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select

from server.identity.mail import Mail
from server.identity.tables import OutboxMailRow
from server.kit.clock import Clock
from server.storage import Database

KEPT = 50


@dataclass(frozen=True)
class KeptMail:
    """`recipient` is a normalised address."""

    id: int
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    language: str
    at: datetime


class DevelopmentOutbox:
    """A MailPost that keeps the newest KEPT mails in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def send(self, mail: Mail) -> None:
        """Keep the mail, forget the oldest."""
        async with self._database.transaction() as session:
            row = OutboxMailRow(
                recipient=mail.recipient,
                subject=mail.subject,
                text=mail.text,
                language=mail.language,
                at=self._clock.now(),
            )
            session.add(row)
            await session.flush()
            newest = select(OutboxMailRow.id).order_by(OutboxMailRow.id.desc()).limit(KEPT).subquery()
            oldest_kept = select(func.min(newest.c.id)).scalar_subquery()
            await session.execute(delete(OutboxMailRow).where(OutboxMailRow.id < oldest_kept))

    async def newest(self) -> list[KeptMail]:
        """At most KEPT, newest first."""
        async with self._database.reading() as session:
            rows = await session.scalars(select(OutboxMailRow).order_by(OutboxMailRow.id.desc()).limit(KEPT))
            return [KeptMail(row.id, row.recipient, row.subject, row.text, row.language, row.at) for row in rows]
