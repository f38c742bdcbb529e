"""A finished call to look at before there is a real one: spoken by the product's own voices into its own recorder."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from server.calls.aftermath import SETTLED
from server.calls.keepsakes import WORDS
from server.calls.orders import BRIDGE, BROWSER
from server.calls.state import Happening, Outcome, Step
from server.calls.store import CallStore, Consent, NewCall
from server.kit.clock import Clock
from server.media.frame import FRAME_MS, FRAME_S, Frame, frames_of
from server.media.leg import Role
from server.media.tones import tone
from server.recordings import Recordings
from server.speech.engines import SpeechEngines
from server.speech.port import SpeechFailed

EXTERNAL_ID = "sample-call"
NAME, NUMBER, OUR_NUMBER = "Inès Dubois", "+33612345678", "+33159133354"
WITHOUT_VOICES = "tones for voices"
_LANGUAGE = "en"
_SCRIPT = (
    (Role.AGENT, "Hello, this is Amel from Maison Quai. Is it a good moment?"),
    (Role.CALLEE, "Yes, of course. I have five minutes before the shop opens."),
    (Role.AGENT, "You asked for a tasting box. Which teas do your customers like best?"),
    (Role.CALLEE, "Mostly green tea, and I am interested in the one with mint."),
    (Role.AGENT, "Then I suggest our six green teas. The box is free, and it arrives within three days."),
    (Role.CALLEE, "That sounds great. Please send me the prices by e-mail, and call me back on Tuesday."),
    (Role.AGENT, "I will do both. Thank you, and have a good day!"),
    (Role.CALLEE, "Thank you very much. Goodbye."),
)
_VOICES = {Role.AGENT: None, Role.CALLEE: "ef_dora"}  # engines without that voice have one for both
_TONES_HZ = {Role.AGENT: 330.0, Role.CALLEE: 220.0}
_TONE_LEVEL, _TONE_S_A_WORD = 0.1, 0.3
_PAUSE_TICKS = 35
_LONG_PAUSE_TICKS = 150  # once, for "skip silence"
_AT_ONCE_TICKS = 250  # half of what a recording's feed holds
_WRITER_TURN_S = 0.5


@dataclass(frozen=True)
class _Line:
    """One side's words, as sound; `starts` and the end in ticks of the call."""

    role: Role
    text: str = field(repr=False)
    starts: int
    frames: Sequence[Frame] = field(repr=False)

    @property
    def ends(self) -> int:
        return self.starts + len(self.frames)


class SampleCall:
    """Makes it once a tenant; what is said is in English, whatever the tenant speaks."""

    def __init__(
        self,
        store: CallStore,
        recordings: Recordings,
        speech: SpeechEngines,
        clock: Clock,
        default_project: Callable[[int], Awaitable[int]],
    ) -> None:
        """`default_project` of a tenant: the sample is its."""
        self._default_project = default_project
        self._store = store
        self._recordings = recordings
        self._speech = speech
        self._clock = clock

    async def find(self, tenant_id: int) -> int | None:
        """The id of the tenant's sample; None while there is none that is whole."""
        for call in await self._store.with_external_id(tenant_id, EXTERNAL_ID):
            if call.position.outcome is Outcome.COMPLETED:
                return call.id
        return None

    async def ensure(self, tenant_id: int) -> int:
        """Make it unless it is there; takes as long as speaking takes. Its id."""
        return await self.find(tenant_id) or await self._make(tenant_id)

    async def _make(self, tenant_id: int) -> int:
        lines, has_voices = await self._spoken()
        project_id = await self._default_project(tenant_id)
        call = await self._store.create(_new_call(tenant_id, project_id, has_voices), limit=1_000)
        for step in (Step.AGENT_AWAITED, Step.DIALED, Step.RANG):
            await self._store.apply(call.id, Happening(step))
        answered = self._clock.now()
        await self._store.apply(call.id, Happening(Step.ANSWERED), answered)
        if not call.may_be_kept:  # nobody is there to be asked
            await self._store.decide(call.id, Consent.ANNOUNCED, {})
        await self._record(call.id, lines)
        for line in lines:
            words = {"role": line.role.value, "text": line.text}
            await self._store.note(
                call.id, WORDS, words | {"t0_ms": line.starts * FRAME_MS, "t1_ms": line.ends * FRAME_MS}
            )
        end = Happening(Step.ENDED, Outcome.COMPLETED, "hung_up")
        await self._store.apply(call.id, end, answered + timedelta(seconds=lines[-1].ends * FRAME_S))
        await self._store.note(call.id, SETTLED, {})
        return call.id

    async def _record(self, call_id: int, lines: Sequence[_Line]) -> None:
        recorder = await self._recordings.start(call_id)
        tick = 0
        for line in lines:
            for frame in [*[None] * (line.starts - tick), *line.frames]:
                is_ours = line.role is Role.AGENT
                recorder.write(None if is_ours else frame, frame if is_ours else None)
                tick += 1
                if tick % _AT_ONCE_TICKS == 0:
                    await self._clock.sleep(_WRITER_TURN_S)
        await recorder.finish()

    async def _spoken(self) -> tuple[list[_Line], bool]:
        """The script as sound, and whether voices say it."""
        lines: list[_Line] = []
        has_voices = self._speech.tts_for(_LANGUAGE) is not None
        at = _PAUSE_TICKS
        for role, text in _SCRIPT:
            frames = await self._voice(role, text) if has_voices else []
            has_voices = has_voices and bool(frames)
            lines.append(_Line(role, text, at, frames or _tones(role, text)))
            at = lines[-1].ends + (_LONG_PAUSE_TICKS if len(lines) == len(_SCRIPT) // 2 else _PAUSE_TICKS)
        return lines, has_voices

    async def _voice(self, role: Role, text: str) -> list[Frame]:
        speaker = self._speech.tts_for(_LANGUAGE)
        try:
            if speaker is not None:
                return [
                    frame
                    async for piece in speaker.synthesize(text, _LANGUAGE, _VOICES[role])
                    for frame in frames_of(piece)
                ]
        except SpeechFailed:
            pass
        return []


def _tones(role: Role, text: str) -> list[Frame]:
    """One a word, so that lanes and words are in step all the same."""
    return [frame for _ in text.split() for frame in frames_of(tone(_TONES_HZ[role], _TONE_S_A_WORD, _TONE_LEVEL))]


def _new_call(tenant_id: int, project_id: int, has_voices: bool) -> NewCall:
    label = "sample" if has_voices else f"sample, {WITHOUT_VOICES}"
    return NewCall(
        tenant_id=tenant_id,
        project_id=project_id,
        kind=BRIDGE,
        direction="outbound",
        mode=BROWSER,
        language=_LANGUAGE,
        from_number=OUR_NUMBER,
        to_number=NUMBER,
        is_recorded=True,
        is_transcribed=True,
        is_analysed=True,
        livemode=False,
        context={"name": f"{NAME} ({label})", "external_id": EXTERNAL_ID},
    )
