"""The AgentEngine port: open a conversation, feed it sound or text, be told what happens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from server.media.leg import Leg


@dataclass(frozen=True)
class AgentProfile:
    """What a tenant configured about one agent."""

    uid: str
    slug: str
    name: str
    language: str  # fr, en, es, ar, ary
    engine: str = "builtin"
    voice: str | None = None
    greeting: str | None = None  # None: the catalog's greeting for the language
    instructions: str = ""  # for language-model engines
    handoff_label: str | None = None  # "Call us: …"; how to reach a person
    handoff_url: str | None = None  # tel:, mailto: or https:


@dataclass(frozen=True)
class Passage:
    """A piece of the tenant's knowledge. `score` is comparable to the search's refusal threshold, 0 to 1."""

    uid: str
    title: str
    text: str
    score: float


class KnowledgeSearch(Protocol):
    """The tenant's knowledge, already bound to one tenant and agent."""

    async def search(self, question: str, limit: int = 4) -> Sequence[Passage]:
        """Best first; only what is good enough to answer with, so an empty list means "I don't know"."""
        ...


@dataclass(frozen=True)
class Utterance:
    """One earlier message, to go on from: role is "user" or "agent"."""

    role: str
    text: str


@dataclass(frozen=True)
class Brief:
    """All an engine needs to hold one conversation."""

    conversation_uid: str
    agent: AgentProfile
    language: str
    knowledge: KnowledgeSearch
    history: Sequence[Utterance] = ()
    metadata: dict[str, str] = field(default_factory=dict, repr=False)


class AgentState(StrEnum):
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass(frozen=True)
class StateChanged:
    state: AgentState


@dataclass(frozen=True)
class Spoken:
    """Words of one side. The same `id` comes again with longer or corrected text until `final`, which always comes."""

    id: str
    role: str  # "user" or "agent"
    text: str = field(repr=False)
    final: bool
    via: str  # "voice" or "text"
    interrupted: bool = False  # agent only: the text is what was said before the visitor cut in


@dataclass(frozen=True)
class TurnMeasured:
    """Seconds of each stage of one answered turn, from the end of the visitor's speech (text, or a held turn)."""

    path: str  # cached, kokoro, espeak-ng, openai, …, text
    end_of_speech_s: float  # silence waited before the turn counted as over; 0 when the talk key was let go
    recognition_s: float  # extra wait for recognition after that (0 when speculation was right)
    answer_s: float
    first_audio_s: float
    total_s: float  # end of speech -> first audio frame handed out


@dataclass(frozen=True)
class Noticed:
    """Something the log and perhaps the visitor should know: cannot_hear_you, handoff_offered,
    engine_fallback, voice_fallback (another engine spoke than the best one), voice_unavailable, …"""

    code: str


@dataclass(frozen=True)
class Ended:
    """The agent finished the conversation: reason "goodbye" or "silence"."""

    reason: str


AgentEvent = StateChanged | Spoken | TurnMeasured | Noticed | Ended
Announce = Callable[[AgentEvent], None]


class AgentSession(Protocol):
    """One conversation. `leg` joins a room; without a room the session speaks in text only."""

    @property
    def leg(self) -> Leg: ...

    def start(self, voice: bool) -> None:
        """Begin, or go on after voice came or went: greets once; `voice` says whether sound reaches anybody."""
        ...

    def hear_text(self, text: str) -> None:
        """The visitor wrote this; ends whatever is being said and answers."""
        ...

    def hold_turn(self) -> None:
        """The visitor holds the talk key: no pause ends the turn until finish_turn(), or until voice goes."""
        ...

    def finish_turn(self) -> None:
        """The visitor let go of the talk key: do not wait for silence."""
        ...

    def interrupt(self) -> None:
        """Stop speaking now."""
        ...

    async def close(self) -> None:
        """End every task; idempotent."""
        ...


class AgentEngine(Protocol):
    @property
    def name(self) -> str: ...

    def open(self, brief: Brief, announce: Announce) -> AgentSession:
        """Start no work yet; `announce` is called on the event loop and must not block."""
        ...
