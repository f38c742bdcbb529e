"""espeak-ng through its C library: two users of one process-wide state, and voices it does not have."""

import pytest

from server.speech.port import SpeechFailed
from server.speech.providers.espeak import EspeakLibrary, espeak_voice

pytestmark = pytest.mark.speech


def test_two_users_of_the_library_each_get_their_own_sound() -> None:
    first, second = EspeakLibrary(), EspeakLibrary()
    lengths = [len(user.speak("one two three", "en-us")) for user in (first, second, first)]
    assert min(lengths) > first.rate_hz // 2
    assert max(lengths) < 1.1 * min(lengths)


def test_a_voice_it_does_not_have_is_refused_and_the_next_call_works() -> None:
    library = EspeakLibrary()
    for ask in (library.speak, library.phonemes):
        with pytest.raises(SpeechFailed, match="has no voice 'fr-fr'"):
            ask("bonjour", "fr-fr")
    assert len(library.speak("bonjour", "fr")) > 0


def test_phonemes_keep_the_sentences_punctuation_and_read_numbers() -> None:
    library = EspeakLibrary()
    spoken = library.phonemes("Yes, at 9.30. Really?", "en-us")
    assert [sign for sign in spoken if sign in ",.?"] == [",", ".", "?"]
    read, written = (library.phonemes(text, "fr") for text in ("21", "vingt et un"))
    assert read.replace("ˈ", "") == written.replace("ˈ", "").replace(" ", "")
    assert "(" not in library.phonemes("le meeting de Bob", "fr")


@pytest.mark.parametrize(("tag", "voice"), [("en-GB", "en-us"), ("fr_CA", "fr"), ("ary", "ar"), ("de", "de")])
def test_every_language_tag_has_a_voice_name(tag: str, voice: str) -> None:
    assert espeak_voice(tag) == voice
