"""Knowledge files: every form read as a person would expect, every mistake named with its line."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.errors import AppError, InvalidInput, TooLarge
from server.knowledge.chunking import CHUNK_MAX_CHARS, chunks
from server.knowledge.importing import ENTRIES_MAX, FILE_MAX_BYTES, Entry, parse


def test_csv_with_quotes_semicolons_and_a_byte_order_mark() -> None:
    text = '\ufeffQuestion;Réponse\n"Ouvert ?";"Oui, de 9 h\nà 19 h."\n\nFermé ?;Le dimanche.\n'
    assert parse("faq.csv", text.encode(), "fr") == [
        Entry("Ouvert ?", "Oui, de 9 h\nà 19 h.", "fr"),
        Entry("Fermé ?", "Le dimanche.", "fr"),
    ]


def test_csv_with_other_columns_and_languages() -> None:
    text = "lang,title,notes,text\nen-GB,Hours,x,Nine to five.\n,Horaires,,De 9 à 17 h.\n"
    assert parse("FAQ.CSV", text.encode(), "fr") == [
        Entry("Hours", "Nine to five.", "en"),
        Entry("Horaires", "De 9 à 17 h.", "fr"),
    ]


def test_json_lists_and_objects() -> None:
    entries = [
        {"question": "Hours?", "answer": "Nine to five."},
        {"Title": "Returns", "text": "30 days.", "lang": "fr"},
    ]
    expected = [Entry("Hours?", "Nine to five.", "en"), Entry("Returns", "30 days.", "fr")]
    assert parse("a.json", json.dumps(entries).encode(), "en") == expected
    assert parse("a.json", json.dumps({"language": "en", "entries": entries}).encode(), "es") == expected


def test_markdown_is_split_at_its_headings() -> None:
    text = "# Delivery\nTwo days.\n\n## Express\nOne day.\n```\n# not a heading\n```\n\n# Returns #\n\n30 days.\n## E\n"
    assert parse("shop.md", text.encode(), "en") == [
        Entry("Delivery", "Two days.", "en"),
        Entry("Delivery – Express", "One day.\n```\n# not a heading\n```", "en"),
        Entry("Returns", "30 days.", "en"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "question,answer\nHours?,Nine.\nReturns?,\n", "Line 3 has no answer"),
        ("a.csv", 'question,answer\n"two\nlines?",x\n,y\n', "Line 4 has no question"),
        ("a.csv", "one,two\n1,2\n", "Line 1 needs a column"),
        ("a.csv", "question,answer\na,b,c\n", "Line 2 has 3 cells"),
        ("a.csv", 'question,answer\n"a,b\n', "is not CSV"),
        ("a.csv", "question,answer,lang\na,b,klingon-x\n", "Line 2 names a language"),
        ("a.json", '[\n{"question": "a",\n]', "Line 3 is not JSON"),
        ("a.json", '[\n{"question": "a", "answer": "b"},\n{"question": "c"}\n]', "Line 3 has no answer"),
        ("a.json", "3", "A JSON file is a list"),
        ("a.json", "[3]", "Entry 1 is not an object"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", '[{"question": "a", "answer": "b", "lang": 7}]', "Line 1 names a language"),
        ("a.md", "no heading\n", "Line 1 begins without a heading"),
        ("a.md", "", "holds no entries"),
        ("a.csv", "question,answer\na,b\0\n", "Line 2 holds a zero byte"),
        ("a.exe", "x", ".csv, .json, .md"),
        ("a.csv", "question,answer\n" + "x" * 301 + ",b\n", "Line 2 has a longer question"),
    ],
)
def test_mistakes_are_named(name: str, text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(name, text.encode(), "en")
    assert says in refused.value.message
    assert refused.value.code == "knowledge_file_invalid"


def test_bytes_that_are_not_text_are_named_too() -> None:
    with pytest.raises(InvalidInput, match="Line 2 is not UTF-8"):
        parse("a.csv", b"question,answer\n\xff\xfe,b\n", "en")


def test_sizes_are_limited() -> None:
    with pytest.raises(TooLarge):
        parse("a.md", b"#" * (FILE_MAX_BYTES + 1), "en")
    with pytest.raises(TooLarge):
        parse("a.csv", b"question,answer\n" + b"a,b\n" * (ENTRIES_MAX + 1), "en")


@given(st.sampled_from([".csv", ".json", ".md"]), st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(ending: str, data: bytes) -> None:
    try:
        parse(f"a{ending}", data, "en")
    except AppError:
        pass


@given(st.text(max_size=3_000))
def test_chunks_lose_nothing_and_stay_small(text: str) -> None:
    pieces = chunks(text)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= CHUNK_MAX_CHARS for piece in pieces)


@pytest.mark.parametrize("language", ["fr", "en", "es", "ar"])
def test_the_demo_shop_is_complete(language: str) -> None:
    name = f"shop.{language}.json"
    entries = parse(name, (files("server.knowledge") / "demo" / name).read_bytes(), "en")
    assert len(entries) == 16
    assert {entry.language for entry in entries} == {language}
