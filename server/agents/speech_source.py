"""What an agent needs of speech: an ear, a voice and a VAD, each possibly missing."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from server.media.frame import Samples
from server.speech.port import SpeechToText, VoiceActivity


class Voice(Protocol):
    """A TextToSpeech that says which engine speaks."""

    @property
    def name(self) -> str: ...

    def synthesize(
        self, text: str, language: str, voice: str | None, on_engine: Callable[[str], None] | None = None
    ) -> AsyncIterator[Samples]:
        """Pieces of mono 16 kHz sound; `on_engine` hears the engine's name, or "cached". Raises SpeechFailed."""
        ...


class SpeechSource(Protocol):
    """Asked at each use: engines may become ready, or stop being so, during a conversation."""

    def stt_for(self, language: str) -> SpeechToText | None: ...

    def tts_for(self, language: str) -> Voice | None: ...

    def new_vad(self) -> VoiceActivity:
        """Raises SpeechFailed while there is none."""
        ...
