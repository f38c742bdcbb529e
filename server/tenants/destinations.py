"""THE decision whether a tenant may have a number called: its countries, and never what toll fraud lives on."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select, update

from server.kit.clock import Clock
from server.kit.errors import FieldProblem, InvalidInput
from server.storage import Database
from server.telephony.destinations import DEFAULT_COUNTRIES, Denial, country_of, denial, is_country
from server.tenants.audit import record
from server.tenants.tables import PhoneNumberRow, TenantRow

_WHY = {
    Denial.COUNTRY: "Numbers of this country are not called for this account.",
    Denial.COSTLY: "Numbers that charge whoever calls them are not called.",
    Denial.NO_COUNTRY: "Numbers of no country, as of satellites, are not called.",
}


_COUNTRIES = (
    select(TenantRow.allowed_countries, PhoneNumberRow.number)
    .outerjoin_from(TenantRow, PhoneNumberRow, PhoneNumberRow.tenant_id == TenantRow.id)
    .where(TenantRow.id == bindparam("tenant"))
)


class Destinations:
    """Asked before a number is dialled, or set to be."""

    def __init__(self, database: Database, clock: Clock, free: Collection[str] = ()) -> None:
        """`free`: numbers that cost nobody anything, as those of the virtual network that answer by themselves."""
        self._database = database
        self._clock = clock
        self._free = free

    async def require(self, tenant_id: int, number: str, field: str, actor: str) -> None:
        """Raises InvalidInput `destination_not_allowed`, naming `field`, and writes the refusal to the audit log."""
        if self.is_free(number):
            return
        why = denial(number, await self.countries(tenant_id))
        if why is None:
            return
        details = {"field": field, "why": why.value, "country": country_of(number)}
        async with self._database.transaction() as session:
            await record(session, self._clock.now(), tenant_id, actor, "destination.refused", details)
        raise InvalidInput("destination_not_allowed", _WHY[why], [FieldProblem(field, _WHY[why])])

    def is_free(self, number: str) -> bool:
        """Whether calling it costs nobody anything."""
        return number in self._free

    async def countries(self, tenant_id: int) -> frozenset[str]:
        """What the tenant says, or the default list; the countries of its own numbers in any case."""
        rows = await self._database.look(lambda db: db.execute(_COUNTRIES, {"tenant": tenant_id}).all())
        chosen = rows[0].allowed_countries if rows else None
        of_numbers = {country for row in rows if row.number and (country := country_of(row.number))}
        return frozenset(DEFAULT_COUNTRIES if chosen is None else chosen) | of_numbers

    async def allow(self, tenant_id: int, countries: Sequence[str] | None, actor: str) -> frozenset[str]:
        """Set the tenant's countries; None for the default list. Raises InvalidInput `unknown_country`."""
        chosen = None if countries is None else sorted({one.upper() for one in countries})
        for one in chosen or ():
            if not is_country(one):
                raise InvalidInput("unknown_country", "A country is two letters, like FR.")
        async with self._database.transaction() as session:
            await session.execute(update(TenantRow).where(TenantRow.id == tenant_id).values(allowed_countries=chosen))
            await record(session, self._clock.now(), tenant_id, actor, "destinations.changed", {"countries": chosen})
        return await self.countries(tenant_id)
