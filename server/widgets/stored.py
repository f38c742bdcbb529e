"""What each tenant has set for its widget: kept in the database, checked by the table, fresh within two seconds."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import FieldProblem, InvalidInput
from server.storage import Database
from server.storage.bus import Bus
from server.storage.text import storable
from server.tenants.audit import record
from server.tenants.tables import TenantRow
from server.widgets.options import OptionTable
from server.widgets.tables import WidgetOptionRow

FRESH_S = 1.5  # a change reaches every process within 2 s even when no notice arrives
TOPIC = "widget_options"
MAX_REMEMBERED = 1_000  # tenants
CONSENT = ("consent.text", "consent.version")  # one thing: an agreement is kept by the version of what was shown


@dataclass(frozen=True)
class _Reading:
    at: float
    options: Mapping[str, object]


class WidgetOptions:
    """Every tenant's own options, as {dotted name: value}."""

    def __init__(self, database: Database, table: OptionTable, bus: Bus, clock: Clock) -> None:
        self._database = database
        self.table = table
        self._bus = bus
        self._clock = clock
        self._remembered: OrderedDict[int, _Reading] = OrderedDict()
        self._notices = 0
        bus.listen(TOPIC, self._forget)

    async def of(self, tenant_id: int) -> Mapping[str, object]:
        """What the tenant has set, at most two seconds old."""
        now = self._clock.monotonic()
        known = self._remembered.get(tenant_id)
        if known is not None and now - known.at <= FRESH_S:
            self._remembered.move_to_end(tenant_id)
            return known.options
        notices = self._notices
        options = await self.all(tenant_id)
        if notices == self._notices:  # what changed while we read is read again by whoever asks next
            self._remembered[tenant_id] = _Reading(now, options)
            self._remembered.move_to_end(tenant_id)
            while len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return options

    async def all(self, tenant_id: int) -> dict[str, object]:
        """What the tenant has set, as the database has it now, by name."""
        async with self._database.reading() as session:
            rows = await session.execute(
                select(WidgetOptionRow.name, WidgetOptionRow.value)
                .where(WidgetOptionRow.tenant_id == tenant_id)
                .order_by(WidgetOptionRow.name)
            )
            return {name: value for name, value in rows}

    async def set(self, tenant_id: int, given: Mapping[str, object], actor: str = "cli") -> dict[str, object]:
        """Set options, nested or by dotted name; the others stay. Returns what was set, by dotted name.

        Raises InvalidInput `invalid_request` naming every wrong field; nothing is set then. A text of consent has its
        own version, and another text another one.
        """
        values = {name: _kept(value) for name, value in self.table.settled(given).items()}
        now = self._clock.now()
        async with self._database.transaction() as session:
            await _lock(session, tenant_id)
            rows = await session.scalars(select(WidgetOptionRow).where(WidgetOptionRow.tenant_id == tenant_id))
            there = {row.name: row for row in rows}
            _check_consent({name: there[name].value for name in CONSENT if name in there}, values)
            for name, value in values.items():
                if name in there:
                    there[name].value, there[name].updated_at = value, now
                else:
                    session.add(WidgetOptionRow(tenant_id=tenant_id, name=name, value=value, updated_at=now))
            await self._audit(session, tenant_id, actor, "widget_options.set", sorted(values))
        await self._bus.publish(TOPIC, str(tenant_id))
        return values

    async def unset(self, tenant_id: int, name: str, actor: str = "cli") -> bool:
        """Back to the default; False if the tenant had not set it. Text and version of the consent go together.

        Raises InvalidInput `invalid_request`.
        """
        if name not in self.table.names:
            raise InvalidInput("invalid_request", "There is no such option.")
        names = CONSENT if name in CONSENT else (name,)
        async with self._database.transaction() as session:
            removed = await session.scalars(
                delete(WidgetOptionRow)
                .where(WidgetOptionRow.tenant_id == tenant_id, WidgetOptionRow.name.in_(names))
                .returning(WidgetOptionRow.name)
            )
            gone = sorted(removed)
            if gone:
                await self._audit(session, tenant_id, actor, "widget_options.unset", gone)
        await self._bus.publish(TOPIC, str(tenant_id))
        return bool(gone)

    async def _audit(self, session: AsyncSession, tenant_id: int, actor: str, action: str, names: list[str]) -> None:
        await record(session, self._clock.now(), tenant_id, actor, action, {"names": names})

    def _forget(self, notice: str) -> None:
        self._notices += 1
        if notice.isdecimal():
            self._remembered.pop(int(notice), None)


async def _lock(session: AsyncSession, tenant_id: int) -> None:
    """The tenant's row is the lock: two who set the same option at once may not both add it."""
    await session.execute(select(TenantRow.id).where(TenantRow.id == tenant_id).with_for_update())


def _check_consent(before: Mapping[str, object], given: Mapping[str, object]) -> None:
    """Who reads the log of consents must find the text by the version. Raises InvalidInput `invalid_request`."""
    text, version = ({**before, **given}.get(name) or "" for name in CONSENT)
    problem = None
    if text and not version:
        problem = FieldProblem("consent.text", "Give consent.version with it: agreements are kept by version.")
    elif version and not text:
        problem = FieldProblem("consent.version", "Give consent.text with it: it is the version of that text.")
    elif before.get(CONSENT[1]) == version and before.get(CONSENT[0]) != text:
        problem = FieldProblem("consent.version", "Another text needs another version.")
    if problem is not None:
        told = f"The consent cannot be kept like this. {problem.field}: {problem.problem}"
        raise InvalidInput("invalid_request", told, [problem])


def _kept(value: object) -> object:
    """A checked value as every database keeps it."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): storable(text) for name, text in value.items()}
    return value
