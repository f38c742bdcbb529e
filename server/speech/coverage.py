"""Which engine serves which language, and how well: what `parloir doctor` prints."""

from dataclasses import dataclass
from enum import StrEnum

from server.speech.port import Quality

PRODUCT_LANGUAGES = ("fr", "en", "es", "ar", "ary")


class Part(StrEnum):
    """What an engine does."""

    VAD = "vad"
    EMBEDDER = "embedder"
    STT = "stt"
    TTS = "tts"


class EngineState(StrEnum):
    WAITING = "waiting"  # warm() has not come to it yet
    LOADING = "loading"
    READY = "ready"
    MISSING = "missing"  # see EngineStatus.reason


@dataclass(frozen=True)
class EngineStatus:
    """One engine now. `reason` says what to install when it is missing; empty otherwise."""

    part: Part
    engine: str
    state: EngineState
    reason: str = ""


@dataclass(frozen=True)
class Serves:
    """How well an engine does one language."""

    quality: Quality
    note: str = ""


@dataclass(frozen=True)
class CoverageRow:
    """One language by one engine. `used` marks the engine that calls in this language get."""

    language: str
    part: Part
    engine: str
    quality: Quality
    note: str
    state: EngineState
    used: bool


def primary_tag(language: str) -> str:
    """The language part of a tag: "fr" for "fr-CA" and "fr_CA"."""
    return language.replace("_", "-").split("-", 1)[0].lower()
