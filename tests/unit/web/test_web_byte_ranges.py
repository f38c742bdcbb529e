"""Range and If-Range: what RFC 9110 says, for one range of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.web.byte_ranges import Span, Unsatisfiable, is_still, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-", Span(0, 100)),
        ("bytes=0-0", Span(0, 1)),
        ("bytes=10-19", Span(10, 20)),
        ("bytes=90-1000", Span(90, 100)),
        ("bytes=99-99", Span(99, 100)),
        ("bytes=-1", Span(99, 100)),
        ("bytes=-1000", Span(0, 100)),
        ("Bytes= 5-6 ", Span(5, 7)),
    ],
)
def test_one_range_is_understood(header: str, span: Span) -> None:
    assert span_of(header, 100) == span


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=٣-٤",
     "bytes=0x1-2", "bytes=1-" + "9" * 5_000, "-5"],
)  # fmt: skip
def test_what_is_not_understood_asks_for_everything(header: str | None) -> None:
    assert span_of(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=999999999999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_had(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        span_of(header, 100)


def test_nothing_of_an_empty_file_can_be_had() -> None:
    for header in ("bytes=0-", "bytes=-5"):
        with pytest.raises(Unsatisfiable):
            span_of(header, 0)


@given(st.integers(1, 10_000), st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_range_is_what_slicing_gives(size: int, first: int, last: int) -> None:
    data = bytes(index % 251 for index in range(size))
    try:
        span = span_of(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        assert first >= size
        return
    if span is None:
        assert last < first
    else:
        assert data[span.start : span.end] == data[first : last + 1]


@given(st.text(max_size=40), st.integers(0, 1_000))
def test_no_header_breaks_it(text: str, size: int) -> None:
    try:
        span = span_of(text, size)
    except Unsatisfiable:
        return
    assert span is None or 0 <= span.start < span.end <= size


def test_if_range_names_the_very_file() -> None:
    date = "Mon, 02 Mar 2026 09:00:00 GMT"
    assert is_still(None, "abc", date)
    assert is_still('"abc"', "abc", date)
    assert is_still(date, "abc", date)
    assert not is_still('W/"abc"', "abc", date)
    assert not is_still('"abd"', "abc", date)
    assert not is_still("abc", "abc", date)
    assert not is_still("Mon, 02 Mar 2026 09:00:01 GMT", "abc", date)
