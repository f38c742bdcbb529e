"""Erasing what is on its way to the object store: what arrives afterwards goes, too."""

import asyncio
import shutil
from pathlib import Path

from server.kit.errors import Unavailable
from server.recordings import State
from server.storage.objects import LocalObjects
from tests.fixtures.recordings import TICKS_PER_SECOND, Place, settled


class FarObjects(LocalObjects):
    """Away at first; then what it was given is on its way until it may arrive, whatever becomes of the file."""

    def __init__(self, folder: Path, on_their_way: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self._on_their_way = on_their_way
        self.is_away = True
        self.under_way, self.may_arrive, self.is_cleared = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        if self.is_away:
            self.is_away = False
            raise Unavailable("storage_unavailable", "The storage is away.")
        sent = Path(shutil.copy(path, self._on_their_way / f"sent{path.suffix}"))
        self.under_way.set()
        await self.may_arrive.wait()
        await super().put_file(key, sent, content_type)

    async def delete(self, key: str) -> None:
        await super().delete(key)
        if self.may_arrive.is_set() and not any(file.is_file() for file in self.folder.rglob("rec_*")):
            self.is_cleared.set()


async def test_nothing_is_left_when_the_file_went_between_its_peaks_and_its_sound(place: Place, call: int) -> None:
    (transit := place.folder / "transit").mkdir()
    recordings = place.recordings(objects=(far := FarObjects(place.folder / "objects", transit)))
    recorder = await recordings.start(call)
    place.speak(recorder, range(TICKS_PER_SECOND), 440.0, None)
    await recorder.finish()
    await place.clock.advance(1)
    await asyncio.wait_for(far.under_way.wait(), 30)
    await recordings.erase(call)
    far.may_arrive.set()
    await asyncio.wait_for(far.is_cleared.wait(), 30)
    assert await settled(recordings, call) == State.ERASED
    assert [file.name for file in place.folder.rglob("rec_*") if file.is_file()] == []
    await recordings.close()
