"""MP3 as a stream of equal frames: each can be decoded alone, so any cut between two frames is a playable file.

MPEG-2 Layer III at the room's own 16 kHz, constant 64 kbit/s: a frame is 288 bytes and 36 ms, always. No bit reservoir:
no frame needs bytes of the one before. No joint stereo: what one side says never leaks into the other's channel. The
first frame of a file is silent and carries the Info tag: the codec's delay and, once known, the length.
"""

import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from server.media.frame import SAMPLE_RATE_HZ, Samples

MIME = "audio/mpeg"
BIT_RATE = 64_000
FRAME_SAMPLES = 576
FRAME_BYTES = FRAME_SAMPLES * BIT_RATE // 8 // SAMPLE_RATE_HZ
FRAME_HEADER = bytes.fromhex("fff38804")  # MPEG-2, Layer III, no CRC, 64 kbit/s, 16 kHz, stereo, original
ENCODER_DELAY = 576
DECODER_DELAY = 529

_HEADER_MASK = 0xFFFFFFCF  # the two bits of the mode extension mean nothing without joint stereo
_SIDE_INFO_BYTES = 17
_QUALITY = "7"  # of LAME: faster than 5 by a third, and no difference that speech would show
_ENCODER_NAME = b"LAME3.100"
_HAS_ALL = 0xF  # number of frames, number of bytes, table of contents, quality
_CBR = 1
_TAG_AT = len(FRAME_HEADER) + _SIDE_INFO_BYTES
_DELAYS_AT = _TAG_AT + 120 + 21  # after name, flags, four fields; then what describes the encoder


class Mp3Encoder:
    """Two channels in, whole frames out. Not thread-safe. Raises av.FFmpegError."""

    def __init__(self) -> None:
        self._codec = av.CodecContext.create("libmp3lame", "w")
        self._codec.sample_rate, self._codec.layout, self._codec.format = SAMPLE_RATE_HZ, "stereo", "s16p"
        self._codec.bit_rate, self._codec.time_base = BIT_RATE, Fraction(1, SAMPLE_RATE_HZ)
        self._codec.options = {"reservoir": "0", "joint_stereo": "0", "compression_level": _QUALITY}
        self._codec.open()
        assert self._codec.frame_size == FRAME_SAMPLES
        self._waiting = np.zeros((2, 0), dtype=np.int16)
        self.samples = 0
        """How many of each channel were given to encode()."""

    def encode(self, left: Samples, right: Samples) -> bytes:
        """The frames that are finished by these samples, which are equally many on both sides. May be none."""
        self.samples += len(left)
        return self._frames(left, right)

    def flush(self) -> bytes:
        """The frames of everything that was given and has not come out yet. Nothing may be encoded afterwards."""
        missing = -self._waiting.shape[1] % FRAME_SAMPLES
        last = self._frames(*np.zeros((2, missing), dtype=np.int16))
        return last + b"".join(bytes(packet) for packet in self._codec.encode(None))

    def _frames(self, left: Samples, right: Samples) -> bytes:
        self._waiting = np.hstack([self._waiting, np.stack([left, right])])
        whole = self._waiting.shape[1] - self._waiting.shape[1] % FRAME_SAMPLES
        ready, self._waiting = self._waiting[:, :whole], self._waiting[:, whole:]
        return b"".join(
            frame for at in range(0, whole, FRAME_SAMPLES) for frame in self._frame(ready[:, at : at + FRAME_SAMPLES])
        )

    def _frame(self, samples: Samples) -> Iterator[bytes]:
        frame = av.AudioFrame(format="s16p", layout="stereo", samples=FRAME_SAMPLES)
        for plane, channel in zip(frame.planes, samples, strict=True):
            plane.update(channel.tobytes())
        frame.sample_rate = SAMPLE_RATE_HZ
        return (bytes(packet) for packet in self._codec.encode(frame))


def info_frame(frames: int | None = None, samples: int = 0) -> bytes:
    """The first frame of a file: `frames` follow it, which hold `samples`. None while nobody knows yet.

    The form is that of LAME's own "Mp3 Info Tag", revision 1.
    """
    tag = b"Info" + struct.pack(">I", 0)
    padding = DECODER_DELAY
    if frames is not None:
        contents = bytes(256 * percent // 100 for percent in range(100))
        tag = b"Info" + struct.pack(">III", _HAS_ALL, frames, (frames + 1) * FRAME_BYTES)
        tag += contents + struct.pack(">I", 0)
        padding = max(0, frames * FRAME_SAMPLES - ENCODER_DELAY - samples)
    lame = _ENCODER_NAME + bytes([_CBR, SAMPLE_RATE_HZ // 2 // 100]) + bytes(8) + bytes([0, BIT_RATE // 1000])
    lame += (ENCODER_DELAY << 12 | padding).to_bytes(3, "big") + bytes(4)
    lame += struct.pack(">I", ((frames or 0) + 1) * FRAME_BYTES) + bytes(2)
    body = FRAME_HEADER + bytes(_SIDE_INFO_BYTES) + tag + lame
    return (body + struct.pack(">H", _crc16(body))).ljust(FRAME_BYTES, b"\0")


def length_of(info: bytes) -> tuple[int, int] | None:
    """Frames and samples, as an info_frame() says; None when it does not know, or is none."""
    if not is_frame(info) or info[_TAG_AT : _TAG_AT + 8] != b"Info" + struct.pack(">I", _HAS_ALL):
        return None
    (frames,) = struct.unpack_from(">I", info, _TAG_AT + 8)
    padding = int.from_bytes(info[_DELAYS_AT : _DELAYS_AT + 3], "big") & 0xFFF
    return frames, frames * FRAME_SAMPLES - ENCODER_DELAY - padding


def samples_in(frames: int) -> int:
    """How many samples can be heard of `frames` that were cut off without a flush."""
    return max(0, frames * FRAME_SAMPLES - ENCODER_DELAY - DECODER_DELAY)


def is_frame(data: bytes) -> bool:
    """Whether `data` begins with a frame of ours."""
    if len(data) < FRAME_BYTES:
        return False
    (header,) = struct.unpack_from(">I", data)
    (expected,) = struct.unpack(">I", FRAME_HEADER)
    return bool(header & _HEADER_MASK == expected & _HEADER_MASK)


def _crc16(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc
