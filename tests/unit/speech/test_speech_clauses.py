"""Answers are cut where a speaker would breathe, a short piece first, and no word is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.speech.providers.clauses import FIRST_CHARS, split_for_speech


def pieces(text: str) -> list[str]:
    return [clause.text for clause in split_for_speech(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", ["Hello."]),
        ("", []),
        ("  \n ", []),
        ("Yes. It costs 1,000.50 euros.", ["Yes. It costs 1,000.50 euros."]),
        (
            "We are open from 9.30 to 18.00, every day except on Sunday and on public holidays.",
            ["We are open from 9.30 to 18.00,", "every day except on Sunday and on public holidays."],
        ),
        (
            "Bonjour ! La livraison est gratuite, en deux jours.",
            ["Bonjour !", "La livraison est gratuite, en deux jours."],
        ),
        ("¿Puedo ayudarle en algo más? Dígame, por favor.", ["¿Puedo ayudarle en algo más?", "Dígame, por favor."]),
    ],
)
def test_cuts_where_a_speaker_breathes(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_a_long_clause_is_cut_between_words() -> None:
    first, *rest = pieces("This sentence goes on and on without any sign where one could take a breath at all today")
    assert len(first) <= FIRST_CHARS
    assert rest


@given(st.text(alphabet="ab ,.!?;:é٣؟،\n-9", max_size=400))
def test_every_letter_is_said_once_in_order(text: str) -> None:
    assert "".join(pieces(text)).replace(" ", "") == "".join(text.split())


@given(st.lists(st.text(alphabet="abcdef,.", min_size=1, max_size=12), max_size=60))
def test_pieces_grow_slowly_so_that_sound_never_waits(words: list[str]) -> None:
    limit = float(FIRST_CHARS)
    for clause in split_for_speech(" ".join(words)):
        assert len(clause.text) <= 1.3 * limit
        limit = max(FIRST_CHARS, len(clause.text) * 2.2)


def test_sentences_are_set_apart_by_a_pause_and_the_end_is_not() -> None:
    pauses = [clause.pause_s for clause in split_for_speech("Of course, this is possible. " * 6)]
    assert all(pause > 0.2 for pause in pauses[:-1])
    assert pauses[-1] == 0
