"""The telephone numbers of a tenant's projects: where calls to them go, or which agent answers."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import Conflict
from server.kit.ids import new_uid
from server.storage import Database
from server.telephony.destinations import country_of
from server.telephony.number_provider import NumberType
from server.telephony.numbers import normalise
from server.tenants.audit import record
from server.tenants.credentials import Credentials
from server.tenants.keeping import Keeping
from server.tenants.tables import PhoneNumberRow, ProjectRow

__all__ = ["Keeping", "PhoneNumber", "PhoneNumbers"]


@dataclass(frozen=True)
class PhoneNumber:
    """Numbers are E.164. Calls go to `forward_to`; without one the agent answers, the tenant's first by default.

    What is kept of them follows where they go until somebody chose (`is_keeping_chosen`).
    `is_announced`: both sides of a call that is forwarded hear that it is kept, before anything is.
    While `is_relay_enabled` is false nobody is rung, and who calls is told so. `is_sms_enabled`: whether the carrier
    brings text messages to it. `provider`: where it was bought.
    """

    id: int
    uid: str
    tenant_id: int
    project_id: int
    number: str = field(repr=False)
    type: NumberType
    provider: str | None
    forward_to: str | None = field(repr=False)
    is_relay_enabled: bool
    is_sms_enabled: bool
    agent_uid: str | None
    is_recorded: bool
    is_transcribed: bool
    is_analysed: bool
    is_keeping_chosen: bool
    is_announced: bool
    created_at: datetime

    @property
    def country(self) -> str | None:
        """ISO, two letters; None for a number of no country."""
        return country_of(self.number)


class PhoneNumbers:
    def __init__(self, database: Database, credentials: Credentials, clock: Clock) -> None:
        self._database = database
        self._credentials = credentials
        self._clock = clock

    async def add(
        self, tenant_id: int, number: str, agent: str | None, keeping: Keeping, actor: str = "cli"
    ) -> PhoneNumber:
        """Give the tenant's first project `number`. `agent`: a slug or id; the tenant's first by default.

        Raises `invalid_phone_number`, `unknown_agent`, Conflict `phone_number_taken`.
        """
        plain = normalise(number)
        agent_uid = (await self._credentials.target_of(tenant_id, agent)).agent.uid if agent else None
        try:
            async with self._database.transaction() as session:
                of_tenant = select(ProjectRow.id).where(ProjectRow.tenant_id == tenant_id).order_by(ProjectRow.id)
                row = PhoneNumberRow(
                    uid=new_uid("num"),
                    tenant_id=tenant_id,
                    project_id=(await session.scalars(of_tenant.limit(1))).one(),
                    number=plain,
                    agent_uid=agent_uid,
                    is_recorded=keeping.recording,
                    is_transcribed=keeping.transcript or keeping.analysis,
                    is_analysed=keeping.analysis,
                    created_at=self._clock.now(),
                )
                session.add(row)
                await self._record(session, tenant_id, actor, "phone_number.added", row.uid)
        except IntegrityError:
            raise Conflict("phone_number_taken", "This telephone number belongs to a project already.") from None
        return phone_number(row)

    async def remove(self, tenant_id: int, number: str, actor: str = "cli") -> bool:
        """Whether it was the tenant's. Raises `invalid_phone_number`."""
        async with self._database.transaction() as session:
            uid = await session.scalar(
                delete(PhoneNumberRow)
                .where(PhoneNumberRow.tenant_id == tenant_id, PhoneNumberRow.number == normalise(number))
                .returning(PhoneNumberRow.uid)
            )
            if uid is not None:
                await self._record(session, tenant_id, actor, "phone_number.removed", uid)
        return uid is not None

    async def of(self, tenant_id: int) -> list[PhoneNumber]:
        """In the order in which they were added."""
        async with self._database.reading() as session:
            rows = await session.scalars(
                select(PhoneNumberRow).where(PhoneNumberRow.tenant_id == tenant_id).order_by(PhoneNumberRow.id)
            )
            return [phone_number(row) for row in rows]

    async def of_project(self, project_id: int) -> list[str]:
        """Its E.164 numbers, the oldest first."""
        which = select(PhoneNumberRow.number).where(PhoneNumberRow.project_id == project_id)
        async with self._database.reading() as session:
            return list(await session.scalars(which.order_by(PhoneNumberRow.id)))

    async def find(self, number: str) -> PhoneNumber | None:
        """Whose E.164 `number` is; None when nobody of ours has it."""
        async with self._database.reading() as session:
            row = await session.scalar(select(PhoneNumberRow).where(PhoneNumberRow.number == number))
        return None if row is None else phone_number(row)

    async def _record(self, session: AsyncSession, tenant_id: int, actor: str, action: str, uid: str) -> None:
        await record(session, self._clock.now(), tenant_id, actor, action, {"phone_number": uid})


def phone_number(row: PhoneNumberRow) -> PhoneNumber:
    return PhoneNumber(
        id=row.id,
        uid=row.uid,
        tenant_id=row.tenant_id,
        project_id=row.project_id,
        number=row.number,
        type=NumberType(row.type),
        provider=row.provider,
        forward_to=row.forward_to,
        is_relay_enabled=row.is_relay_enabled,
        is_sms_enabled=row.is_sms_enabled,
        agent_uid=row.agent_uid,
        is_recorded=row.is_recorded,
        is_transcribed=row.is_transcribed,
        is_analysed=row.is_analysed,
        is_keeping_chosen=row.is_keeping_chosen,
        is_announced=row.is_announced,
        created_at=row.created_at,
    )
