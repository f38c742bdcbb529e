"""Numbers that answer by themselves: busy, no answer, an echo, a person who says known sentences, an answering machine.

docs/reference/virtual-network.md is the table. They ring like anybody else; nothing leaves the process.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from server.kit.clock import Clock
from server.kit.tasks import TaskScope
from server.media.buffer import FrameBuffer
from server.media.frame import FRAME_S, Frame, frames_of, silence
from server.media.tones import beep, tone
from server.telephony.port import CallEnd
from server.telephony.providers.virtual.exchange import Subscriber
from server.telephony.providers.virtual.line import VirtualLine

BUSY = "+15005550001"
NO_ANSWER = "+15005550002"
DECLINED = "+15005550003"
FAILED = "+15005550004"
UNREACHABLE = "+15005550005"
SPEAKS = "+15005550006"
ECHO = "+15005550007"
VOICEMAIL = "+15005550008"

RINGS_AFTER_S = 0.3
ANSWERS_AFTER_S = 1.5
SPEAKS_FOR_S = 60.0
ECHO_FRAMES = 50
LISTENS_FOR_S = 120.0
_PAUSE_S = 0.8
_SENTENCES = (
    "Hello, this is the virtual phone network of Parloir.",
    "I say these sentences so that you can hear how a call sounds.",
    "The weather is fine, and I am interested in your offer.",
    "Please send me the details by e-mail. Goodbye.",
)
_GREETING = "You have reached a voicemail. Please leave a message after the tone."

Say = Callable[[str], Awaitable[Sequence[Frame]]]
"""Speaks an English sentence; empty when no engine can."""


def magic_numbers(clock: Clock, tasks: TaskScope, say: Say) -> Mapping[str, Subscriber]:
    """Every number that answers by itself. `tasks` holds what they do; without a voice they beep."""
    return {
        BUSY: Refuses(clock, tasks, CallEnd.BUSY, rings=False),
        NO_ANSWER: Rings(clock, tasks),
        DECLINED: Refuses(clock, tasks, CallEnd.DECLINED, rings=True),
        FAILED: Refuses(clock, tasks, CallEnd.FAILED, rings=False),
        UNREACHABLE: Refuses(clock, tasks, CallEnd.UNREACHABLE, rings=False),
        SPEAKS: Speaks(clock, tasks, say, _SENTENCES, SPEAKS_FOR_S),
        ECHO: Echoes(clock, tasks),
        VOICEMAIL: Speaks(clock, tasks, say, (_GREETING,), LISTENS_FOR_S, then=beep()),
    }


class Rings:
    """Rings until the caller gives up."""

    def __init__(self, clock: Clock, tasks: TaskScope) -> None:
        self._clock = clock
        self._tasks = tasks

    def ring(self, line: VirtualLine, caller_id: str | None) -> None:
        line.end_with(self._tasks.spawn(self._play(line), f"magic {line.id}"))

    async def _play(self, line: VirtualLine) -> None:
        await self._clock.sleep(RINGS_AFTER_S)
        line.rings()
        await self._clock.sleep(ANSWERS_AFTER_S)
        if not line.over.is_set():
            await self._then(line)

    async def _then(self, line: VirtualLine) -> None:
        """Nothing: it goes on ringing."""


class Refuses(Rings):
    """Does not take the call."""

    def __init__(self, clock: Clock, tasks: TaskScope, end: CallEnd, *, rings: bool) -> None:
        super().__init__(clock, tasks)
        self._end = end
        self._rings = rings

    async def _play(self, line: VirtualLine) -> None:
        if self._rings:
            await super()._play(line)
        else:
            await self._clock.sleep(RINGS_AFTER_S)
            await self._then(line)

    async def _then(self, line: VirtualLine) -> None:
        await line.ends(self._end)


class Echoes(Rings):
    """Answers, and says back what it hears."""

    async def _then(self, line: VirtualLine) -> None:
        line.answers(EchoParty())


class Speaks(Rings):
    """Answers, says its sentences, and hangs up after `lasts_s`."""

    def __init__(
        self,
        clock: Clock,
        tasks: TaskScope,
        say: Say,
        sentences: Sequence[str],
        lasts_s: float,
        then: Sequence[Frame] = (),
    ) -> None:
        super().__init__(clock, tasks)
        self._say = say
        self._sentences = sentences
        self._lasts_s = lasts_s
        self._after = then
        self._known: dict[str, Sequence[Frame]] = {}

    async def _then(self, line: VirtualLine) -> None:
        """Picks up as soon as there is a first sentence to say; the others are spoken ahead meanwhile."""
        party = SpeakingParty(await self._spoken(self._sentences[0]))
        line.answers(party)
        self._tasks.spawn(self._go_on(party), f"magic {line.id} goes on")
        await self._clock.sleep(self._lasts_s)
        await line.ends(CallEnd.REMOTE_HANGUP)

    async def _go_on(self, party: "SpeakingParty") -> None:
        for sentence in self._sentences[1:]:
            party.add(await self._spoken(sentence))
        party.add(self._after)

    async def _spoken(self, sentence: str) -> Sequence[Frame]:
        """The sentence and a pause after it; a beep without a voice, which may be there the next time."""
        if known := self._known.get(sentence):
            return known
        pause = [silence()] * int(_PAUSE_S / FRAME_S)
        said = list(await self._say(sentence))
        if not said:
            return [*frames_of(tone(440, 1.0, 0.1)), *pause]
        self._known[sentence] = [*said, *pause]
        return self._known[sentence]


class QuietParty:
    """Says nothing and hears nothing. Like an old telephone it knows keys as tones only."""

    has_keys = False

    def read(self) -> Frame | None:
        return None

    def write(self, frame: Frame) -> None:
        """It does not listen."""

    def picked_up(self) -> None:
        """It never calls."""

    def press(self, digit: str) -> None:
        """It has no menu."""

    async def leave(self, end: CallEnd) -> None:
        """There is nothing to free."""


class EchoParty(QuietParty):
    """A second of sound at most is on its way back."""

    def __init__(self) -> None:
        self._frames = FrameBuffer(ECHO_FRAMES)

    def read(self) -> Frame | None:
        return self._frames.pop()

    def write(self, frame: Frame) -> None:
        self._frames.push(frame)


class SpeakingParty(QuietParty):
    """Says its frames once."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = deque(frames)

    def add(self, frames: Sequence[Frame]) -> None:
        """To be said after the others."""
        self._frames.extend(frames)

    def read(self) -> Frame | None:
        return self._frames.popleft() if self._frames else None
