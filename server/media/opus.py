"""Mono Opus for speech: 20 ms frames in, packets out, and back with concealment of what was lost."""

import numpy as np

from server.media import libopus
from server.media.frame import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, Samples
from server.media.mix import SILENCE

BITRATE_BPS = 24_000
COMPLEXITY = 5  # of 10: half the work of the default, no audible difference for one voice
EXPECTED_LOSS_PERCENT = 5
CLOCK_HZ = 48_000  # Opus always counts at this rate
STEADY_SILENCE_FRAMES = 10  # by then encoder and decoder have both settled on nothing

_SETTINGS = {
    libopus.SET_BITRATE: BITRATE_BPS,
    libopus.SET_COMPLEXITY: COMPLEXITY,
    libopus.SET_INBAND_FEC: 1,
    libopus.SET_PACKET_LOSS_PERCENT: EXPECTED_LOSS_PERCENT,
}


class OpusEncoder:
    """One talker to one listener. Every frame gives exactly one packet."""

    def __init__(self) -> None:
        self._state = libopus.EncoderState(SAMPLE_RATE_HZ, FRAME_SAMPLES, _SETTINGS)
        self._last = b""
        self._silent_frames = 0

    def encode(self, frame: Frame) -> bytes:
        """The packet of `frame`. Once the encoder has settled on silence its packet is repeated for nothing."""
        silent = frame is SILENCE or not frame.any()
        if silent and self._silent_frames >= STEADY_SILENCE_FRAMES:
            return self._last
        self._silent_frames = self._silent_frames + 1 if silent else 0
        self._last = self._state.encode(frame)
        return self._last


class SharedEncoder:
    """An encoder for several listeners who are written the very same frames: each frame is encoded once."""

    def __init__(self) -> None:
        self._encoder = OpusEncoder()
        self._frame: Frame | None = None
        self._packet = b""

    def encode(self, frame: Frame) -> bytes:
        """The packet of `frame`; for the frame object it was last given, the packet it last made."""
        if frame is not self._frame or frame is SILENCE:  # silence is one object for ever, and cheap
            self._frame = frame
            self._packet = self._encoder.encode(frame)
        return self._packet


class OpusDecoder:
    """One stream of packets to 16 kHz PCM16. Stereo is folded to mono by the decoder."""

    def __init__(self) -> None:
        self._state = libopus.DecoderState(SAMPLE_RATE_HZ)
        self._frame_samples = 0

    def decode(self, payload: bytes) -> Samples:
        """The sound of one packet. Raises ValueError for what is not Opus; the decoder stays usable."""
        if not payload:
            raise ValueError("an Opus packet has at least one byte")
        sound = self._state.decode(payload)
        self._frame_samples = len(sound)
        return sound

    def conceal(self) -> Samples:
        """A guess at a lost packet as long as the last, fading as more are lost; nothing before the first packet."""
        return self._state.conceal(self._frame_samples) if self._frame_samples else np.zeros(0, np.int16)


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
