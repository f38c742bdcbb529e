"""Numbers a project buys: searched at a carrier, forwarded, paused, given back. P-060 to P-070."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from server.kit.clock import Clock
from server.kit.errors import Conflict, FieldProblem, InvalidInput, NotAllowed, NotFound, TooMany, Unavailable
from server.kit.ids import new_uid
from server.storage import Database
from server.storage.reference import refers_to
from server.telephony.destinations import country_of
from server.telephony.number_provider import NumberProvider, NumberQuery, NumberRefusal, Offer
from server.telephony.numbers import normalise
from server.tenants.audit import record
from server.tenants.credentials import Credentials
from server.tenants.destinations import Destinations
from server.tenants.phone_numbers import PhoneNumber, phone_number
from server.tenants.plans import plan_named
from server.tenants.tables import PhoneNumberRow, ProjectRow, TenantRow

FOUND_MAX = 30
_RETRY_S = 3_600
_KEPT = {"recording": "is_recorded", "transcription": "is_transcribed", "analysis": "is_analysed"}
_SWITCHES = {"relay_enabled": "is_relay_enabled", "announcement": "is_announced"}


@dataclass(frozen=True)
class Wish:
    """A number to buy. Without `forward_to` an agent answers."""

    number: str = field(repr=False)
    country: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """As change() takes them."""


@dataclass(frozen=True)
class Owner:
    """Whose token asks; `actor` is for the audit."""

    tenant_id: int
    project_id: int
    actor: str


class RelayNumbers:
    """Everything an owner does with bought numbers. What is stored here decides whose a number is."""

    def __init__(
        self,
        database: Database,
        provider: NumberProvider,
        destinations: Destinations,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        self._database = database
        self._provider = provider
        self._destinations = destinations
        self._credentials = credentials
        self._clock = clock

    async def available(self, query: NumberQuery) -> list[Offer]:
        """At most FOUND_MAX numbers for sale that nobody here has. Raises Unavailable `telephony_unavailable`."""
        found = await self._provider.search(query)
        if isinstance(found, NumberRefusal):
            raise _carrier_is_away()
        async with self._database.reading() as session:
            ours = PhoneNumberRow.number.in_([offer.number for offer in found])
            taken = set(await session.scalars(select(PhoneNumberRow.number).where(ours)))
        return [offer for offer in found if offer.number not in taken][:FOUND_MAX]

    async def list(self, project_id: int) -> list[PhoneNumber]:
        """In the order in which they came."""
        of_project = select(PhoneNumberRow).where(PhoneNumberRow.project_id == project_id)
        async with self._database.reading() as session:
            return [phone_number(row) for row in await session.scalars(of_project.order_by(PhoneNumberRow.id))]

    async def find(self, project_id: int, reference: str) -> PhoneNumber:
        """By integer id or uid. Raises NotFound `unknown_phone_number`, NotAllowed `foreign_phone_number`."""
        async with self._database.reading() as session:
            return phone_number(await _owned(session, project_id, reference))

    async def buy(self, owner: Owner, wish: Wish) -> PhoneNumber:
        """The number, set up as wished. Buying what the project has already sets it up anew.

        Raises `invalid_phone_number`, `phone_number_not_for_sale`, `too_many_phone_numbers`, Conflict
        `phone_number_taken`, and what change() raises.
        """
        number = normalise(wish.number, field="phone_number")
        if wish.country is not None and wish.country != country_of(number):
            raise _wrong("country", "The number is not one of this country.")
        changes = await self._checked(owner, number, wish.settings)
        async with self._database.reading() as session:
            present = await session.scalar(select(PhoneNumberRow).where(PhoneNumberRow.number == number))
        if present is not None:
            if present.project_id != owner.project_id:
                raise _taken()
            return await self.change(owner, str(present.id), wish.settings)
        offer = await self._provider.buy(number)
        if offer is NumberRefusal.NOT_FOR_SALE:
            raise InvalidInput(
                "phone_number_not_for_sale",
                "This number is not for sale.",
                [FieldProblem("phone_number", "not one of those that a search finds")],
            )
        if isinstance(offer, NumberRefusal):
            raise _carrier_is_away()
        try:
            return await self._store(owner, offer, changes, wish.settings)
        except IntegrityError:  # somebody here was faster, and the carrier's number is theirs
            raise _taken() from None
        except TooMany:
            await self._provider.release(number)
            raise

    async def change(self, owner: Owner, reference: str, settings: Mapping[str, Any]) -> PhoneNumber:
        """Set `forward_to`, `relay_enabled`, `agent`, `recording`, `transcription`, `analysis`, `announcement`.

        What is not named stays. Of calls for which nobody ever named one of the three that say what is kept, all is
        kept while they are forwarded, and nothing while an agent answers; `keeping_chosen` false goes back to that.

        Raises as find(), and `invalid_phone_number`, `destination_not_allowed`, `forward_loop`, `unknown_agent`,
        `foreign_agent`.
        """
        present = await self.find(owner.project_id, reference)
        changes = await self._checked(owner, present.number, settings)
        async with self._database.transaction() as session:
            row = await _owned(session, owner.project_id, reference)
            for name, value in changes.items():
                setattr(row, name, value)
            _settle_keeping(row, settings)
            await self._record(session, owner, "phone_number.changed", row, sorted(changes))
        return phone_number(row)

    async def release(self, owner: Owner, reference: str) -> None:
        """Give it back; who calls it then is told that nobody has it. Raises as find()."""
        async with self._database.transaction() as session:
            row = await _owned(session, owner.project_id, reference)
            number, provider = row.number, row.provider
            await session.delete(row)
            await self._record(session, owner, "phone_number.released", row, [])
        if provider == self._provider.name:
            await self._provider.release(number)

    async def refuse_loop(self, number: str) -> None:
        """Raises InvalidInput `forward_loop` when `number` is one of ours: a chain of relays could close a ring."""
        async with self._database.reading() as session:
            ours = await session.scalar(select(PhoneNumberRow.id).where(PhoneNumberRow.number == number))
        if ours is not None:
            raise _loop()

    async def _checked(self, owner: Owner, number: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as columns."""
        changes = {column: settings[name] for name, column in _KEPT.items() if name in settings}
        changes |= {column: settings[name] for name, column in _SWITCHES.items() if name in settings}
        if "agent" in settings:
            agent = settings["agent"]
            of_project = self._credentials.agent_of_project
            target = await of_project(owner.tenant_id, owner.project_id, agent) if agent else None
            changes["agent_uid"] = target.agent.uid if target else None
        if "forward_to" in settings:
            changes["forward_to"] = await self._destination(owner, number, settings["forward_to"])
        return changes

    async def _destination(self, owner: Owner, number: str, forward_to: str | None) -> str | None:
        if forward_to is None:
            return None
        plain = normalise(forward_to, field="forward_to")
        if plain == number:
            raise _loop()
        await self.refuse_loop(plain)
        await self._destinations.require(owner.tenant_id, plain, "forward_to", owner.actor)
        return plain

    async def _store(
        self, owner: Owner, offer: Offer, changes: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> PhoneNumber:
        async with self._database.transaction() as session:
            tenant = await session.get_one(TenantRow, owner.tenant_id, with_for_update=True)
            await session.get_one(ProjectRow, owner.project_id)
            await _refuse_too_many(session, tenant)
            row = PhoneNumberRow(
                uid=new_uid("num"),
                tenant_id=owner.tenant_id,
                project_id=owner.project_id,
                number=offer.number,
                type=offer.type.value,
                provider=self._provider.name,
                is_sms_enabled="sms" in offer.capabilities,
                created_at=self._clock.now(),
                is_keeping_chosen=False,
                # Of a number that is given one of them, what is not named is kept if its calls are forwarded.
                **{**dict.fromkeys(_KEPT.values(), changes.get("forward_to") is not None), **changes},
            )
            _settle_keeping(row, settings)
            session.add(row)
            await session.flush()
            await self._record(session, owner, "phone_number.bought", row, [])
        return phone_number(row)

    async def _record(
        self, session: AsyncSession, owner: Owner, action: str, row: PhoneNumberRow, changed: Sequence[str]
    ) -> None:
        details: dict[str, Any] = {"phone_number": row.uid} | ({"changed": list(changed)} if changed else {})
        await record(session, self._clock.now(), owner.tenant_id, owner.actor, action, details)


async def _owned(session: AsyncSession, project_id: int, reference: str) -> PhoneNumberRow:
    row = await session.scalar(select(PhoneNumberRow).where(refers_to(PhoneNumberRow, reference)).with_for_update())
    if row is None:
        raise NotFound("unknown_phone_number", "There is no such telephone number.")
    if row.project_id != project_id:
        raise NotAllowed("foreign_phone_number", "This telephone number belongs to somebody else.")
    return row


def _settle_keeping(row: PhoneNumberRow, settings: Mapping[str, Any]) -> None:
    """What is kept of the number's calls, once `settings` are set."""
    is_named = bool(settings.keys() & _KEPT.keys())
    row.is_keeping_chosen = settings.get("keeping_chosen", row.is_keeping_chosen or is_named)
    if not row.is_keeping_chosen:
        row.is_recorded = row.is_transcribed = row.is_analysed = row.forward_to is not None
    row.is_transcribed = row.is_transcribed or row.is_analysed  # an analysis needs the words


async def _refuse_too_many(session: AsyncSession, tenant: TenantRow) -> None:
    bought = await session.scalar(
        select(func.count())
        .select_from(PhoneNumberRow)
        .where(PhoneNumberRow.tenant_id == tenant.id, PhoneNumberRow.provider.is_not(None))
    )
    limit = plan_named(tenant.plan).phone_numbers
    if (bought or 0) >= limit:
        raise TooMany("too_many_phone_numbers", f"This plan has at most {limit} bought numbers.", _RETRY_S)


def _wrong(name: str, problem: str) -> InvalidInput:
    return InvalidInput("invalid_request", "A field of the request is wrong.", [FieldProblem(name, problem)])


def _taken() -> Conflict:
    return Conflict("phone_number_taken", "This telephone number belongs to a project already.")


def _loop() -> InvalidInput:
    problem = "A relay cannot forward to a number that is itself answered here."
    return InvalidInput("forward_loop", problem, [FieldProblem("forward_to", problem)])


def _carrier_is_away() -> Unavailable:
    return Unavailable("telephony_unavailable", "The phone network cannot be reached. Try again soon.")
