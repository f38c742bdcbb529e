"""Voice activity by Silero: one loaded model, one small memory per listener."""

from typing import Any

import numpy as np
import numpy.typing as npt

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.models import ModelStore
from server.speech.pool import EnginePool
from server.speech.port import VAD_WINDOW_SAMPLES, SpeechFailed, VoiceActivity
from server.speech.providers.catalog import SILERO
from server.speech.providers.onnx import open_session

_CONTEXT_SAMPLES = 64  # the tail of the previous window, which the model wants in front of the next
_STATE_SHAPE = (2, 1, 128)
_FULL_SCALE = np.float32(1 / 32768)


class SileroVad:
    """The model. load() once, then a listener for each leg."""

    name = "silero"

    def __init__(self, store: ModelStore, pool: EnginePool) -> None:
        self._store = store
        self._pool = pool
        self._session: Any = None

    async def load(self) -> None:
        """Idempotent. Raises SpeechFailed."""
        if self._session is None:
            self._session = await self._pool.run(self._open)

    async def close(self) -> None:
        """Let go of the model. Idempotent."""
        self._session = None

    def listener(self) -> VoiceActivity:
        """A listener that has heard nothing yet. Raises SpeechFailed before load()."""
        if self._session is None:
            raise SpeechFailed("silero is not loaded")
        return _Listener(self._session)

    def _open(self) -> Any:
        session = open_session(self._store.paths(SILERO)["silero_vad.onnx"], threads=1)
        _Listener(session).probability(np.zeros(VAD_WINDOW_SAMPLES, dtype=np.int16))  # the first run allocates
        return session


class _Listener:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._rate = np.array(SAMPLE_RATE_HZ, dtype=np.int64)
        self._input = np.zeros((1, _CONTEXT_SAMPLES + VAD_WINDOW_SAMPLES), dtype=np.float32)
        self._state: npt.NDArray[np.float32] = np.zeros(_STATE_SHAPE, dtype=np.float32)

    def probability(self, window: Samples) -> float:
        heard = self._input
        heard[0, :_CONTEXT_SAMPLES] = heard[0, -_CONTEXT_SAMPLES:]
        np.multiply(window, _FULL_SCALE, out=heard[0, _CONTEXT_SAMPLES:])
        speech, self._state = self._session.run(None, {"input": heard, "state": self._state, "sr": self._rate})
        return float(speech[0, 0])

    def reset(self) -> None:
        self._input[:] = 0
        self._state = np.zeros(_STATE_SHAPE, dtype=np.float32)
