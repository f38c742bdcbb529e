"""What stands between sound, signs and numbers: Whisper's pictures and bytes, Kokoro's phoneme numbers."""

import numpy as np
import pytest

from server.media.frame import SAMPLE_RATE_HZ, Samples
from server.speech.providers.kokoro_phonemes import MAX_TOKENS, kokoro_tokens
from server.speech.providers.whisper_features import log_mel
from server.speech.providers.whisper_text import WhisperVocabulary, said_once


def tone(hz: float, seconds: float) -> Samples:
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (8000 * np.sin(2 * np.pi * hz * time)).astype(np.int16)


@pytest.mark.parametrize(
    ("seconds", "columns"), [(0.2, 800), (5.9, 800), (9, 1100), (27.9, 2990), (30, 3000), (40, 3000)]
)
def test_the_window_is_as_short_as_the_utterance_allows(seconds: float, columns: int) -> None:
    picture = log_mel(tone(300, seconds))
    assert (picture.shape, picture.dtype, picture.flags.c_contiguous) == ((1, 80, columns), np.float32, True)


def test_a_higher_tone_lights_a_higher_band_while_it_sounds() -> None:
    bands = []
    for hz in (200, 400, 1000, 2500, 6000):
        picture = log_mel(tone(hz, 2.0))[0]
        bands.append(int(picture[:, 100].argmax()))
        assert picture[:, 100].max() - picture[:, 500].max() > 1  # two seconds in, nothing sounds any more
    assert bands == sorted(set(bands))


def vocabulary() -> WhisperVocabulary:
    return WhisperVocabulary(
        [
            "h",
            "i",
            "Ġ",
            "Ã",
            "©",
            "<|endoftext|>",
            "<|startoftranscript|>",
            "<|fr|>",
            "<|transcribe|>",
            "<|notimestamps|>",
        ]
    )


def test_bytes_become_text_and_control_tokens_nothing() -> None:
    assert vocabulary().text([2, 0, 1, 2, 3, 4, 5, 7]) == "hi é"
    assert vocabulary().text([3]) == "�"  # half a letter is no reason to fail


def test_the_prompt_names_the_language() -> None:
    assert vocabulary().prompt("fr") == [6, 7, 8, 9]
    assert (vocabulary().knows_language("fr"), vocabulary().knows_language("tlh")) == (True, False)


@pytest.mark.parametrize(
    ("ipa", "language", "expected"),
    [
        ("ə", "en", [83]),
        ("d^ʒ", "fr", [82]),
        ("wˈɔːɾɚ", "en", [65, 156, 76, 36, 83, 123]),
        ("kˈaza!", "es", [53, 156, 43, 68, 43, 5]),
        ("^¿§", "es", []),
    ],
)
def test_phonemes_get_the_models_numbers(ipa: str, language: str, expected: list[int]) -> None:
    assert kokoro_tokens(ipa, language) == expected


def test_more_phonemes_than_the_model_takes_are_cut_off() -> None:
    assert len(kokoro_tokens("a" * 1000, "fr")) == MAX_TOKENS


@pytest.mark.parametrize(
    ("written", "once"),
    [
        ("Press start to pause. Press start to pause. Press start to pa", "Press start to pause."),
        ("We are open. We are open.", "We are open."),
        ("We are open on Sunday. We are closed on Monday.", "We are open on Sunday. We are closed on Monday."),
        ("No, no. No, no. No, no.", "No, no. No, no. No, no."),
        ("", ""),
    ],
)
def test_a_sentence_that_was_written_again_and_again_was_said_once(written: str, once: str) -> None:
    assert said_once(written) == once
