"""THE decision whether a tenant may have a number called: its countries, and never what toll fraud lives on."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, update

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


class Destinations:
    """Asked before anything is dialled or forwarded. There is no other way to a carrier."""

    def __init__(self, database: Database, clock: Clock, free: Collection[str] = ()) -> None:
        """`free`: numbers that cost nobody anything, as those of the virtual network that answer by themselves."""
        self._database = database
        self._clock = clock
        self._free = free

    async def require(self, tenant_id: int, number: str, field: str, actor: str) -> None:
        """Raises InvalidInput `destination_not_allowed`, naming `field`, and writes the refusal to the audit log."""
        if number in self._free:
            return
        why = denial(number, await self.countries(tenant_id))
        if why is None:
            return
        details = {"field": field, "why": why.value, "country": country_of(number)}
        async with self._database.transaction() as session:
            await record(session, self._clock.now(), tenant_id, actor, "destination.refused", details)
        raise InvalidInput("destination_not_allowed", _WHY[why], [FieldProblem(field, _WHY[why])])

    async def countries(self, tenant_id: int) -> frozenset[str]:
        """What the tenant says, or the default list; the countries of its own numbers in any case."""
        async with self._database.reading() as session:
            chosen = await session.scalar(select(TenantRow.allowed_countries).where(TenantRow.id == tenant_id))
            own = await session.scalars(select(PhoneNumberRow.number).where(PhoneNumberRow.tenant_id == tenant_id))
            of_numbers = {country for number in own if (country := country_of(number))}
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
