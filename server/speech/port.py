"""The four speech ports. Each has a built-in offline provider and room for others under providers/."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from server.media.frame import Samples

VAD_WINDOW_SAMPLES = 512  # 32 ms at 16 kHz, what Silero takes


@dataclass(frozen=True)
class Transcript:
    """What was recognised. `text` is empty when nothing intelligible was said."""

    text: str
    language: str
    confidence: float  # mean log-probability; 0 is certain, below -1 is guesswork


class SpeechToText(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def is_idle(self) -> bool:
        """Whether words that nobody waits for may be recognised: nothing else is to be done, and it costs no money."""
        ...

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        """Recognise one utterance (mono, 16 kHz, up to 30 s). Raises SpeechFailed."""
        ...


class TextToSpeech(Protocol):
    @property
    def name(self) -> str: ...

    def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        """Speak `text`: pieces of mono 16 kHz sound, the first as early as possible. Raises SpeechFailed."""
        ...


class VoiceActivity(Protocol):
    """One per listener: it remembers what it heard."""

    def probability(self, window: Samples) -> float:
        """How likely these VAD_WINDOW_SAMPLES samples are speech, 0 to 1. Takes well under a millisecond."""
        ...

    def reset(self) -> None: ...


class Embedder(Protocol):
    @property
    def name(self) -> str:
        """Changes whenever stored vectors stop being comparable."""
        ...

    async def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One unit-length row per text."""
        ...


class Quality(StrEnum):
    """How well an engine serves a language, for `parloir doctor`."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    NONE = "none"


class SpeechFailed(Exception):
    """An engine could not do its work; the message says which and why, never what was said."""
