"""Speech through any OpenAI-compatible audio API: /audio/transcriptions and /audio/speech."""

import io
import wave
from collections.abc import AsyncIterator, Mapping

import numpy as np
import openai
import soxr

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.coverage import Serves, primary_tag
from server.speech.port import Quality, SpeechFailed, Transcript

_NOTE = "as good as the configured service"
_SERVES = {language: Serves(Quality.GOOD, _NOTE) for language in ("fr", "en", "es", "ar")} | {
    "ary": Serves(Quality.FAIR, "spoken and heard as Arabic; " + _NOTE)
}
_CODES = {"ary": "ar"}
_CHUNK_BYTES = 9_600  # 200 ms at 24 kHz
_MAX_SPEECH_S = 300  # a service that never ends must not fill the memory


class OpenAiSpeechToText:
    """The SpeechToText port. It tells no confidence: 0 for every text."""

    name = "openai-stt"
    serves: Mapping[str, Serves] = _SERVES
    is_idle = False  # every second of sound is paid for

    def __init__(self, *, base_url: str, api_key: str, model: str, timeout_s: float = 10.0) -> None:
        self._client = _client(base_url, api_key, timeout_s)
        self._model = model

    async def load(self) -> None:
        """Nothing to load: whether the service answers is seen call by call."""

    async def transcribe(self, speech: Samples, language: str | None) -> Transcript:
        """Recognise one utterance; a language of None is left to the service. Raises SpeechFailed."""
        asked = None if language is None else primary_tag(language)
        code = openai.omit if asked is None else _CODES.get(asked, asked)
        try:
            found = await self._client.audio.transcriptions.create(
                model=self._model,
                file=("speech.wav", _wav(speech), "audio/wav"),
                language=code,
                response_format="json",
            )
        except openai.OpenAIError as failure:
            raise _failed(self.name, failure) from failure
        return Transcript(found.text.strip(), asked or "", 0.0)

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        await self._client.close()


class OpenAiTextToSpeech:
    """The TextToSpeech port, streaming raw PCM."""

    name = "openai-tts"
    serves: Mapping[str, Serves] = _SERVES

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        model: str,
        voice: str = "alloy",
        timeout_s: float = 10.0,
        pcm_rate_hz: int = 24_000,
    ) -> None:
        """`timeout_s` bounds each wait for bytes; `pcm_rate_hz` is the rate of the service's `pcm` format."""
        self._client = _client(base_url, api_key, timeout_s)
        self._model = model
        self._voice = voice
        self._pcm_rate_hz = pcm_rate_hz

    async def load(self) -> None:
        """Nothing to load: whether the service answers is seen call by call."""

    async def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        """Speak `text`; the service hears the language from the words. Raises SpeechFailed."""
        resampler = soxr.ResampleStream(self._pcm_rate_hz, SAMPLE_RATE_HZ, 1, dtype="int16")
        most_bytes, rest = _MAX_SPEECH_S * self._pcm_rate_hz * 2, b""
        try:
            async with self._client.audio.speech.with_streaming_response.create(
                model=self._model, voice=voice or self._voice, input=text, response_format="pcm"
            ) as response:
                async for received in response.iter_bytes(_CHUNK_BYTES):
                    most_bytes -= len(received)
                    if most_bytes < 0:
                        raise SpeechFailed(f"{self.name} did not stop after {_MAX_SPEECH_S} s of sound")
                    pcm, rest = _whole_samples(rest + received)
                    piece = resampler.resample_chunk(pcm)
                    if len(piece):
                        yield piece
        except SpeechFailed:
            raise
        except Exception as failure:  # a stream that breaks raises the transport's own types, not the library's
            raise _failed(self.name, failure) from failure
        tail = resampler.resample_chunk(np.zeros(0, dtype=np.int16), last=True)
        if len(tail):
            yield tail

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        await self._client.close()


def _client(base_url: str, api_key: str, timeout_s: float) -> openai.AsyncOpenAI:
    # No second try: a visitor waits, and another engine may stand by.
    return openai.AsyncOpenAI(base_url=base_url, api_key=api_key, timeout=timeout_s, max_retries=0)


def _failed(engine: str, failure: Exception) -> SpeechFailed:
    """Says the kind and the status only: a service's message may quote the key or the words."""
    status = f" {failure.status_code}" if isinstance(failure, openai.APIStatusError) else ""
    return SpeechFailed(f"{engine}: {type(failure).__name__}{status}")


def _whole_samples(received: bytes) -> tuple[Samples, bytes]:
    whole = len(received) & ~1
    return np.frombuffer(received[:whole], dtype="<i2").astype(np.int16), received[whole:]


def _wav(speech: Samples) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(speech.astype("<i2").tobytes())
    return memory.getvalue()
