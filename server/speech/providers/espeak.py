"""espeak-ng, loaded at run time when its GPL-3 package is there: a fast plain voice, and phonemes for Kokoro."""

import ctypes
import re
import threading
from collections.abc import AsyncIterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.coverage import Serves, primary_tag
from server.speech.models import ModelMissing, require
from server.speech.pool import EnginePool
from server.speech.port import Quality, SpeechFailed
from server.speech.providers.catalog import INSTALL_ESPEAK
from server.speech.providers.clauses import split_for_speech

_NOTE = "robotic"
_SERVES = {
    "en": Serves(Quality.FAIR, _NOTE),
    "fr": Serves(Quality.POOR, _NOTE + ", hard to understand"),
    "es": Serves(Quality.POOR, _NOTE + ", hard to understand"),
    "ar": Serves(Quality.POOR, "robotic, guesses the vowels; set a cloud voice"),
    "ary": Serves(Quality.POOR, "reads standard Arabic, not Darija; set a cloud voice"),
}
_VOICES = {"en": "en-us", "ary": "ar"}  # others: their own code

_SYNCHRONOUS = 2
_EVENT_BUFFER_MS = 200
_NO_EXIT = 0x8000  # without it the library ends the process when its data is missing
_UTF8 = 1
_IPA = 0x02
_TIE = 0x80 | (ord("^") << 8)  # joins the letters of one sound, as Kokoro's tables expect them
_SWITCHED_LANGUAGE = re.compile(r"\(.*?\)")  # "(en)": espeak-ng says so when it reads a foreign word
_CLAUSE = re.compile(r"(.+?)([,.;:!?…،؛؟]+(?=\s|$)|$)", re.DOTALL)

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class EspeakLibrary:
    """The C library: one state for the whole process, so one lock around every use. Blocking."""

    _lock = threading.Lock()

    def __init__(self) -> None:
        """Load and start it. Raises ModelMissing when the package is absent, SpeechFailed when it does not start."""
        package = require("espeakng_loader", INSTALL_ESPEAK)
        self._pieces: list[Samples] = []
        self._callback = _Callback(self._receive)  # kept: the library holds only a pointer
        with self._lock:
            self._library = _bind(package.get_library_path())
            data = str(package.get_data_path()).encode()
            self.rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, _EVENT_BUFFER_MS, data, _NO_EXIT)
            if self.rate_hz <= 0:
                raise SpeechFailed("espeak-ng did not start")

    def speak(self, text: str, voice: str) -> Samples:
        """Sound at `rate_hz`. Raises SpeechFailed for a voice it does not have."""
        with self._lock:
            self._choose(voice)
            self._library.espeak_SetSynthCallback(self._callback)  # another instance may have set its own
            self._pieces.clear()
            raw = text.encode()
            if self._library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _UTF8, None, None):
                raise SpeechFailed("espeak-ng refused the text")
            return np.concatenate([np.zeros(0, dtype=np.int16), *self._pieces])

    def phonemes(self, text: str, voice: str) -> str:
        """IPA with punctuation kept where the sentence had it, "^" joining the letters of one sound."""
        spoken = []
        with self._lock:
            self._choose(voice)
            for clause, punctuation in _CLAUSE.findall(text):
                if clause.strip():
                    spoken.append(self._clause_phonemes(clause.strip()) + punctuation)
        return _SWITCHED_LANGUAGE.sub("", " ".join(spoken))

    def _clause_phonemes(self, clause: str) -> str:
        buffer = ctypes.create_string_buffer(clause.encode())
        rest = ctypes.c_void_p(ctypes.addressof(buffer))
        found = []
        while rest.value:
            piece = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA | _TIE)
            found.append((piece or b"").decode())
        return " ".join(found).strip()

    def _choose(self, voice: str) -> None:
        # Unchecked, the voice before stays; with none before, the next call ends the process.
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise SpeechFailed(f"espeak-ng has no voice {voice!r}")

    def _receive(self, sound: Any, count: int, _events: Any) -> int:
        if sound and count > 0:
            self._pieces.append(np.ctypeslib.as_array(sound, (count,)).copy())
        return 0


class Espeak:
    """The library once loaded, shared by the voice below and by Kokoro. load() is idempotent and thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: EspeakLibrary | None = None

    def load(self) -> EspeakLibrary:
        """Blocking. Raises SpeechFailed."""
        with self._lock:
            if self._library is None:
                self._library = EspeakLibrary()
            return self._library


class EspeakTextToSpeech:
    """The TextToSpeech port over espeak-ng: 3 to 8 ms a sentence, a hundred languages."""

    name = "espeak-ng"
    serves: Mapping[str, Serves] = _SERVES

    def __init__(self, espeak: Espeak, pool: EnginePool) -> None:
        self._espeak = espeak
        self._pool = pool

    async def load(self) -> None:
        """Idempotent. Raises SpeechFailed."""
        await self._pool.run(self._say, "a", "en-us")

    async def close(self) -> None:
        """Nothing to let go of: the library is the process's."""

    async def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        """Speak `text`. `voice` is one of espeak-ng's names; one it does not have gives the language's own."""
        own = espeak_voice(language)
        for clause in split_for_speech(text, first_chars=120):
            try:
                sound = await self._pool.run(self._say, clause.text, voice or own)
            except ModelMissing:
                raise
            except SpeechFailed:
                if voice in (None, own):
                    raise
                sound = await self._pool.run(self._say, clause.text, own)
            if len(sound):
                yield sound

    def _say(self, text: str, voice: str) -> Samples:
        library = self._espeak.load()
        sound: npt.NDArray[np.int16] = soxr.resample(library.speak(text, voice), library.rate_hz, SAMPLE_RATE_HZ)
        return sound


def espeak_voice(language: str) -> str:
    """The name of espeak-ng's voice for a language tag."""
    tag = primary_tag(language)
    return _VOICES.get(tag, tag)


def _bind(path: str) -> Any:
    try:
        library = ctypes.CDLL(path)
    except OSError as broken:
        raise ModelMissing("the espeak-ng library", INSTALL_ESPEAK) from broken
    library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
    library.espeak_SetSynthCallback.argtypes = [_Callback]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library
