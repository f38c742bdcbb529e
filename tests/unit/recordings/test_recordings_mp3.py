"""The stream of MP3 frames: sample-exact length, nothing leaks between the sides, and any cut is a playable file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.media.frame import SAMPLE_RATE_HZ
from server.recordings import mp3
from tests.fixtures.recordings import WITHIN_S, heard, tone

SIDE_INFO_AT = 4


def encoded(samples: int, pieces: int = 1) -> tuple[bytes, int]:
    """Frames of a low tone on the left and a high one on the right, given in `pieces`."""
    ticks = range(-(-samples // 320))
    left = np.concatenate([tone(440, tick) for tick in ticks] or [np.zeros(0, np.int16)])[:samples]
    right = np.concatenate([tone(1_500, tick) for tick in ticks] or [np.zeros(0, np.int16)])[:samples]
    encoder = mp3.Mp3Encoder()
    frames = b"".join(
        encoder.encode(a, b) for a, b in zip(np.array_split(left, pieces), np.array_split(right, pieces), strict=True)
    )
    frames += encoder.flush()
    return frames, encoder.samples


LONG, LONG_SAMPLES = encoded(3 * SAMPLE_RATE_HZ)


@pytest.mark.parametrize("samples", [320, 575, 576, 577, 1_104, 16_000, 16_001, 48_000])
def test_a_file_holds_exactly_the_samples_it_was_given(samples: int) -> None:
    frames, given_samples = encoded(samples)
    assert given_samples == samples
    assert len(frames) % mp3.FRAME_BYTES == 0
    info = mp3.info_frame(len(frames) // mp3.FRAME_BYTES, samples)
    assert mp3.length_of(info) == (len(frames) // mp3.FRAME_BYTES, samples)
    assert heard(info + frames).channels.shape == (2, samples)


@given(st.integers(1, 60))
@settings(max_examples=10, deadline=None)
def test_the_pieces_in_which_sound_arrives_change_nothing(pieces: int) -> None:
    assert encoded(16_000, pieces)[0] == encoded(16_000)[0]


def test_what_one_side_says_is_not_heard_on_the_other() -> None:
    encoder = mp3.Mp3Encoder()
    said = np.concatenate([tone(700, tick) for tick in range(50)])
    frames = encoder.encode(said, np.zeros_like(said)) + encoder.flush()
    sound = heard(mp3.info_frame(len(frames) // mp3.FRAME_BYTES, encoder.samples) + frames)
    assert sound.loudness(0, 0.1, 0.9) > 0.1
    assert sound.loudness(1, 0.0, 1.0) < 1e-6


def test_no_frame_needs_bytes_of_the_one_before() -> None:
    frames = [LONG[at : at + mp3.FRAME_BYTES] for at in range(0, len(LONG), mp3.FRAME_BYTES)]
    assert all(mp3.is_frame(frame) for frame in frames)
    assert {frame[SIDE_INFO_AT] for frame in frames} == {0}  # how far back its data begin


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_every_cut_between_two_frames_is_a_playable_file(data: st.DataObject) -> None:
    frames = len(LONG) // mp3.FRAME_BYTES
    first = data.draw(st.integers(0, frames - 20))
    last = data.draw(st.integers(first + 20, frames))
    sound = heard(LONG[first * mp3.FRAME_BYTES : last * mp3.FRAME_BYTES])
    assert sound.channels.shape[1] == (last - first) * mp3.FRAME_SAMPLES
    middle = sound.seconds / 2
    assert sound.hertz(0, middle - 0.1, middle + 0.1) == pytest.approx(440, abs=6)
    assert sound.hertz(1, middle - 0.1, middle + 0.1) == pytest.approx(1_500, abs=6)


def test_a_file_without_its_length_is_heard_at_the_right_time() -> None:
    sound = heard(mp3.info_frame() + LONG)
    assert sound.says_s == pytest.approx(3, abs=0.2)
    assert sound.spans(0)[0][0] == pytest.approx(0, abs=WITHIN_S)


@pytest.mark.parametrize("junk", [b"", b"\0" * mp3.FRAME_BYTES, b"ID3" + bytes(400), mp3.FRAME_HEADER])
def test_what_is_no_frame_is_told_apart(junk: bytes) -> None:
    assert not mp3.is_frame(junk)
    assert mp3.length_of(junk) is None


def test_a_frame_that_knows_no_length_says_so() -> None:
    assert mp3.is_frame(mp3.info_frame())
    assert mp3.length_of(mp3.info_frame()) is None
