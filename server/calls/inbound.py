"""Calls that come in: whose number was dialled, whether there is a line left, and who answers or is rung."""

from server.calls.live_calls import LiveCalls
from server.calls.orders import AI, PAUSED, RELAY
from server.calls.store import Call, CallStore, NewCall
from server.calls.toll_guard import Attempt, Dial, TollGuard
from server.kit.errors import AppError, TooMany
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.telephony.port import CallEnd, IncomingCall
from server.tenants.credentials import Credentials
from server.tenants.keeping import Notice
from server.tenants.phone_numbers import PhoneNumber, PhoneNumbers
from server.tenants.plans import plan_named
from server.tenants.relay_numbers import RelayNumbers
from server.tenants.service import Tenants

_log = logger(__name__)


class Inbound:
    """Takes what a TelephonyDriver's on_incoming tells: a number forwards, or its agent answers.

    `close()` takes no more.
    """

    def __init__(
        self,
        numbers: PhoneNumbers,
        relays: RelayNumbers,
        credentials: Credentials,
        tenants: Tenants,
        guard: TollGuard,
        store: CallStore,
        live: LiveCalls,
    ) -> None:
        self._numbers = numbers
        self._relays = relays
        self._credentials = credentials
        self._tenants = tenants
        self._guard = guard
        self._store = store
        self._live = live
        self._tasks = TaskScope("calls that come in")

    def take(self, incoming: IncomingCall) -> None:
        """A telephone calls one of our numbers, or one that nobody has."""
        self._tasks.spawn(self._take(incoming), f"incoming {incoming.leg.id}")

    async def close(self) -> None:
        """Idempotent; what was taken belongs to the live calls."""
        await self._tasks.close()

    async def _take(self, incoming: IncomingCall) -> None:
        try:
            number = await self._numbers.find(incoming.to)
            if number is None:
                await incoming.leg.reject(CallEnd.UNREACHABLE)
                return
            await self._begin(incoming, number)
        except TooMany:
            await incoming.leg.reject(CallEnd.BUSY)
        except AppError as refusal:
            _log.warning("a call that came in could not be taken", code=refusal.code)
            await incoming.leg.reject(CallEnd.UNREACHABLE)
        except Exception:
            await incoming.leg.reject(CallEnd.FAILED)
            raise

    async def _begin(self, incoming: IncomingCall, number: PhoneNumber) -> None:
        self._live.refuse_when_stopping()
        if not number.is_relay_enabled:
            new, limit = await self._to_relay(number, incoming.caller_id, PAUSED)
            call = await self._store.create(new, limit)
        elif number.forward_to is None:
            new, limit = await self._to_agent(incoming, number)
            call = await self._store.create(new, limit)
        else:
            call = await self._forward(incoming, number, number.forward_to)
        self._live.begin(call, incoming)

    async def _forward(self, incoming: IncomingCall, number: PhoneNumber, forward_to: str) -> Call:
        """What may be forwarded is asked again: countries and numbers may have changed since it was set."""
        await self._relays.refuse_loop(forward_to)
        new, limit = await self._to_relay(number, incoming.caller_id, None)
        attempt = Attempt(number.tenant_id, "relay", [Dial(forward_to, "forward_to")], number.number)
        return await self._guard.place(attempt, lambda gate: self._store.create(new, limit, gate))

    async def _to_agent(self, incoming: IncomingCall, number: PhoneNumber) -> tuple[NewCall, int]:
        target = await self._credentials.target_of(number.tenant_id, number.agent_uid or "")
        new = NewCall(
            tenant_id=number.tenant_id,
            project_id=number.project_id,
            kind=AI,
            direction="inbound",
            mode=None,
            language=target.agent.language,
            from_number=incoming.caller_id,
            to_number=number.number,
            agent_uid=target.agent.uid,
            is_recorded=number.is_recorded,
            is_transcribed=number.is_transcribed,
            is_analysed=number.is_analysed,
        )
        return new, target.plan.concurrent_conversations

    async def _to_relay(self, number: PhoneNumber, caller_id: str | None, mode: str | None) -> tuple[NewCall, int]:
        tenant, is_open = await self._tenants.by_id(number.tenant_id), mode != PAUSED
        new = NewCall(
            tenant_id=number.tenant_id,
            project_id=number.project_id,
            kind=RELAY,
            direction="inbound",
            mode=mode,
            language=tenant.language,
            from_number=caller_id,
            to_number=number.forward_to or number.number,
            relay_number=number.number,
            is_recorded=is_open and number.is_recorded,
            is_transcribed=is_open and number.is_transcribed,
            is_analysed=is_open and number.is_analysed,
            notice=Notice.ANNOUNCE if number.is_announced else Notice.OFF,
        )
        return new, plan_named(tenant.plan).concurrent_conversations
