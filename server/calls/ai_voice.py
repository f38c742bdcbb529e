"""An AI agent in a call by telephone: the same engines that talk to visitors, their words timed for a transcript."""

from collections.abc import Callable

from server.agents.port import AgentEngine, AgentEvent, AgentSession, Brief, Ended, Spoken
from server.calls.call_services import OnWords
from server.calls.capture import Words
from server.kit.clock import Clock
from server.media.leg import Leg


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
