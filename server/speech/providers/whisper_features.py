"""What Whisper hears: log-mel pictures of 10 ms columns, over a window as short as the utterance allows."""

from functools import cache

import numpy as np
import numpy.typing as npt

from server.media.frame import SAMPLE_RATE_HZ, Samples

MAX_SPEECH_S = 30.0
_MIN_WINDOW_S = 8.0  # shorter windows make Whisper invent words
_SPARE_S = 2.0  # silence it wants after the last word
_HOP = 160
_FFT = 400
_MEL_BANDS = 80
_FLOOR = 1e-10
_RANGE_LOG10 = 8.0  # what is quieter than the loudest by more than this is cut off

Features = npt.NDArray[np.float32]


def log_mel(speech: Samples) -> Features:
    """Whisper's input for `speech` (16 kHz, at most MAX_SPEECH_S): float32 of shape (1, 80, columns).

    The encoder's cost follows the number of columns, and it is content with fewer than the usual 3000.
    """
    columns = _columns(len(speech) / SAMPLE_RATE_HZ)
    sound = np.zeros(columns * _HOP, dtype=np.float32)
    kept = speech[: len(sound)]
    np.multiply(kept, np.float32(1 / 32768), out=sound[: len(kept)])
    padded = np.pad(sound, _FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:columns]
    power = np.abs(np.fft.rfft(windows * _hann(), axis=1)) ** 2
    mel = _mel_filters() @ power.astype(np.float32).T
    logs = np.log10(np.maximum(mel, _FLOOR))
    logs = np.maximum(logs, logs.max() - _RANGE_LOG10)
    return np.ascontiguousarray(((logs + 4) / 4)[None], dtype=np.float32)


def _columns(duration_s: float) -> int:
    window_s = min(MAX_SPEECH_S, max(_MIN_WINDOW_S, duration_s + _SPARE_S))
    columns = int(window_s * SAMPLE_RATE_HZ) // _HOP
    return columns - columns % 2  # the encoder halves them


@cache
def _hann() -> Features:
    return np.hanning(_FFT + 1)[:-1].astype(np.float32)


@cache
def _mel_filters() -> Features:
    """80 triangles on Slaney's mel scale, each of unit area: shape (80, 201)."""
    edges = _hz(np.linspace(0, _mel(SAMPLE_RATE_HZ / 2), _MEL_BANDS + 2))
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE_HZ)
    widths = np.diff(edges)
    distance = edges[:, None] - bins[None, :]
    rising = -distance[:-2] / widths[:-1, None]
    falling = distance[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


_LINEAR_HZ_PER_MEL = 200 / 3
_LOG_FROM_HZ = 1000.0  # the scale is linear below, logarithmic above
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def _mel(hz: float) -> float:
    return float(_LOG_FROM_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    linear = mel * _LINEAR_HZ_PER_MEL
    logarithmic = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mel - _LOG_FROM_MEL))
    return np.where(mel < _LOG_FROM_MEL, linear, logarithmic)
