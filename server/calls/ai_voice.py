"""An AI agent in a call by telephone: the same engines that talk to visitors, their words timed for a transcript."""

from collections.abc import Callable, Mapping

from server.agents.port import AgentEngine, AgentEvent, AgentSession, Brief, Ended, KnowledgeSearch, Spoken
from server.calls.call_services import OnWords
from server.calls.capture import Words
from server.calls.store import Call
from server.kit.clock import Clock
from server.media.leg import Leg
from server.tenants.credentials import Credentials


class AgentVoice:
    """One agent session as a participant. What it hears is the customer; both sides' words are told."""

    def __init__(
        self,
        engine: AgentEngine,
        brief: Brief,
        customer: str,
        clock: Clock,
        on_words: OnWords,
        on_end: Callable[[str], None],
    ) -> None:
        """`customer`: the uid of the participant the agent talks with."""
        self._customer = customer
        self._clock = clock
        self._on_words = on_words
        self._on_end = on_end
        self._began_at = clock.monotonic()
        self._began_ms: dict[str, int] = {}
        self._session: AgentSession = engine.open(brief, self._take)

    @property
    def leg(self) -> Leg:
        return self._session.leg

    def start(self) -> None:
        self._session.start(voice=True)

    async def close(self) -> None:
        await self._session.close()

    def _take(self, event: AgentEvent) -> None:
        match event:
            case Spoken():
                self._spoken(event)
            case Ended(reason):
                self._on_end(reason)

    def _spoken(self, spoken: Spoken) -> None:
        now_ms = int((self._clock.monotonic() - self._began_at) * 1000)
        began_ms = self._began_ms.setdefault(spoken.id, now_ms)
        if spoken.final:
            del self._began_ms[spoken.id]
        speaker = self._customer if spoken.role == "user" else self._session.leg.id
        self._on_words(Words(spoken.id, speaker, spoken.text, spoken.final, began_ms, now_ms))


class AgentVoices:
    """Opens the agent of a call: its profile, its engine, its knowledge."""

    def __init__(
        self,
        engines: Mapping[str, AgentEngine],
        knowledge: Callable[[int, str], KnowledgeSearch],
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        """`knowledge(tenant_id, agent_uid)` is that agent's knowledge; `engines` by the name in a profile."""
        self._engines = engines
        self._knowledge = knowledge
        self._credentials = credentials
        self._clock = clock

    async def open(self, call: Call, customer: str, on_words: OnWords, on_end: Callable[[str], None]) -> AgentVoice:
        """Raises NotFound `unknown_agent` when the agent is gone."""
        agent = (await self._credentials.target_of(call.tenant_id, call.agent_uid or "")).agent
        brief = Brief(call.uid, agent, call.language, self._knowledge(call.tenant_id, agent.uid))
        engine = self._engines.get(agent.engine) or self._engines["builtin"]
        return AgentVoice(engine, brief, customer, self._clock, on_words, on_end)
