"""What a tenant may set for its widget: the table's rows, within the table's limits, every mistake named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.kit.errors import InvalidInput
from server.widgets import OptionTable

TABLE = OptionTable.load(Path(__file__).parents[3] / "widget" / "options.json")


def problems_of(options: dict[str, object]) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        TABLE.check(options)
    assert refusal.value.code == "invalid_request"
    return [problem.field for problem in refusal.value.details]


def test_the_table_has_the_documented_options() -> None:
    names = {option.name for option in TABLE}
    assert {"apiKey", "agentId", "tenant_id", "api_url", "language", "position", "theme", "onReady"} <= names


def test_what_fits_comes_back_as_it_was_given() -> None:
    options: dict[str, object] = {
        "theme": {"primaryColor": "#FA0", "radius": 27.5, "mode": "dark"},
        "labels": {"talk": "Parler"},
        "avatar": "https://shop.example/lea.png",
        "consent": {"text": "…", "version": "2026-11"},
        "textOnly": True,
        "greeting": "x" * 300,
    }
    assert TABLE.check(options) == options


def test_every_default_that_a_tenant_may_set_fits() -> None:
    for option in TABLE:
        if option.is_for_tenants and option.default is not None:
            assert TABLE.check({option.name: option.default})
        if option.is_for_tenants and option.fields:
            fields = {each.name: each.default for each in option.fields.values() if each.default is not None}
            assert TABLE.check({option.name: fields})


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"colour": "#fff"}, "colour"),
        ({"theme": {"colour": "#fff"}}, "theme.colour"),
        ({"theme": "dark"}, "theme"),
        ({"theme": {"primaryColor": "red"}}, "theme.primaryColor"),
        ({"theme": {"primaryColor": "#12345"}}, "theme.primaryColor"),
        ({"theme": {"primaryColor": "#fff\n"}}, "theme.primaryColor"),
        ({"theme": {"radius": 28.1}}, "theme.radius"),
        ({"theme": {"radius": True}}, "theme.radius"),
        ({"theme": {"radius": float("nan")}}, "theme.radius"),
        ({"theme": {"font": "x" * 201}}, "theme.font"),
        ({"language": "de"}, "language"),
        ({"language": None}, "language"),
        ({"position": 3}, "position"),
        ({"avatar": "javascript:alert(1)"}, "avatar"),
        ({"avatar": "https://" + "x" * 2_000}, "avatar"),
        ({"textOnly": "true"}, "textOnly"),
        ({"labels": {"talk": 1}}, "labels"),
        ({"labels": ["talk"]}, "labels"),
        ({"labels": {"talk": "x" * 2_001}}, "labels"),
        ({"labels": {str(n): "x" for n in range(201)}}, "labels"),
        ({"apiKey": "voc_pk_live_a"}, "apiKey"),
        ({"api_url": "https://elsewhere.example"}, "api_url"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"onReady": "start()"}, "onReady"),
        ({"launcher": {"size": 50}}, "launcher"),  # drawn before the server is asked
        ({"autoOpen": True}, "autoOpen"),
        ({"x" * 500: 1}, "x" * 100),
    ],
)
def test_what_does_not_fit_is_named(options: dict[str, object], wrong: str) -> None:
    assert problems_of(options) == [wrong]


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ({"theme.primaryColor": "#0a7", "greeting": "Hi"}, {"theme.primaryColor": "#0a7", "greeting": "Hi"}),
        ({"theme": {"mode": "dark"}, "theme.radius": 3}, {"theme.mode": "dark", "theme.radius": 3}),
        ({"theme.radius": 3, "theme": {"mode": "dark"}}, {"theme.radius": 3, "theme.mode": "dark"}),
        ({"labels.talk": "Go", "labels": {"end": "Stop"}}, {"labels": {"talk": "Go", "end": "Stop"}}),
    ],
)
def test_settled_options_have_dotted_names(given: dict[str, object], settled: dict[str, object]) -> None:
    assert TABLE.settled(given) == settled


@pytest.mark.parametrize("name", ["theme.colour", "theme.primaryColor.x", "greeting.x", ".", "", "theme.", "a.b.c"])
def test_a_dotted_name_that_is_no_option_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="not valid"):
        TABLE.settled({name: "#0a7"})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("theme.radius", "3.5", 3.5),
        ("captions", "false", False),
        ("labels", '{"talk": "Go"}', {"talk": "Go"}),
        ("greeting", "42", "42"),
        ("greeting", "", ""),
        ("captions", "maybe", "maybe"),
        ("theme.nothing", "1", "1"),
    ],
)
def test_typed_text_is_read_as_its_option_needs(name: str, text: str, value: object) -> None:
    assert TABLE.read(name, text) == value


def test_a_label_of_no_text_is_named_and_the_texts_told() -> None:
    with pytest.raises(InvalidInput) as refused:
        TABLE.settled({"labels": {"talk": "Go", "tlak": "Go", "sendd": "Off"}})
    told, *wrong = refused.value.details
    assert (told.field, [problem.field for problem in wrong]) == ("labels", ["labels.sendd", "labels.tlak"])
    assert {"talk,", "send,", "cannotHear,"} <= set(told.problem.split())
    assert "labels.tlak: There is no such text." in str(refused.value)


def test_every_mistake_is_named_at_once() -> None:
    assert problems_of({"zIndex": -1, "theme": {"mode": "red", "radius": 5}, "new": 1}) == [
        "zIndex",
        "theme.mode",
        "new",
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([option.name for option in TABLE]) | st.text(max_size=10), values, max_size=5))
def test_whatever_is_given_is_taken_or_refused_with_reasons(options: dict[str, object]) -> None:
    try:
        taken, reasons = TABLE.check(options), []
    except InvalidInput as refusal:
        taken, reasons = None, [problem.problem for problem in refusal.details]
    assert taken == options if taken is not None else all(reasons)
    assert (taken is None) == bool(reasons)


def test_a_missing_or_broken_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        OptionTable.load(tmp_path / "nothing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        OptionTable.load(tmp_path / "broken.json")
