"""Small pieces: sentences, small talk in every language, the catalog of phrases, and comparable words."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.agents.knowledge_answers import answer_sentences
from server.agents.phrases import LANGUAGES, SmallTalk, phrases_for, recognise_small_talk
from server.agents.port import AgentProfile
from server.agents.sentences import ALOUD_CHARS, SentenceStream, sentences
from server.agents.wording import content_words, fold, guess_language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 4.90 euros. Really.", ["It costs 4.90 euros.", "Really."]),
        ("Dr. No is here. Yes.", ["Dr. No is here.", "Yes."]),
        ("نعم. هل تريدون المزيد؟ شكراً", ["نعم.", "هل تريدون المزيد؟", "شكراً"]),
        ("**Bold** and [a link](https://x.example).\n\n- item", ["Bold and a link.", "item"]),
        ("   ", []),
        ("...", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(string.ascii_letters + " .?!\n", max_size=600), st.integers(1, 20))
def test_a_stream_gives_the_same_sentences_as_the_whole(text: str, size: int) -> None:
    stream = SentenceStream()
    pieces = [piece for at in range(0, len(text), size) for piece in stream.feed(text[at : at + size])]
    pieces += stream.finish()
    words = " ".join(pieces).split()
    assert words == [word for word in " ".join(sentences(text)).split()]


def test_an_answer_is_short_aloud_and_whole_in_writing() -> None:
    text = " ".join(f"This is sentence number {number} of many." for number in range(20))
    aloud = answer_sentences(text, aloud=True)
    assert sum(map(len, aloud)) <= ALOUD_CHARS
    assert len(aloud) > 3
    assert answer_sentences(text, aloud=False) == [text]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Bonjour !", "fr", SmallTalk.GREETING),
        ("Bonjour, à quelle heure ouvrez-vous ?", "fr", None),
        ("Merci beaucoup, au revoir.", "fr", SmallTalk.GOODBYE),
        ("D'accord, merci bien !", "fr", SmallTalk.THANKS),
        ("Je voudrais parler à quelqu'un, s'il vous plaît", "fr", SmallTalk.PERSON),
        ("Hi there", "en", SmallTalk.GREETING),
        ("Thank you very much for your help", "en", SmallTalk.THANKS),
        ("No thanks, bye bye", "en", SmallTalk.GOODBYE),
        ("Thanks to which card can I pay?", "en", None),
        ("Can I talk to a human?", "en", SmallTalk.PERSON),
        ("¡Hola, buenos días!", "es", SmallTalk.GREETING),
        ("Muchas gracias, adiós", "es", SmallTalk.GOODBYE),
        ("¿Puedo hablar con una persona?", "es", SmallTalk.PERSON),
        ("شكراً جزيلاً", "ar", SmallTalk.THANKS),
        ("السَّلامُ عليكم", "ar", SmallTalk.GREETING),
        ("مع السلامة", "ar", SmallTalk.GOODBYE),
        ("بسلامة", "ary", SmallTalk.GOODBYE),
        ("", "en", None),
        ("ok", "en", None),
    ],
)
def test_small_talk(text: str, language: str, expected: SmallTalk | None) -> None:
    assert recognise_small_talk(text, language) is expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_phrase(language: str) -> None:
    agent = AgentProfile(uid="a", slug="s", name="Léa", language=language, handoff_url="tel:+33123456789")
    phrases = phrases_for(language, agent)
    said = phrases.fixed()
    assert len(said) == 10
    assert all(text and "{" not in text for text in said)
    assert "+33123456789" in (phrases.offer_person or "")
    assert recognise_small_talk(phrases.goodbye, language) is not SmallTalk.PERSON


def test_without_a_contact_nobody_is_promised() -> None:
    phrases = phrases_for("en", AgentProfile(uid="a", slug="s", name="Léa", language="en"))
    assert phrases.offer_person is None
    assert "{" not in phrases.handoff


def test_words_are_compared_without_accents_and_endings() -> None:
    assert fold("Élève  À l'ÉTÉ!") == "eleve a l ete"
    assert content_words("¿Envían a Suiza?") == content_words("envíos Suiza")
    assert content_words("the and of") == []
    assert content_words("AB1234") == ["ab1234"]
    assert content_words("الأسعار") == content_words("اسعار")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("À quelle heure est-ce que vous ouvrez ?", "fr"),
        ("When do you open?", "en"),
        ("¿Cuándo abren ustedes?", "es"),
        ("متى تفتحون؟", "ar"),
        ("Livraison", None),
    ],
)
def test_languages_are_told_by_small_words(text: str, language: str | None) -> None:
    assert guess_language(text) == language
