"""What who calls a paused number hears: words in their language, tones when no voice comes in time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest

from server.calls.announcements import Say, call_is_recorded, may_it_be_recorded, number_is_paused
from server.media.frame import SAMPLE_RATE_HZ, Frame, frames_of
from server.media.tones import tone
from server.speech.coverage import PRODUCT_LANGUAGES
from tests.fakes.browser_page import loudest_hz

Announcement = Callable[[str, Say], Awaitable[list[Frame]]]


async def nobody(sentence: str, language: str) -> Sequence[Frame]:
    return []


async def nobody_in_time(sentence: str, language: str) -> Sequence[Frame]:
    await asyncio.Event().wait()
    raise AssertionError("nothing wakes it")


@pytest.mark.parametrize("announcement", [number_is_paused, call_is_recorded, may_it_be_recorded])
async def test_the_words_are_the_languages_own_and_silence_is_before_them(announcement: Announcement) -> None:
    spoken: dict[str, str] = {}

    async def say(sentence: str, language: str) -> Sequence[Frame]:
        spoken[language] = sentence
        return frames_of(tone(300, 1.0, 0.5))

    for language in (*PRODUCT_LANGUAGES, "de"):
        frames = await announcement(language, say)
        assert not np.any(frames[0])
        assert abs(loudest_hz(np.concatenate(frames), SAMPLE_RATE_HZ) - 300) < 5
    assert set(spoken) == set(PRODUCT_LANGUAGES)  # what is not spoken is said in English
    assert len(set(spoken.values())) == len(PRODUCT_LANGUAGES)


@pytest.mark.parametrize("say", [nobody, nobody_in_time])
async def test_without_a_voice_there_are_three_rising_tones(say: object) -> None:
    frames = await number_is_paused("fr", say, within_s=0.01)  # type: ignore[arg-type]
    sound = np.concatenate([frame for frame in frames if np.any(frame)])
    third = int(0.33 * SAMPLE_RATE_HZ)
    heard = [loudest_hz(sound[place * third : (place + 1) * third], SAMPLE_RATE_HZ) for place in range(3)]
    assert heard == pytest.approx([950, 1_400, 1_800], abs=20)


@pytest.mark.parametrize("say", [nobody, nobody_in_time])
async def test_without_a_voice_nobody_is_told_that_a_call_is_recorded(say: object) -> None:
    assert await call_is_recorded("fr", say, within_s=0.01) == []  # type: ignore[arg-type]
    assert await may_it_be_recorded("fr", say, within_s=0.01) == []  # type: ignore[arg-type]
