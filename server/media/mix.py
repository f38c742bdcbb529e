"""What each participant hears: everyone but itself, added without clipping."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from server.media.frame import Frame, silence

KNEE = 24_576  # -2.5 dBFS: below it a mix is the exact sum
PEAK = 32_767

SILENCE: Frame = silence()
"""One shared frame of nothing; `frame is SILENCE` is a cheap test. Read-only."""
SILENCE.setflags(write=False)

_Wide = npt.NDArray[np.int32]


def mix(frames: Sequence[Frame]) -> Frame:
    """The sum of `frames`, bent softly above KNEE so that it never clips. One frame comes back as it is."""
    if not frames:
        return SILENCE
    if len(frames) == 1:
        return frames[0]
    return _limited(_sum(frames))


def mix_minus(spoken: Mapping[str, Frame], listeners: Sequence[str]) -> dict[str, Frame]:
    """What each of `listeners` hears of `spoken` (talker id -> frame): everybody but itself.

    With one other talker the very frame crosses; listeners who say nothing share one mix.
    """
    total = None if len(spoken) <= 2 else _sum(list(spoken.values()))
    everybody: Frame | None = None
    heard: dict[str, Frame] = {}
    for listener in listeners:
        own = spoken.get(listener)
        if own is None:
            if everybody is None:
                everybody = mix(list(spoken.values()))
            heard[listener] = everybody
        elif total is None:
            heard[listener] = mix([frame for talker, frame in spoken.items() if talker != listener])
        else:
            heard[listener] = _limited(total - own)
    return heard


def _sum(frames: Sequence[Frame]) -> _Wide:
    total = frames[0].astype(np.int32)
    for frame in frames[1:]:
        total += frame
    return total


def _limited(total: _Wide) -> Frame:
    loud = np.abs(total)
    if int(loud.max()) <= KNEE:
        return total.astype(np.int16)
    room = PEAK - KNEE
    bent = KNEE + room * np.tanh((loud - KNEE) / room)
    return np.where(loud > KNEE, np.sign(total) * bent, total).astype(np.int16)
