"""One agent message on its way to the visitor, aloud or in writing, ending with what really arrived."""

from dataclasses import dataclass

from server.agents.port import Announce, Noticed, Spoken
from server.agents.speaking import Mouth
from server.agents.speech_source import SpeechSource
from server.kit.ids import new_uid
from server.kit.log import logger
from server.speech.port import SpeechFailed
from server.speech.speaker import CACHED

_log = logger(__name__)
TEXT_PATH = "text"


@dataclass(frozen=True)
class VoiceChoice:
    """How an agent sounds."""

    language: str
    voice: str | None


class Delivery:
    """say() each sentence, then finish(); cut() instead when the visitor had enough."""

    def __init__(
        self, announce: Announce, mouth: Mouth, source: SpeechSource, choice: VoiceChoice, aloud: bool
    ) -> None:
        self._announce = announce
        self._mouth = mouth
        self._source = source
        self._choice = choice
        self._aloud = aloud
        self._uid = new_uid("msg")
        self._written: list[str] = []
        self._lost_voice = False
        self._changed_voice = False
        self.path = TEXT_PATH
        """Who speaks: an engine's name, "cached", or "text"."""
        if aloud:
            mouth.begin()

    @property
    def via(self) -> str:
        return "voice" if self._aloud else "text"

    async def say(self, text: str) -> None:
        """Returns when `text` is on its way; sound may still be waiting to be played."""
        self._written.append(text)
        if self._aloud:
            await self._speak(text)
        else:
            self._show(" ".join(self._written))

    def reached(self) -> None:
        """Another sentence begins to be heard."""
        self._show(self._mouth.shown)

    async def finish(self) -> None:
        """Wait until everything was heard, and announce the whole message."""
        if self._aloud:
            await self._mouth.drained()
        self._final(" ".join(self._written), interrupted=False)

    def cut(self) -> bool:
        """Stop here: announce what arrived. Whether anything did."""
        arrived = self._mouth.heard() if self._aloud else " ".join(self._written)
        if self._aloud:
            self._mouth.clear()
        if arrived:
            self._final(arrived, interrupted=True)
        return bool(arrived)

    async def _speak(self, text: str) -> None:
        engine = self._source.tts_for(self._choice.language)
        if engine is None or self._lost_voice:
            self._mouth.show(text)
            self._no_voice()
            return
        best = engine.name
        try:
            await self._mouth.say(
                text, self._choice.language, self._choice.voice, engine, lambda name: self._spoken_by(name, best)
            )
        except SpeechFailed as failure:
            _log.warning("the agent lost its voice", engine=engine.name, reason=str(failure))
            self._no_voice()

    def _no_voice(self) -> None:
        if not self._lost_voice:
            self._lost_voice = True
            self._announce(Noticed("voice_unavailable"))

    def _spoken_by(self, engine: str, best: str) -> None:
        if engine not in (best, CACHED) and not self._changed_voice:
            self._changed_voice = True
            self._announce(Noticed("voice_fallback"))
        if self.path == TEXT_PATH:
            self.path = engine

    def _show(self, text: str) -> None:
        self._announce(Spoken(self._uid, "agent", text, final=False, via=self.via))

    def _final(self, text: str, interrupted: bool) -> None:
        if text:
            self._announce(Spoken(self._uid, "agent", text, final=True, via=self.via, interrupted=interrupted))
