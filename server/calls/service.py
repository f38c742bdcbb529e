"""What backends and softphones may ask of calls: order one, end it, listen in, open a page for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from server.calls.absence import Attendance
from server.calls.call_services import Keepsakes
from server.calls.filters import EVERY_CALL, CallFilter
from server.calls.listeners import Listeners
from server.calls.live_calls import LiveCalls
from server.calls.messages import Outgoing
from server.calls.orders import AI, Order, missing, numbers_of
from server.calls.participants import Participant
from server.calls.room import VOICELESS
from server.calls.scene import call_body
from server.calls.softphone import SoftphoneLine
from server.calls.softphone_control import wrong_role
from server.calls.state import IllegalTransition, hung_up
from server.calls.store import Call, CallStore, NewCall, foreign_call
from server.calls.toll_guard import Attempt, Dial, TollGuard
from server.kit.clock import Clock
from server.kit.errors import Conflict, FieldProblem, Gone, InvalidInput
from server.media.leg import Role
from server.sessions.grants import CallGrant, CallGrants, Link
from server.storage.idempotency import UNCLAIMED, Claim
from server.telephony.numbers import normalise
from server.tenants.audit import AuditLog
from server.tenants.credentials import Credentials, Principal
from server.tenants.phone_numbers import PhoneNumbers
from server.tenants.plans import plan_named
from server.tenants.service import Tenants

SOFTPHONE_ROLES = (Role.AGENT, Role.TALK, Role.LISTEN)
AFTER_END_S = 15 * 60  # a softphone may still be wrapped up
WRAP_UP_OUTCOMES = (
    "interested",
    "follow_up",
    "not_interested",
    "wrong_number",
    "voicemail",
    "no_contact",
    "other",
)
NOTE_MAX = 2_000


@dataclass(frozen=True)
class OpenedSoftphone:
    """A link that was used: the session it became."""

    token: str = field(repr=False)
    role: Role
    call: Outgoing = field(repr=False)
    language: str


@dataclass(frozen=True)
class CallParts:
    """What the service stands on."""

    store: CallStore
    live: LiveCalls
    keepsakes: Keepsakes
    softphones: CallGrants
    players: CallGrants
    tenants: Tenants
    credentials: Credentials
    numbers: PhoneNumbers
    audit: AuditLog
    guard: TollGuard
    listeners: Listeners
    clock: Clock


class Calls:
    """The application service. Every call belongs to a tenant; who asks for another's is refused."""

    def __init__(self, parts: CallParts, default_caller_id: str | None) -> None:
        """`default_caller_id`: shown by calls of projects without a number, E.164."""
        self._store = parts.store
        self._live = parts.live
        self._keepsakes = parts.keepsakes
        self._softphones = parts.softphones
        self._players = parts.players
        self._tenants = parts.tenants
        self._credentials = parts.credentials
        self._numbers = parts.numbers
        self._audit = parts.audit
        self._guard = parts.guard
        self._listeners = parts.listeners
        self._clock = parts.clock
        self._default_caller_id = default_caller_id

    async def initiate(self, principal: Principal, order: Order, claim: Claim = UNCLAIMED) -> Call:
        """Store the call, whose uid `claim` is told, and begin it.

        Raises `invalid_phone_number`, `invalid_request`, `unknown_agent`, `foreign_agent`, `caller_id_refused`,
        `concurrency_limit_reached`, `server_stopping`, and what TollGuard.place() does.
        """
        self._live.refuse_when_stopping()
        numbers = numbers_of(order)
        dials = [Dial(numbers.to, "recipient_phone_number")]
        if numbers.agent is not None:
            dials.append(Dial(numbers.agent, "inbound_phone_number"))
        tenant = await self._tenants.by_id(principal.tenant_id)
        project_id = principal.project_id or await self._tenants.default_project(principal.tenant_id)
        agent_uid, language = None, order.language or tenant.language
        if order.kind == AI:
            if not order.agent:
                raise missing("agent_id", "name the agent that calls")
            target = await self._credentials.agent_of_project(principal.tenant_id, project_id, order.agent)
            agent_uid, language = target.agent.uid, order.language or target.agent.language
            order = order.or_else(target.keeping.recording, target.keeping.transcript, target.keeping.analysis)
        new = NewCall(
            tenant_id=principal.tenant_id,
            project_id=project_id,
            kind=order.kind,
            direction="outbound",
            mode=order.mode,
            language=language,
            from_number=await self._caller_id(project_id, numbers.caller_id, order.caller_id_field),
            to_number=numbers.to,
            agent_number=numbers.agent,
            agent_uid=agent_uid,
            is_recorded=order.is_recorded,
            is_transcribed=order.is_transcribed,
            is_analysed=order.is_analysed,
            livemode=principal.livemode,
            context=order.context,
        )
        limit = plan_named(tenant.plan).concurrent_conversations
        attempt = Attempt(principal.tenant_id, principal.actor, dials, livemode=principal.livemode)
        return await self._guard.place(
            attempt, lambda gate: self._live.place(self._store.create(new, limit, gate, claim))
        )

    async def _caller_id(self, project_id: int, wanted: str | None, field_name: str) -> str | None:
        """The number shown: `wanted`, if it is the project's, else the project's oldest (A-06)."""
        numbers = await self._numbers.of_project(project_id)
        if wanted is None:
            return numbers[0] if numbers else self._default_caller_id
        if wanted not in (*numbers, self._default_caller_id):
            problem = FieldProblem(field_name, "must be a telephone number of the project")
            raise InvalidInput("caller_id_refused", "A call can show a number of its own project only.", [problem])
        return wanted

    async def find(self, principal: Principal, reference: str) -> Call:
        """As it stands now; a test key knows simulated calls alone. Raises `unknown_call`, `foreign_call`."""
        call = await self._store.find(principal.tenant_id, principal.project_id, reference)
        if call.livemode and not principal.livemode:
            raise foreign_call()
        live = self._live.present(call.id)
        return live.call if live else call

    async def latest(self, principal: Principal, wanted: CallFilter = EVERY_CALL) -> tuple[list[Call], int]:
        """A page of the calls that are wanted, newest first, and how many are; for a test key of simulated ones."""
        if not principal.livemode:
            wanted = replace(wanted, livemode=False)
        return await self._store.latest(principal.tenant_id, principal.project_id, wanted)

    async def hang_up(self, principal: Principal, reference: str) -> Call:
        """End the call. Ending what has ended changes nothing."""
        return await self._end(await self.find(principal, reference), "hung_up_by_api")

    async def add_monitor(self, principal: Principal, reference: str, number: str) -> tuple[Call, Participant]:
        """Ring a supervisor into the call, who hears and is never heard.

        Raises `invalid_call_state`, and what TollGuard.ring() does.
        """
        number = normalise(number, field="supervisor_phone")
        call = await self.find(principal, reference)
        live = self._live.present(call.id)
        if live is None or call.is_over:
            raise InvalidInput("invalid_call_state", "The call is over.")
        dials = [Dial(number, "supervisor_phone")]
        await self._guard.ring(Attempt(call.tenant_id, principal.actor, dials, livemode=call.livemode))
        try:
            line = live.add_monitor(number)
        except (Conflict, Gone) as refusal:
            raise InvalidInput(refusal.code, refusal.message) from None
        self._listeners.watch(principal.credential_uid, live.closed, line.dismiss)
        details = {"call": call.id, "role": Role.MONITOR.value, "participant": line.participant.uid}
        await self._audit.add(self._clock.now(), call.tenant_id, principal.actor, "call.listened_in", details)
        return live.call, line.participant

    async def softphone_link(
        self, principal: Principal, reference: str, role: str | None, origins: Sequence[str] = ()
    ) -> tuple[Link, Role]:
        """A link that opens a softphone once. A missing role is the least powerful (A-10). Raises `wrong_role`."""
        if role is not None and role not in SOFTPHONE_ROLES:
            raise InvalidInput("wrong_role", "A softphone's role is agent, talk or listen.")
        chosen = Role(role) if role else Role.LISTEN
        call = await self.find(principal, reference)
        if call.is_over:
            raise InvalidInput("invalid_call_state", "The call is over.")
        return await self._softphones.link(call.id, call.tenant_id, chosen, origins, principal), chosen

    async def player_link(self, principal: Principal, reference: str, origins: Sequence[str] = ()) -> Link:
        """A link that opens a player once; the call may still go on."""
        call = await self.find(principal, reference)
        return await self._players.link(call.id, call.tenant_id, None, origins, principal)

    async def open_softphone(self, link: str) -> OpenedSoftphone:
        """Use a link up. Raises `link_invalid`, `link_expired`, `link_used`, `call_ended`."""
        grant = await self._softphones.exchange(link)
        call = await self._current(grant)
        if call.is_over:
            raise Gone("call_ended", "This call is over.")
        assert grant.role is not None
        token = (await self._softphones.session(grant)).token
        return OpenedSoftphone(token, grant.role, await self._body(call), call.language)

    async def softphone(self, token: str) -> CallGrant:
        """The grant of a softphone's session. Raises `session_invalid`, `session_expired`, `session_ended`."""
        grant = await self._softphones.verify(token)
        call = await self._current(grant)
        if call.ended_at is not None and (self._clock.now() - call.ended_at).total_seconds() > AFTER_END_S:
            raise Gone("session_ended", "This call is over.")
        return grant

    async def connect(self, grant: CallGrant, offer: str) -> tuple[str, Outgoing]:
        """Answer a softphone's offer. Raises `call_ended`, `agent_already_present`, `invalid_sdp`."""
        assert grant.role is not None
        live = self._live.present(grant.call_id)
        if live is None:
            raise Gone("call_ended", "This call is over.")
        is_new = live.softphone(grant.uid) is None
        try:
            return await live.connect(grant.uid, grant.role, offer)
        finally:  # a page whose first offer came to nothing may come with another
            line = live.softphone(grant.uid)
            if is_new and line is not None and grant.role in VOICELESS:
                self._listeners.watch(grant.credential_uid, live.closed, line.dismiss)

    async def seen(self, grant: CallGrant) -> Outgoing:
        """The call as the softphone's page sees it, which asks when it was loaded anew."""
        if line := self._line(grant):
            line.returning()
        return await self._body(await self._current(grant), grant.uid)

    def leave(self, grant: CallGrant) -> None:
        """The page goes, and may be back in a moment."""
        if line := self._line(grant):
            line.leave()

    def attend(self, grant: CallGrant) -> Attendance:
        """The page has a socket open, whose end will say that it is gone. Raises `call_ended`."""
        line = self._line(grant)
        if line is None:
            raise Gone("call_ended", "This call is over, or this page was never in it.")
        return line.attend()

    async def hang_up_from_page(self, grant: CallGrant) -> Outgoing:
        """Raises `wrong_role` unless the softphone is the agent's."""
        _require_agent(grant)
        return await self._body(await self._end(await self._current(grant), "agent_hung_up"))

    async def wrap_up(self, grant: CallGrant, outcome: str, note: str) -> Outgoing:
        """What the agent says about the call. Raises `wrong_role`, `invalid_request`."""
        _require_agent(grant)
        if outcome not in WRAP_UP_OUTCOMES:
            raise missing("outcome", f"must be one of {', '.join(WRAP_UP_OUTCOMES)}")
        if len(note) > NOTE_MAX:
            raise missing("note", f"has at most {NOTE_MAX} characters")
        call = await self._store.set_wrap_up(grant.call_id, {"outcome": outcome, "note": note})
        return await self._body(call) | {"wrap_up": call.wrap_up}  # a live call does not read it back

    async def _end(self, call: Call, reason: str) -> Call:
        if call.is_over:
            return call
        live = self._live.present(call.id)
        if live is not None:
            live.hang_up(reason)
            return live.call
        try:  # of a process that is gone
            return await self._store.apply(call.id, hung_up(call.position.state, reason))
        except IllegalTransition:
            return await self._store.by_id(call.id)

    def _line(self, grant: CallGrant) -> SoftphoneLine | None:
        live = self._live.present(grant.call_id)
        return live.softphone(grant.uid) if live else None

    async def _current(self, grant: CallGrant) -> Call:
        live = self._live.present(grant.call_id)
        return live.call if live else await self._store.by_id(grant.call_id)

    async def _body(self, call: Call, grant_uid: str | None = None) -> Outgoing:
        live = self._live.present(call.id)
        if live is not None:
            return live.body_for(grant_uid)
        return call_body(call, None, await self._keepsakes.stored_states(call), None, self._clock.now())


def _require_agent(grant: CallGrant) -> None:
    if grant.role is not Role.AGENT:
        raise wrong_role()
