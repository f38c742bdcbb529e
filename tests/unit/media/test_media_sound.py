"""Frames as values: bounded buffers, mixing, levels, rates and Opus."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.media.buffer import FrameBuffer
from server.media.frame import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, Samples, frames_of
from server.media.levels import FLOOR_DBFS, rms_dbfs
from server.media.mix import KNEE, SILENCE, mix, mix_minus
from server.media.opus import OpusDecoder, OpusEncoder, SharedEncoder, packet_ms
from server.media.resample import Resampler
from server.media.tones import OnceLeg

frames = arrays(np.int16, FRAME_SAMPLES, elements=st.integers(-32_768, 32_767))


def tone(hz: float, seconds: float, rate: int = SAMPLE_RATE_HZ, peak: int = 8_000) -> Samples:
    at = np.arange(int(seconds * rate)) / rate
    return (peak * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def loudest_hz(sound: Samples, rate: int = SAMPLE_RATE_HZ) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * rate / len(sound))


def test_a_full_buffer_drops_its_oldest_frame_and_counts_it() -> None:
    buffer = FrameBuffer(2)
    first, second, third = (np.full(FRAME_SAMPLES, value, np.int16) for value in (1, 2, 3))
    for frame in (first, second, third):
        buffer.push(frame)
    assert (len(buffer), buffer.dropped, buffer.is_full) == (2, 1, True)
    assert buffer.pop() is second
    buffer.clear()
    assert buffer.pop() is None
    assert buffer.dropped == 1
    with pytest.raises(ValueError, match="at least one"):
        FrameBuffer(0)


def test_with_two_talkers_the_very_frames_cross() -> None:
    ours, theirs = tone(300, 0.02), tone(500, 0.02)
    heard = mix_minus({"a": ours, "b": theirs}, ["a", "b"])
    assert heard["a"] is theirs
    assert heard["b"] is ours


def test_who_is_alone_hears_silence() -> None:
    assert mix_minus({"a": tone(300, 0.02)}, ["a"])["a"] is SILENCE
    assert not SILENCE.any()


@given(st.lists(frames, min_size=3, max_size=6))
def test_nobody_hears_itself_and_nothing_clips(spoken: list[Frame]) -> None:
    talkers = {str(number): frame for number, frame in enumerate(spoken)}
    heard = mix_minus(talkers, [*talkers, "listener"])
    for listener in talkers:
        others = np.sum([frame for talker, frame in talkers.items() if talker != listener], axis=0, dtype=np.int64)
        assert np.array_equal(heard[listener], mix([f for t, f in talkers.items() if t != listener]))
        if len(talkers) > 2 and np.abs(others).max() <= KNEE:
            assert np.array_equal(heard[listener], others)
        assert (np.sign(heard[listener]) * np.sign(others) >= 0).all()
    assert np.array_equal(heard["listener"], mix(spoken))


@given(frames, frames)
def test_a_mix_is_exact_while_quiet_bends_when_loud_and_does_not_care_for_order(one: Frame, two: Frame) -> None:
    exact = one.astype(np.int32) + two
    mixed = mix([one, two])
    assert np.array_equal(mixed, mix([two, one]))
    quiet = np.abs(exact) <= KNEE
    assert np.array_equal(mixed[quiet], exact[quiet])
    assert (np.abs(mixed[~quiet].astype(np.int32)) >= KNEE - 1).all()
    louder_first = np.argsort(exact, kind="stable")
    assert (np.diff(mixed[louder_first].astype(np.int32)) >= 0).all()


def test_levels_are_in_db_below_full_scale() -> None:
    assert rms_dbfs(SILENCE) == FLOOR_DBFS
    assert rms_dbfs(np.zeros(0, np.int16)) == FLOOR_DBFS
    assert rms_dbfs(np.full(FRAME_SAMPLES, -32_768, np.int16)) == pytest.approx(0)
    assert rms_dbfs(tone(440, 1, peak=16_384)) == pytest.approx(-9.03, abs=0.05)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_a_stream_keeps_its_pitch_and_length_through_any_rate(rate: int) -> None:
    resampler = Resampler(rate, SAMPLE_RATE_HZ)
    pieces = [resampler.push(piece) for piece in np.array_split(tone(440, 1, rate), 37)]
    sound = np.concatenate([*pieces, resampler.flush()])
    assert len(sound) == pytest.approx(SAMPLE_RATE_HZ, abs=2)
    assert loudest_hz(sound) == pytest.approx(440, abs=1.5)


def test_opus_carries_a_tone_there_and_back() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    packets = [encoder.encode(frame) for frame in frames_of(tone(440, 1))]
    assert {packet_ms(packet) for packet in packets} == {20.0}
    sound = np.concatenate([decoder.decode(packet) for packet in packets])
    assert len(sound) == SAMPLE_RATE_HZ
    assert loudest_hz(sound[3_200:]) == pytest.approx(440, abs=2)
    assert sum(map(len, packets)) * 8 < 40_000  # bits in a second


def test_concealment_goes_on_with_what_was_heard_and_fades() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    assert len(decoder.conceal()) == 0
    for frame in frames_of(tone(440, 0.5)):
        last = decoder.decode(encoder.encode(frame))
    guesses = [decoder.conceal() for _ in range(10)]
    assert {len(guess) for guess in guesses} == {FRAME_SAMPLES}
    assert rms_dbfs(guesses[0]) > rms_dbfs(last) - 6
    assert rms_dbfs(guesses[-1]) < rms_dbfs(last) - 12


def test_steady_silence_costs_no_encoding_and_speech_after_it_is_whole() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    packets = [encoder.encode(frame) for frame in frames_of(np.zeros(SAMPLE_RATE_HZ, np.int16))]
    assert len(set(packets[-20:])) == 1
    heard = [decoder.decode(packet) for packet in packets]
    assert max(rms_dbfs(frame) for frame in heard) < -70
    spoken = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames_of(tone(440, 0.5))])
    assert loudest_hz(spoken) == pytest.approx(440, abs=3)
    assert rms_dbfs(spoken) == pytest.approx(rms_dbfs(tone(440, 0.5)), abs=1.5)


@given(st.binary(max_size=300))
def test_the_decoder_survives_anything(payload: bytes) -> None:
    decoder = OpusDecoder()
    try:
        packet_ms(payload)
        decoder.decode(payload)
    except ValueError:
        pass
    decoder.conceal()
    assert len(decoder.decode(OpusEncoder().encode(tone(440, 0.02)))) == FRAME_SAMPLES


def through_pyav(packets: list[bytes]) -> Samples:
    """The same packets through another binding, which decodes at 48 kHz; every third sample of it."""
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout, codec.format = 48_000, "mono", "s16"
    pieces = [piece.to_ndarray()[0] for packet in packets for piece in codec.decode(av.Packet(packet))]
    return np.concatenate(pieces)[::3]


def test_what_another_decoder_hears_is_what_ours_hears() -> None:
    encoder, decoder = OpusEncoder(), OpusDecoder()
    packets = [encoder.encode(frame) for frame in frames_of(tone(440, 1))]
    ours, theirs = np.concatenate([decoder.decode(packet) for packet in packets]), through_pyav(packets)
    assert len(ours) == len(theirs)
    assert loudest_hz(theirs[3_200:]) == pytest.approx(loudest_hz(ours[3_200:]), abs=1)
    assert rms_dbfs(theirs[3_200:]) == pytest.approx(rms_dbfs(ours[3_200:]), abs=0.5)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_a_browsers_full_band_packets_are_heard_without_what_does_not_fit(layout: str) -> None:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 48_000, layout, "s16", 96_000
    codec.time_base = Fraction(1, 48_000)
    decoder, heard = OpusDecoder(), []
    sound = tone(1_000, 1, 48_000) + tone(11_000, 1, 48_000)
    for number, piece in enumerate(sound.reshape(-1, 960)):
        picture = av.AudioFrame(format="s16", layout=layout, samples=960)
        picture.planes[0].update(np.repeat(piece, 1 if layout == "mono" else 2).tobytes())
        picture.sample_rate, picture.pts = 48_000, number * 960
        heard += [decoder.decode(bytes(packet)) for packet in codec.encode(picture)]
    assert {len(piece) for piece in heard} == {FRAME_SAMPLES}
    whole = np.concatenate(heard)[3_200:]
    assert loudest_hz(whole) == pytest.approx(1_000, abs=2)
    assert rms_dbfs(whole) == pytest.approx(rms_dbfs(tone(1_000, 1)), abs=0.5)


def test_an_encoder_takes_whole_frames_only() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        OpusEncoder().encode(tone(440, 0.01))


def test_what_several_hear_is_encoded_once_and_silence_settles() -> None:
    shared, alone = SharedEncoder(), OpusEncoder()
    first, second = tone(440, 0.02), tone(550, 0.02)
    packets = [shared.encode(frame) for frame in (first, first, second, second)]
    assert packets[0] is packets[1]
    assert packets[2] is packets[3]
    assert [packets[0], packets[2]] == [alone.encode(first), alone.encode(second)]
    quiet = [shared.encode(SILENCE) for _ in range(40)]
    assert len(quiet[-1]) < len(packets[2])


def test_what_is_played_once_begins_again_after_somebody_could_not_hear_it() -> None:
    held, done = [False], []
    words = [np.full(FRAME_SAMPLES, number, np.int16) for number in (1, 2, 3)]
    leg = OnceLeg("announcement", words, lambda: done.append(None), lambda: held[0])

    def said(frames: int) -> list[int | None]:
        return [None if (frame := leg.read()) is None else int(frame[0]) for _ in range(frames)]

    assert said(2) == [1, 2]
    held[0] = True
    assert said(2) == [None, None]
    held[0] = False
    assert said(3) == [1, 2, 3]
    assert not done
    assert said(2) == [None, None]
    assert len(done) == 1
