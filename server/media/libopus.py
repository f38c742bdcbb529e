"""libopus itself, through ctypes: the library PyAV brings along, or else the system's. Knows nothing of rooms.

PyAV can encode and decode Opus too, but makes a handful of objects for each frame and only decodes to 48 kHz.
"""

import ctypes
import ctypes.util
import functools
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

APPLICATION_VOIP = 2048
SET_BITRATE, SET_COMPLEXITY, SET_INBAND_FEC, SET_PACKET_LOSS_PERCENT = 4002, 4010, 4012, 4014
PACKET_MAX_BYTES = 1_500
DECODED_MAX_MS = 120

_INVALID_PACKET = -4
_Int16s = npt.NDArray[np.int16]


class EncoderState:
    """An encoder of mono frames of `frame_samples` at `rate_hz`. Its memory goes with the object."""

    def __init__(self, rate_hz: int, frame_samples: int, settings: dict[int, int]) -> None:
        """`settings` maps SET_… to its value. Raises RuntimeError for settings libopus refuses."""
        self._library = library()
        self._state = ctypes.create_string_buffer(self._library.opus_encoder_get_size(1))
        _check(self._library.opus_encoder_init(self._state, rate_hz, 1, APPLICATION_VOIP))
        for name, value in settings.items():
            _check(self._library.opus_encoder_ctl(self._state, name, ctypes.c_int(value)))
        self._frame_samples = frame_samples
        # Fixed memory: asking numpy for the address of each frame costs more than copying the frame.
        self._samples = np.zeros(frame_samples, np.int16)
        self._samples_at = self._samples.ctypes.data
        self._packet = ctypes.create_string_buffer(PACKET_MAX_BYTES)
        self._packet_bytes = memoryview(self._packet)

    def encode(self, frame: _Int16s) -> bytes:
        """One packet. Raises ValueError when `frame` has another length."""
        self._samples[:] = frame
        length = self._library.opus_encode(
            self._state, self._samples_at, self._frame_samples, self._packet, PACKET_MAX_BYTES
        )
        _check(length)
        return bytes(self._packet_bytes[:length])


class DecoderState:
    """A decoder to mono at `rate_hz`; libopus folds stereo. Its memory goes with the object."""

    def __init__(self, rate_hz: int) -> None:
        self._library = library()
        self._state = ctypes.create_string_buffer(self._library.opus_decoder_get_size(1))
        _check(self._library.opus_decoder_init(self._state, rate_hz, 1))
        self._most = rate_hz * DECODED_MAX_MS // 1000
        self._samples = np.zeros(self._most, np.int16)
        self._samples_at = self._samples.ctypes.data

    def decode(self, payload: bytes) -> _Int16s:
        """The sound of one packet. Raises ValueError when it is not Opus."""
        return self._decoded(payload, len(payload), self._most)

    def conceal(self, samples: int) -> _Int16s:
        """A guess at `samples`, a multiple of 2.5 ms, that were lost."""
        return self._decoded(None, 0, samples)

    def _decoded(self, payload: bytes | None, length: int, samples: int) -> _Int16s:
        count = self._library.opus_decode(self._state, payload, length, self._samples_at, samples, 0)
        if count == _INVALID_PACKET:
            raise ValueError("not an Opus packet")
        _check(count)
        return self._samples[:count].copy()


@functools.cache
def library() -> ctypes.CDLL:
    """libopus, loaded once. Raises RuntimeError where there is none."""
    found = _path()
    if found is None:
        raise RuntimeError("libopus is missing: reinstall the Python package av, or install libopus0")
    loaded = ctypes.CDLL(found)
    pointer, number = ctypes.c_void_p, ctypes.c_int
    for name, arguments in {
        "opus_encoder_get_size": [number],
        "opus_encoder_init": [pointer, ctypes.c_int32, number, number],
        "opus_encoder_ctl": [pointer, number],  # and one more, which C does not declare either
        "opus_encode": [pointer, pointer, number, pointer, ctypes.c_int32],
        "opus_decoder_get_size": [number],
        "opus_decoder_init": [pointer, ctypes.c_int32, number],
        "opus_decode": [pointer, ctypes.c_char_p, ctypes.c_int32, pointer, number, number],
    }.items():
        getattr(loaded, name).argtypes = arguments
    return loaded


def _path() -> str | None:
    package = Path(av.__file__).parent
    for folder in (package.parent / "av.libs", package / ".dylibs"):  # where wheels for Linux and macOS keep theirs
        for path in sorted(folder.glob("libopus*")):
            return str(path)
    return ctypes.util.find_library("opus")


def _check(answer: int) -> None:
    if answer < 0:
        raise RuntimeError(f"libopus refuses: error {answer}")
