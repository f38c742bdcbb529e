"""Files that outlive a call, by key: the port, and the implementation that keeps them in a folder of this machine."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from server.kit.errors import NotFound
from server.kit.ids import random_text

CHUNK_BYTES = 256 * 1024
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_KEY_LENGTH_MAX = 500


@dataclass(frozen=True)
class ObjectInfo:
    """What is kept under a key. `etag` changes whenever the bytes do; it has no quotes."""

    size: int
    etag: str
    modified_at: datetime


class ObjectStore(Protocol):
    """Keys are relative paths of plain ASCII words; any other raises ValueError before anything is touched.

    What cannot be reached now raises Unavailable `storage_unavailable`; OSError where the folder itself fails.
    """

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Keep `data`. Whoever reads meanwhile sees all of the old or all of the new."""
        ...

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Keep what is in the file, as put(). The file may be deleted afterwards and must not be changed."""
        ...

    async def info(self, key: str) -> ObjectInfo | None:
        """None when there is nothing under `key`."""
        ...

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end`, which is not included; None means to the end. In chunks, as they are
        asked for. Raises NotFound `not_found`, ValueError for a range that is empty or reaches beyond the end."""
        ...

    async def delete(self, key: str) -> None:
        """Nothing is under `key` afterwards. Deleting what is not there changes nothing."""
        ...


def checked_key(key: str) -> str:
    """`key`, if no part of it can lead out of where objects are kept. Raises ValueError."""
    if len(key) > _KEY_LENGTH_MAX or not _KEY.fullmatch(key):
        raise ValueError("an object's key is made of ASCII letters, digits, '-', '_', '.' and '/'")
    return key


def checked_range(size: int, start: int, end: int | None) -> int:
    """Where a range of something of `size` bytes ends. Raises ValueError, see ObjectStore.open."""
    stop = size if end is None else end
    if not 0 <= start <= stop <= size or (start == stop and size > 0):
        raise ValueError("this range is empty or reaches beyond the end")
    return stop


def missing(key: str) -> NotFound:
    """The refusal for a key with nothing under it. The key is ours and holds nothing of anybody's."""
    return NotFound("not_found", f"There is nothing kept as {key}.")


class LocalObjects:
    """Each object is a file below `folder`. For one machine; several processes may share the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        path = self._path(key)
        await asyncio.to_thread(_place, path, lambda beside: beside.write_bytes(data))

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        target = self._path(key)
        await asyncio.to_thread(_place, target, lambda beside: _link_or_copy(path, beside))

    async def info(self, key: str) -> ObjectInfo | None:
        path = self._path(key)
        try:
            return _info(await asyncio.to_thread(path.stat))
        except FileNotFoundError:
            return None

    async def open(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        path = self._path(key)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise missing(key) from None
        try:
            stop = checked_range(os.fstat(file.fileno()).st_size, start, end)
        except ValueError:
            file.close()
            raise
        return _chunks(file, start, stop)

    async def delete(self, key: str) -> None:
        path = self._path(key)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)


def _place(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a file beside `path`, then let it take the place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{random_text(10)}")
    try:
        write(beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


def _link_or_copy(source: Path, target: Path) -> None:
    """A second name for the same file where the file system allows it; two hours of sound need no copying then."""
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def _info(stat: os.stat_result) -> ObjectInfo:
    etag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
    return ObjectInfo(stat.st_size, etag, datetime.fromtimestamp(stat.st_mtime, UTC))


async def _chunks(file: BinaryIO, start: int, stop: int) -> AsyncIterator[bytes]:
    with file:
        at = start
        while at < stop:
            chunk = await asyncio.to_thread(_read, file, at, min(CHUNK_BYTES, stop - at))
            if not chunk:  # the file became shorter: the answer's length was promised, so this must not look complete
                raise EOFError("an object ended before its end")
            at += len(chunk)
            yield chunk


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    return os.pread(file.fileno(), length, at)
