"""A transcript as text: the published form, and cues that every player reads back as they were."""

import re

from hypothesis import given
from hypothesis import strategies as st

from server.transcripts import Segment, as_srt, as_text, as_vtt

TALK = [
    Segment("agent", "Hello, this is Anna.", 400, 1_900),
    Segment("callee", "Hello, yes?", 2_100, 3_000),
]
SEGMENTS = st.lists(
    st.builds(
        lambda role, text, t0, length: Segment(role, text, t0, t0 + length),
        st.sampled_from(["agent", "callee", "ai", "talk", "caller"]),
        st.text(min_size=1).filter(lambda text: text.split()),
        st.integers(0, 10 * 3_600_000),
        st.integers(0, 60_000),
    ),
    max_size=12,
)


def test_the_published_forms() -> None:
    assert as_text("bridge", TALK) == "[Caller] Hello, this is Anna.\n[Callee] Hello, yes?"
    ai = [Segment("ai", "Good morning.", 0, 900), Segment("callee", "Hi.", 1_000, 1_200)]
    assert as_text("ai", ai) == "[Agent] Good morning.\n[User] Hi."


def test_captions() -> None:
    assert as_vtt(TALK[:1]) == "WEBVTT\n\n1\n00:00:00.400 --> 00:00:01.900\n<v Agent>Hello, this is Anna.</v>\n"
    assert as_srt(TALK[1:]) == "1\n00:00:02,100 --> 00:00:03,000\nCallee: Hello, yes?\n"


@given(SEGMENTS)
def test_captions_read_back_in_order_whatever_was_said(segments: list[Segment]) -> None:
    for text, point in ((as_vtt(segments), "."), (as_srt(segments), ",")):
        blocks = [block for block in re.split(r"\n\n", text.removeprefix("WEBVTT\n\n").rstrip("\n")) if block.strip()]
        if text.startswith("WEBVTT") and not segments:
            continue
        assert len(blocks) == len(segments)
        starts = []
        for number, block in enumerate(blocks, start=1):
            head, times, *words = block.split("\n")
            assert (head, len(words)) == (str(number), 1)
            start, _, end = times.partition(" --> ")
            assert re.fullmatch(rf"\d\d:\d\d:\d\d\{point}\d\d\d", start)
            assert start < end
            assert "-->" not in words[0]
            starts.append(start)
        assert starts == sorted(starts)
