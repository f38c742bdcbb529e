"""Remembers synthesised sound, so that an answer given before, or prepared, is heard at once."""

import asyncio
import contextlib
import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np

from server.kit.log import logger
from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.pool import in_background
from server.speech.port import SpeechFailed, TextToSpeech
from server.speech.streams import closing

_log = logger(__name__)
_FORMAT = "1"  # raise when engines speak differently: what was kept is then forgotten
_SUFFIX = ".pcm"
_PIECE_SAMPLES = SAMPLE_RATE_HZ  # what is known comes in pieces of a second


class SoundCache:
    """Sound by key, in memory and, when a folder is given, on disk; the least recently used goes first.

    Use from one event loop. Files are named by a hash and hold nothing but sound.
    """

    def __init__(
        self,
        max_memory_bytes: int = 48 * 1024 * 1024,
        folder: Path | None = None,
        max_disk_bytes: int = 512 * 1024 * 1024,
    ) -> None:
        self._max_memory_bytes = max_memory_bytes
        self._memory: OrderedDict[str, Samples] = OrderedDict()
        self._memory_bytes = 0
        self._folder = folder
        self._max_disk_bytes = max_disk_bytes
        self._disk: OrderedDict[str, int] = _files_by_age(folder)
        self._disk_bytes = sum(self._disk.values())

    def has(self, key: str) -> bool:
        return key in self._memory or key in self._disk

    async def get(self, key: str) -> Samples | None:
        """The sound, or None. A file that cannot be read counts as absent."""
        found = self._memory.get(key)
        if found is not None:
            self._memory.move_to_end(key)
            return found
        if key not in self._disk:
            return None
        self._disk.move_to_end(key)
        try:
            sound = await asyncio.to_thread(_read, self._path(key))
        except (OSError, ValueError):
            self._disk_bytes -= self._disk.pop(key, 0)
            return None
        self._remember(key, sound)
        return sound

    async def put(self, key: str, sound: Samples, on_disk: bool) -> None:
        """Keep `sound`, on disk too if wished. What alone exceeds a bound is not kept there."""
        self._remember(key, sound)
        if not on_disk or self._folder is None or key in self._disk or sound.nbytes > self._max_disk_bytes:
            return
        try:
            await asyncio.to_thread(_write, self._path(key), sound)
        except OSError as failure:
            _log.warning("sound not kept on disk", reason=type(failure).__name__)
            return
        if key not in self._disk:
            self._disk[key] = sound.nbytes
            self._disk_bytes += sound.nbytes
        await self._make_room()

    def _remember(self, key: str, sound: Samples) -> None:
        if sound.nbytes > self._max_memory_bytes or key in self._memory:
            return
        sound.setflags(write=False)  # shared by every call that plays it
        self._memory[key] = sound
        self._memory_bytes += sound.nbytes
        while self._memory_bytes > self._max_memory_bytes:
            _key, gone = self._memory.popitem(last=False)
            self._memory_bytes -= gone.nbytes

    async def _make_room(self) -> None:
        while self._disk_bytes > self._max_disk_bytes:
            key, size = self._disk.popitem(last=False)
            self._disk_bytes -= size
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        assert self._folder is not None, "only keys of a folder come here"
        return self._folder / f"{key}{_SUFFIX}"


class CachedSpeech:
    """A TextToSpeech that remembers what it said. What is only said lives in memory; what is prepared, on disk too."""

    def __init__(self, engine: TextToSpeech, cache: SoundCache) -> None:
        self._engine = engine
        self._cache = cache

    @property
    def name(self) -> str:
        return self._engine.name

    def is_cached(self, text: str, language: str, voice: str | None) -> bool:
        """Whether `text` would play at once."""
        return self._cache.has(self._key(text, language, voice))

    async def synthesize(self, text: str, language: str, voice: str | None) -> AsyncIterator[Samples]:
        """As the engine does; from memory when known. Sound whose listener left before its end is not kept."""
        key = self._key(text, language, voice)
        known = await self._cache.get(key)
        if known is not None:
            for start in range(0, len(known), _PIECE_SAMPLES):
                yield known[start : start + _PIECE_SAMPLES]
            return
        said: list[Samples] = []
        async with closing(self._engine.synthesize(text, language, voice)) as pieces:
            async for piece in pieces:
                said.append(piece)
                yield piece
        if said:
            await self._cache.put(key, np.concatenate(said), on_disk=False)

    async def prepare(self, texts: Sequence[str], language: str, voice: str | None) -> int:
        """Synthesise what is not known yet, giving way to live calls; how many are known at the end."""
        known = 0
        with in_background():
            for text in texts:
                known += await self._prepare_one(text, language, voice)
        return known

    async def _prepare_one(self, text: str, language: str, voice: str | None) -> bool:
        key = self._key(text, language, voice)
        sound = await self._cache.get(key)
        if sound is None:
            try:
                pieces = [piece async for piece in self._engine.synthesize(text, language, voice)]
            except SpeechFailed as failure:
                _log.info("an answer could not be prepared", engine=self.name, reason=str(failure))
                return False
            if not pieces:
                return False
            sound = np.concatenate(pieces)
        await self._cache.put(key, sound, on_disk=True)
        return True

    def _key(self, text: str, language: str, voice: str | None) -> str:
        parts = (_FORMAT, self._engine.name, language, voice or "", " ".join(text.split()))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _files_by_age(folder: Path | None) -> OrderedDict[str, int]:
    if folder is None or not folder.is_dir():
        return OrderedDict()
    files = [(path, path.stat()) for path in folder.glob(f"*{_SUFFIX}")]
    files.sort(key=lambda found: found[1].st_mtime)
    return OrderedDict((path.stem, facts.st_size) for path, facts in files)


def _read(path: Path) -> Samples:
    return np.frombuffer(path.read_bytes(), dtype="<i2").astype(np.int16)


def _write(path: Path, sound: Samples) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        temporary = Path(file.name)
        file.write(sound.astype("<i2").tobytes())
    temporary.replace(path)
