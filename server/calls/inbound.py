"""Calls that come in: whose number was dialled, whether there is a line left, and who answers."""

from server.calls.live_calls import LiveCalls
from server.calls.orders import AI
from server.calls.store import CallStore, NewCall
from server.kit.errors import AppError, TooMany
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.telephony.port import CallEnd, IncomingCall
from server.tenants.credentials import Credentials
from server.tenants.phone_numbers import PhoneNumber, PhoneNumbers

_log = logger(__name__)


class Inbound:
    """Takes what a TelephonyDriver's on_incoming tells. A number's agent answers; `close()` takes no more."""

    def __init__(self, numbers: PhoneNumbers, credentials: Credentials, store: CallStore, live: LiveCalls) -> None:
        self._numbers = numbers
        self._credentials = credentials
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
        target = await self._credentials.target_of(number.tenant_id, number.agent_uid or "")
        call = await self._store.create(
            NewCall(
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
            ),
            limit=target.plan.concurrent_conversations,
        )
        self._live.begin(call, incoming)
