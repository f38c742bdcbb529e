"""The Responder port: one question in, the parts of an answer out, as early as they are known."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from server.agents.port import Utterance


@dataclass(frozen=True)
class Turn:
    """What the visitor wants answered. `aloud`: the answer will be spoken, so it should be short."""

    text: str = field(repr=False)
    language: str
    aloud: bool
    history: Sequence[Utterance] = field(default=(), repr=False)  # what was said before, without `text`


@dataclass(frozen=True)
class Say:
    """A sentence, or a few: said or shown as it is."""

    text: str = field(repr=False)


@dataclass(frozen=True)
class HandOff:
    """The visitor was pointed to a person."""


@dataclass(frozen=True)
class FellBack:
    """The engine could not answer; what follows comes from the built-in one."""


@dataclass(frozen=True)
class Farewell:
    """The conversation is over when everything is said."""


AnswerPart = Say | HandOff | FellBack | Farewell


class Responder(Protocol):
    """Answers the questions of one conversation."""

    def answer(self, turn: Turn) -> AsyncGenerator[AnswerPart, None]:
        """At least one Say. Closed early when the visitor cuts in."""
        ...
