"""A transcript as text: the published API's form, WebVTT, SubRip."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_AI_LABELS = {"ai": "[Agent]", "caller": "[User]", "callee": "[User]"}
_BRIDGE_LABELS = {"callee": "[Callee]", "ai": "[Agent]"}
_LABELS = {"ai": (_AI_LABELS, "[Agent]"), "relay": ({"caller": "[Caller]"}, "[Callee]")}
_NAMES = {"agent": "Agent", "talk": "Agent", "ai": "Agent", "callee": "Callee", "caller": "Caller"}


@dataclass(frozen=True)
class Segment:
    """Words of one participant; `t0_ms` and `t1_ms` count from the answer. `role` is the participant's in the call."""

    role: str
    text: str = field(repr=False)
    t0_ms: int
    t1_ms: int


def as_text(kind: str, segments: Iterable[Segment]) -> str:
    """A line a segment: `[Agent]`/`[User]` in AI calls, else `[Caller]`/`[Callee]`: our side calls in bridges, and is
    called in relays."""
    labels, other = _LABELS.get(kind, (_BRIDGE_LABELS, "[Caller]"))
    return "\n".join(f"{labels.get(one.role, other)} {one.text}" for one in _in_order(segments))


def as_vtt(segments: Iterable[Segment]) -> str:
    """WebVTT with a voice for each speaker."""
    cues = [
        f"{number}\n{_time(one.t0_ms, '.')} --> {_time(_end(one), '.')}\n"
        f"<v {_name(one.role)}>{html.escape(_line(one.text), quote=False)}</v>\n"
        for number, one in enumerate(_in_order(segments), start=1)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def as_srt(segments: Iterable[Segment]) -> str:
    """SubRip, the speaker before the words."""
    return "\n".join(
        f"{number}\n{_time(one.t0_ms, ',')} --> {_time(_end(one), ',')}\n{_name(one.role)}: {_line(one.text)}\n"
        for number, one in enumerate(_in_order(segments), start=1)
    )


def _in_order(segments: Iterable[Segment]) -> Sequence[Segment]:
    return sorted(segments, key=lambda one: (one.t0_ms, one.t1_ms))


def _end(segment: Segment) -> int:
    """A cue that ends where it begins is not shown: it lasts a millisecond at least."""
    return max(segment.t1_ms, segment.t0_ms + 1)


def _name(role: str) -> str:
    return _NAMES.get(role, "Speaker")


def _line(text: str) -> str:
    """A blank line would end the cue, and `-->` would begin one."""
    return " ".join(text.split()).replace("-->", "→")


def _time(ms: int, point: str) -> str:
    seconds, ms = divmod(max(0, ms), 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"
