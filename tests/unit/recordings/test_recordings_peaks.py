"""Peaks are the loudest sample of every 50 ms of either side, however the sound arrived."""

import struct

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.recordings.peaks import HEADER, PeakMeter, glance, peaks_bytes

SAMPLES = 800  # of 50 ms


def expected(samples: np.ndarray) -> list[tuple[int, int]]:
    """The definition, slowly."""
    found = []
    for start in range(0, samples.shape[1], SAMPLES):
        loudest = [max(abs(int(sample)) for sample in channel[start : start + SAMPLES]) for channel in samples]
        found.append(tuple(min(127, -(-value // 256)) for value in loudest))
    return found  # type: ignore[return-value]


@given(
    st.integers(0, 3_000).flatmap(lambda length: arrays(np.int16, (2, length))),
    st.lists(st.integers(1, 1_500), max_size=10),
)
@settings(max_examples=80, deadline=None)
def test_peaks_are_those_of_the_whole_sound_however_it_arrived(samples: np.ndarray, cuts: list[int]) -> None:
    meter = PeakMeter()
    measured = b"".join(
        meter.measure(left, right)
        for left, right in zip(
            np.split(samples[0], np.cumsum(cuts)), np.split(samples[1], np.cumsum(cuts)), strict=True
        )
    )
    assert len(measured) == samples.shape[1] // SAMPLES * 2  # what is complete is not held back
    measured += meter.flush()
    assert len(HEADER + measured) == peaks_bytes(samples.shape[1])
    pairs = np.frombuffer(measured, np.int8).reshape(-1, 2).tolist()
    assert [tuple(pair) for pair in pairs] == expected(samples)


@given(arrays(np.int16, (2, SAMPLES)))
def test_a_peak_is_nought_only_in_perfect_silence(samples: np.ndarray) -> None:
    peaks = np.frombuffer(PeakMeter().measure(samples[0], samples[1]), np.int8)
    assert [peak > 0 for peak in peaks] == [bool(channel.any()) for channel in samples]
    assert all(0 <= peak <= 127 for peak in peaks)


def test_the_header_is_what_the_player_reads() -> None:
    assert struct.unpack("<BBH", HEADER) == (1, 2, 20)


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 127)), max_size=400), st.integers(1, 60))
@settings(max_examples=80, deadline=None)
def test_a_glance_keeps_what_is_loudest(pairs: list[tuple[int, int]], columns: int) -> None:
    seen = glance(HEADER + bytes(value for pair in pairs for value in pair), columns)
    together = round(20 / seen.per_second)
    stretches = [pairs[at : at + together] for at in range(0, len(pairs), together)]
    assert len(stretches) <= columns
    assert list(seen.values) == [max(lane) for stretch in stretches for lane in zip(*stretch, strict=True)]


def test_silences_are_pauses_of_both_sides_of_a_second_and_more() -> None:
    quiet, ours, theirs = [(3, 0)], [(0, 4)], [(90, 0)]
    pairs = quiet * 20 + ours + quiet * 19 + theirs * 2 + quiet * 18 + ours * 40 + quiet * 100
    whole = HEADER + bytes(value for pair in pairs for value in pair)
    assert glance(whole, 8).silences == [(0, 1_000), (5_000, 10_000)]
    assert glance(HEADER, 8).silences == []
