"""What is kept of calls where nobody says otherwise, and what people are told before it is."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Keeping:
    """Of calls to a number, or of those an agent makes."""

    recording: bool = False
    transcript: bool = False
    analysis: bool = False


class Notice(StrEnum):
    """What those who talk are told before anything of their call is kept; each is stricter than the one before."""

    OFF = "off"
    ANNOUNCE = "announce"  # all sides hear that it is recorded
    ASK = "ask"  # and it is, if the customer presses 1


def stricter(one: Notice, other: Notice) -> Notice:
    order = list(Notice)
    return max(one, other, key=order.index)
