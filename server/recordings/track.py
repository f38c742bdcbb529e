"""The two files of one recording on this machine's disk, sound and peaks: written, finished, recovered."""

import contextlib
import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.recordings import mp3, peaks

OpenFile = Callable[[Path], BinaryIO]


@dataclass(frozen=True)
class Paths:
    """Where the files of one recording are."""

    sound: Path
    peaks: Path

    @classmethod
    def of(cls, folder: Path, uid: str) -> "Paths":
        return cls(folder / f"{uid}.mp3", folder / f"{uid}.peaks")

    def remove(self) -> None:
        self.sound.unlink(missing_ok=True)
        self.peaks.unlink(missing_ok=True)


@dataclass(frozen=True)
class Written:
    """A finished recording. `samples` of each channel."""

    samples: int
    size: int

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // SAMPLE_RATE_HZ


def create_locked(path: Path) -> BinaryIO:
    """A new file nobody but its owner reads. While it is open in a living process nobody recovers it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unlocked = path.with_name(f".{path.name}")  # under its own name it is never seen without its lock
    descriptor = os.open(unlocked, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    file = open(descriptor, "r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unlocked.rename(path)
    except OSError:
        file.close()
        raise
    return file


class Track:
    """Every method may raise OSError (the disk) or av.FFmpegError (the encoder); then the track is of no more use.

    After each add() the sound on disk is a playable file. What the process wrote survives its death.
    """

    def __init__(self, paths: Paths, open_file: OpenFile = create_locked) -> None:
        self._encoder = mp3.Mp3Encoder()
        self._meter = peaks.PeakMeter()
        self._size = 0
        with contextlib.ExitStack() as closing:
            self._sound = closing.enter_context(contextlib.closing(open_file(paths.sound)))
            self._peaks = closing.enter_context(contextlib.closing(open_file(paths.peaks)))
            self._write(self._sound, mp3.info_frame())
            self._write(self._peaks, peaks.HEADER)
            closing.pop_all()  # open until close(), now that nothing failed

    def add(self, left: Samples, right: Samples) -> None:
        """Both sides of the same time."""
        self._append(self._encoder.encode(left, right))
        self._write(self._peaks, self._meter.measure(left, right))

    def finish(self) -> Written:
        """Write what is pending, and in front how long it is. Closes the files."""
        self._append(self._encoder.flush())
        self._write(self._peaks, self._meter.flush())
        self._sound.seek(0)
        self._write(self._sound, mp3.info_frame(self._size // mp3.FRAME_BYTES, self._encoder.samples))
        self.close()
        return Written(self._encoder.samples, self._size + mp3.FRAME_BYTES)

    def close(self) -> None:
        """Leave the files as they are. Idempotent."""
        self._sound.close()
        self._peaks.close()

    def _append(self, frames: bytes) -> None:
        self._write(self._sound, frames)
        self._size += len(frames)

    def _write(self, file: BinaryIO, data: bytes) -> None:
        while data:  # an unbuffered file may take a part
            data = data[file.write(data) :]


def recover(paths: Paths) -> Written | None:
    """Finish what a dead process left behind. None when there is no sound in it.

    Raises FileNotFoundError, and BlockingIOError while the process that writes it lives.
    """
    with paths.sound.open("r+b", buffering=0) as sound:
        fcntl.flock(sound, fcntl.LOCK_EX | fcntl.LOCK_NB)
        written = _recover_sound(sound)
    if written is None:
        return None
    length = peaks.peaks_bytes(written.samples)
    with paths.peaks.open("ab") as file:  # made anew if it is not there
        size = file.seek(0, os.SEEK_END)
        if size < len(peaks.HEADER):
            file.truncate(0)
            file.write(peaks.HEADER)
            file.flush()
        file.truncate(length)  # what is missing reads as silence
    return written


def _recover_sound(sound: BinaryIO) -> Written | None:
    size = sound.seek(0, os.SEEK_END)
    frames = max(0, size // mp3.FRAME_BYTES - 1)
    # A machine that lost its power may have made the file longer and not written what belongs there.
    while frames and not mp3.is_frame(os.pread(sound.fileno(), mp3.FRAME_BYTES, frames * mp3.FRAME_BYTES)):
        frames -= 1
    known = mp3.length_of(os.pread(sound.fileno(), mp3.FRAME_BYTES, 0))
    samples = known[1] if known and known[0] == frames else mp3.samples_in(frames)
    if not samples:
        return None
    sound.truncate((frames + 1) * mp3.FRAME_BYTES)
    sound.seek(0)
    sound.write(mp3.info_frame(frames, samples))
    return Written(samples, (frames + 1) * mp3.FRAME_BYTES)
