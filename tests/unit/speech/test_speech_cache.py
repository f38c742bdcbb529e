"""What was said, or prepared, plays at once; memory and disk stay inside their bounds."""

from pathlib import Path

import numpy as np
from speech_fakes import ToneVoice

from server.media.frame import Samples
from server.speech.cache import CachedSpeech, SoundCache
from server.speech.streams import closing


async def say(voice: CachedSpeech, text: str, language: str = "en") -> Samples:
    return np.concatenate([piece async for piece in voice.synthesize(text, language, None)])


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_the_second_time_comes_from_memory() -> None:
    engine = ToneVoice()
    voice = CachedSpeech(engine, SoundCache())
    assert not voice.is_cached("open at nine", "en", None)
    first = await say(voice, "open at nine")
    assert voice.is_cached("open  at nine ", "en", None)  # spaces are not heard
    assert np.array_equal(await say(voice, "open at nine"), first)
    assert engine.spoken == ["open at nine"]


async def test_language_voice_and_engine_keep_sounds_apart() -> None:
    cache = SoundCache()
    voice = CachedSpeech(ToneVoice(), cache)
    await say(voice, "menu")
    assert not voice.is_cached("menu", "fr", None)
    assert not voice.is_cached("menu", "en", "other")
    assert not CachedSpeech(ToneVoice("second"), cache).is_cached("menu", "en", None)


async def test_half_a_sentence_is_not_kept_and_its_engine_is_stopped() -> None:
    engine = ToneVoice()
    voice = CachedSpeech(engine, SoundCache())
    async with closing(voice.synthesize("one two three", "en", None)) as pieces:
        await anext(pieces)
    assert not voice.is_cached("one two three", "en", None)
    assert engine.closed_early == 1


async def test_memory_forgets_the_least_recently_used() -> None:
    voice = CachedSpeech(ToneVoice(), SoundCache(max_memory_bytes=3 * 3200))
    for text in ("a", "b", "c", "a", "d"):
        await say(voice, text)
    assert [voice.is_cached(text, "en", None) for text in "abcd"] == [True, False, True, True]


async def test_sound_larger_than_the_memory_is_not_kept() -> None:
    voice = CachedSpeech(ToneVoice(), SoundCache(max_memory_bytes=3200))
    await say(voice, "a b")
    assert not voice.is_cached("a b", "en", None)


async def test_prepared_sound_outlives_the_process(tmp_path: Path) -> None:
    engine = ToneVoice()
    known = await CachedSpeech(engine, SoundCache(folder=tmp_path)).prepare(["open at nine", "closed"], "en", None)
    assert known == 2
    again = CachedSpeech(engine, SoundCache(folder=tmp_path))
    assert again.is_cached("closed", "en", None)
    assert np.array_equal(await say(again, "closed"), await say(CachedSpeech(ToneVoice(), SoundCache()), "closed"))
    assert engine.spoken == ["open at nine", "closed"]


async def test_only_prepared_sound_reaches_the_disk(tmp_path: Path) -> None:
    voice = CachedSpeech(ToneVoice(), SoundCache(folder=tmp_path))
    await say(voice, "your order for Ms Example")
    assert files(tmp_path) == []
    await voice.prepare(["hello"], "en", None)
    (kept,) = files(tmp_path)
    assert "hello" not in kept.name


async def test_the_disk_stays_inside_its_bound(tmp_path: Path) -> None:
    cache = SoundCache(max_memory_bytes=0, folder=tmp_path, max_disk_bytes=3 * 3200)
    voice = CachedSpeech(ToneVoice(), cache)
    await voice.prepare(["a", "b", "c", "d", "e"], "en", None)
    assert sum(path.stat().st_size for path in files(tmp_path)) == 3 * 3200
    assert [voice.is_cached(text, "en", None) for text in "abcde"] == [False, False, True, True, True]


async def test_a_file_that_vanished_is_said_again(tmp_path: Path) -> None:
    engine = ToneVoice()
    voice = CachedSpeech(engine, SoundCache(max_memory_bytes=0, folder=tmp_path))
    await voice.prepare(["hello"], "en", None)
    files(tmp_path)[0].unlink()
    assert len(await say(voice, "hello")) == 1600
    assert engine.spoken == ["hello", "hello"]


async def test_what_cannot_be_prepared_is_left_out(tmp_path: Path) -> None:
    voice = CachedSpeech(ToneVoice(broken_at=1), SoundCache(folder=tmp_path))
    assert await voice.prepare(["fine", "not fine"], "en", None) == 1
    assert not voice.is_cached("not fine", "en", None)
