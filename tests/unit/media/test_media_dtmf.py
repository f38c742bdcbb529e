"""Keys as RTP events and as tones: a press is told once, whatever is lost, doubled or late; speech presses nothing."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.media.dtmf import GAP_MS, KEYS, PRESS_MS, EventPacket, KeyReceiver, key_packets, read_event
from server.media.frame import SAMPLE_RATE_HZ, Samples, frames_of
from server.media.key_tones import HIGH_HZ, LOW_HZ, KeyToneDetector, key_tone
from server.media.tones import music, ringback
from tests.fixtures.speech.prompts import can_fetch, human_prompts

CLOCK_HZ = 48_000
KEYPAD = ("123A", "456B", "789C", "*0#D")
SPEECH_S = 60

keys = st.sampled_from(KEYS)


def frequencies(key: str) -> tuple[int, int]:
    [row] = [row for row, line in enumerate(KEYPAD) if key in line]
    return LOW_HZ[row], HIGH_HZ[KEYPAD[row].index(key)]


def stream(digits: str, start: int = 0) -> list[tuple[int, bytes]]:
    """(timestamp, payload) of every packet of these presses, 160 ms from one to the next."""
    packets: list[tuple[int, bytes]] = []
    for place, digit in enumerate(digits):
        began = (start + place * (PRESS_MS + GAP_MS) * CLOCK_HZ // 1000) & 0xFFFFFFFF
        packets += [(began, packet.payload()) for packet in key_packets(digit, CLOCK_HZ)]
    return packets


def told(packets: list[tuple[int, bytes]]) -> str:
    receiver = KeyReceiver()
    heard = [receiver.take(*packet) for packet in packets]
    return "".join(one.pressed for one in heard if one is not None and one.pressed)


# Events.


def test_a_press_is_a_marked_start_a_growing_duration_and_three_ends() -> None:
    packets = list(key_packets("5", CLOCK_HZ, press_ms=100))
    assert [packet.duration for packet in packets] == [960, 1920, 2880, 3840, 4800, 4800, 4800]
    assert [packet.is_end for packet in packets] == [False] * 4 + [True] * 3
    assert [packet.is_first for packet in packets] == [True] + [False] * 6
    assert packets[0].payload() == bytes([5, 10, 0x03, 0xC0])
    assert packets[-1].payload() == bytes([5, 0x80 | 10, 0x12, 0xC0])


@pytest.mark.parametrize("wrong", ["", "12", "E", "x", "\N{ARABIC-INDIC DIGIT ONE}"])
def test_what_is_no_key_has_no_packets_and_no_tone(wrong: str) -> None:
    with pytest.raises(ValueError, match="key"):
        list(key_packets(wrong, CLOCK_HZ))
    with pytest.raises(ValueError, match="key"):
        key_tone(wrong)


def test_a_press_longer_than_one_event_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="lasts"):
        list(key_packets("1", CLOCK_HZ, press_ms=2_000))


@given(key=keys, press_ms=st.integers(20, 1_300), clock_hz=st.sampled_from([8_000, 48_000]))
def test_what_is_written_is_read(key: str, press_ms: int, clock_hz: int) -> None:
    packets = list(key_packets(key, clock_hz, press_ms))
    for packet in packets:
        assert read_event(packet.payload()) == EventPacket(key, packet.duration, packet.is_end)
    assert [packet.is_first for packet in packets].count(True) == 1
    assert packets[0].is_first
    assert abs(packets[-1].duration / clock_hz * 1000 - press_ms) <= 10


@given(st.binary(max_size=40))
def test_junk_is_no_key_or_one(payload: bytes) -> None:
    event = read_event(payload)
    assert event is None or event.key in KEYS
    KeyReceiver().take(0, payload)


@given(
    digits=st.text(keys, min_size=1, max_size=12),
    start=st.integers(0, 2**32 - 1),
    seed=st.integers(0, 2**32),
    loss=st.floats(0, 0.7),
    doubled=st.floats(0, 0.5),
)
def test_each_press_is_told_once_and_in_order_through_loss_and_doubling(
    digits: str, start: int, seed: int, loss: float, doubled: float
) -> None:
    chance = random.Random(seed)
    packets = stream(digits, start)
    arrived = [packet for packet in packets if chance.random() >= loss]
    reached = {began for began, _ in arrived}
    arrived = [packet for packet in arrived for _ in range(2 if chance.random() < doubled else 1)]
    beginnings = list(dict.fromkeys(began for began, _ in packets))
    assert told(arrived) == "".join(digit for digit, began in zip(digits, beginnings, strict=True) if began in reached)


@given(digits=st.text(keys, min_size=1, max_size=12), seed=st.integers(0, 2**32))
def test_packets_out_of_order_press_nothing_twice(digits: str, seed: int) -> None:
    chance = random.Random(seed)
    packets = stream(digits)
    order = sorted(range(len(packets)), key=lambda place: place + chance.uniform(0, 9))
    assert sorted(told([packets[place] for place in order])) == sorted(digits)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=8)), max_size=300))
def test_a_receiver_holds_little_whatever_arrives(packets: list[tuple[int, bytes]]) -> None:
    receiver = KeyReceiver()
    for packet in packets:
        receiver.take(*packet)
    assert len(receiver._presses) <= 16


def test_a_press_longer_than_an_event_is_one_press() -> None:
    segments = [(0, EventPacket("7", 0xFFFF)), (0xFFFF, EventPacket("7", 960)), (0xFFFF, EventPacket("7", 1920, True))]
    assert told([(began, packet.payload()) for began, packet in segments]) == "7"


def test_the_same_key_again_is_another_press() -> None:
    assert told(stream("777")) == "777"


def test_how_far_a_press_went_on_is_told_once() -> None:
    receiver = KeyReceiver()
    heard = [receiver.take(*packet) for packet in [*stream("1"), *stream("1")]]
    assert sum(one.advanced for one in heard if one is not None) == PRESS_MS * CLOCK_HZ // 1000


# Tones.


def detected(sound: Samples) -> str:
    detector = KeyToneDetector()
    return "".join(key for frame in frames_of(sound) if (key := detector.take(frame)))


def pair(low_hz: float, high_hz: float, *, lasts_s: float, twist_db: float = 0, level: float = 0.1) -> Samples:
    at = np.arange(int(lasts_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    high = level * 10 ** (twist_db / 20)
    wave = level * np.sin(2 * np.pi * low_hz * at) + high * np.sin(2 * np.pi * high_hz * at)
    return (wave * 32_767).astype(np.int16)


def quiet(lasts_s: float) -> Samples:
    return np.zeros(int(lasts_s * SAMPLE_RATE_HZ), np.int16)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_its_two_tones_long_enough_and_then_silence(key: str) -> None:
    sound = np.concatenate(key_tone(key)).astype(float)
    loud = np.flatnonzero(np.abs(sound) > 300)
    assert 0.070 <= (loud[-1] - loud[0]) / SAMPLE_RATE_HZ <= 0.105
    assert (len(sound) - loud[-1]) / SAMPLE_RATE_HZ >= 0.050
    tone = sound[: PRESS_MS * SAMPLE_RATE_HZ // 1000]
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), 1 << 16))
    bins_hz = np.fft.rfftfreq(1 << 16, 1 / SAMPLE_RATE_HZ)
    low_hz, high_hz = frequencies(key)
    low, high = (bins_hz > 600) & (bins_hz < 1_050), (bins_hz > 1_100) & (bins_hz < 1_750)
    assert abs(bins_hz[low][spectrum[low].argmax()] - low_hz) < 1
    assert abs(bins_hz[high][spectrum[high].argmax()] - high_hz) < 1
    assert 0 < 20 * np.log10(spectrum[high].max() / spectrum[low].max()) < 4
    assert spectrum[(bins_hz > 1_800)].max() < 0.03 * spectrum.max()


def test_what_is_made_is_recognised() -> None:
    assert detected(np.concatenate([frame for key in KEYS + "0011" for frame in key_tone(key)])) == KEYS + "0011"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("off", [-0.01, 0.01])
@pytest.mark.parametrize("twist_db", [-6, 0, 4])
@pytest.mark.parametrize("late", [0, 53, 111, 160, 207, 301])
def test_a_short_press_a_little_off_and_uneven_is_recognised_wherever_it_begins(
    key: str, off: float, twist_db: float, late: int
) -> None:
    low_hz, high_hz = (hz * (1 + off) for hz in frequencies(key))
    press = pair(low_hz, high_hz, lasts_s=0.07, twist_db=twist_db)
    line = np.concatenate([quiet(late / SAMPLE_RATE_HZ), press, quiet(0.05), press, quiet(0.1)])
    hiss = np.random.default_rng(late).normal(0, 100, len(line))
    assert detected((line + hiss).astype(np.int16)) == 2 * key


@pytest.mark.parametrize(
    "sound",
    [
        pair(697, 1209, lasts_s=0.02),  # too short
        pair(697, 1209, lasts_s=0.5, level=0.002),  # too quiet
        pair(697, 1209, lasts_s=0.5, twist_db=-18),  # too uneven
        pair(697, 1209, lasts_s=0.5, twist_db=18),
        pair(697, 770, lasts_s=0.5),  # two tones of a row, or of a column
        pair(1209, 1336, lasts_s=0.5),
        pair(730, 1270, lasts_s=0.5),  # beside every key
        pair(440, 480, lasts_s=2),  # ringing
        np.concatenate(ringback()),
        np.concatenate(music()),
        np.random.default_rng(3).normal(0, 4_000, SAMPLE_RATE_HZ * 5).astype(np.int16),
    ],
)
def test_what_is_no_key_presses_nothing(sound: Samples) -> None:
    assert detected(np.concatenate([quiet(0.1), sound, quiet(0.1)])) == ""


def test_a_press_while_somebody_hums_is_not_guessed() -> None:
    hum = 3 * pair(200, 400, lasts_s=0.3)
    assert detected(pair(697, 1209, lasts_s=0.3) + hum) == ""


@pytest.mark.speech
@pytest.mark.skipif(not can_fetch(), reason="no recorded speech here")
@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_people_who_speak_press_nothing(language: str) -> None:
    prompts = human_prompts(language, 40)
    assert sum(len(prompt.sound) for prompt in prompts) > SPEECH_S * SAMPLE_RATE_HZ
    assert {prompt.name: keys for prompt in prompts if (keys := detected(prompt.sound))} == {}
