"""Mono Opus for speech: 20 ms frames in, packets out, and back with concealment of what was lost."""

from fractions import Fraction

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from server.media.frame import SAMPLE_RATE_HZ, Frame, Samples
from server.media.thirds import ThirdRate

BITRATE_BPS = 24_000
COMPLEXITY = 5  # of 10: half the work of the default, no audible difference for one voice
CLOCK_HZ = 48_000  # Opus always counts, and libopus here always decodes, at 48 kHz
STEADY_SILENCE_FRAMES = 10  # by then encoder and decoder have both settled on nothing

_SAMPLE_TIME = Fraction(1, SAMPLE_RATE_HZ)


class OpusEncoder:
    """One talker to one listener. Every frame gives exactly one packet."""

    def __init__(self) -> None:
        codec = av.CodecContext.create("libopus", "w")
        codec.sample_rate = SAMPLE_RATE_HZ
        codec.layout = "mono"
        codec.format = "s16"
        codec.bit_rate = BITRATE_BPS
        codec.time_base = _SAMPLE_TIME
        codec.options = {
            "application": "voip",
            "compression_level": str(COMPLEXITY),
            "frame_duration": "20",
            "fec": "1",
            "packet_loss": "5",
        }
        self._codec = codec
        self._samples = 0
        self._last = b""
        self._silent_frames = 0

    def encode(self, frame: Frame) -> bytes:
        """The packet of `frame`. Once the encoder has settled on silence its packet is repeated for nothing."""
        silent = not frame.any()
        if silent and self._silent_frames >= STEADY_SILENCE_FRAMES:
            return self._last
        picture = av.AudioFrame(format="s16", layout="mono", samples=len(frame))
        picture.planes[0].update(frame.tobytes())
        picture.sample_rate = SAMPLE_RATE_HZ
        picture.time_base = _SAMPLE_TIME
        picture.pts = self._samples
        self._samples += len(frame)
        packet = b"".join(bytes(part) for part in self._codec.encode(picture))
        self._silent_frames = self._silent_frames + 1 if silent else 0
        self._last = packet
        return packet


class OpusDecoder:
    """One stream of packets to 16 kHz PCM16. Stereo is folded to mono by the decoder."""

    def __init__(self) -> None:
        self._codec: AudioCodecContext = _decoder()
        self._third = ThirdRate()
        self._toc = b""

    def decode(self, payload: bytes) -> Samples:
        """The sound of one packet. Raises ValueError for what is not Opus; the decoder stays usable."""
        if not payload:
            raise ValueError("an Opus packet has at least one byte")
        sound = self._decoded(payload)
        # One frame as long as this packet's own, with nothing in it: libopus fills it in from what came before.
        self._toc = bytes([payload[0] & 0xFC])
        return sound

    def conceal(self) -> Samples:
        """A guess at a lost packet, fading as more are lost; nothing before the first packet."""
        return self._decoded(self._toc) if self._toc else np.zeros(0, np.int16)

    def _decoded(self, payload: bytes) -> Samples:
        try:
            pieces = self._codec.decode(av.Packet(payload))
        except av.FFmpegError as wrong:
            raise ValueError("not an Opus packet") from wrong
        heard = [np.frombuffer(memoryview(piece.planes[0]), np.int16, piece.samples) for piece in pieces]
        sound = heard[0] if len(heard) == 1 else np.concatenate([*heard, np.zeros(0, np.int16)])
        return self._third.push(sound, is_wideband(payload))


def packet_ms(payload: bytes) -> float:
    """How long the sound of a packet is (RFC 6716, section 3.1), 2.5 to 120. Raises ValueError if it cannot be."""
    if not payload:
        raise ValueError("an Opus packet has at least one byte")
    config, code = payload[0] >> 3, payload[0] & 3
    if config < 12:
        frame_ms = (10.0, 20.0, 40.0, 60.0)[config & 3]
    elif config < 16:
        frame_ms = (10.0, 20.0)[config & 1]
    else:
        frame_ms = (2.5, 5.0, 10.0, 20.0)[config & 3]
    if code == 3 and len(payload) < 2:
        raise ValueError("an Opus packet without its frame count")
    frames = (1, 2, 2, payload[1] & 0x3F if code == 3 else 0)[code]
    if not 0 < frames * frame_ms <= 120:
        raise ValueError("an Opus packet is at most 120 ms long")
    return frames * frame_ms


def is_wideband(payload: bytes) -> bool:
    """Whether the packet's sound ends at 8 kHz or below (RFC 6716, table 2)."""
    config = payload[0] >> 3
    return config < 12 or 16 <= config < 24


def _decoder() -> AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate = CLOCK_HZ
    codec.layout = "mono"
    codec.format = "s16"
    return codec
