"""The Analyser port: a finished conversation in, what it amounted to out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

Status = Literal["fulfilled", "follow_up", "not_interested", "no_conversation"]
Sentiment = Literal["positive", "neutral", "negative"]


@dataclass(frozen=True)
class Said:
    """One stretch of words. `is_customer`: of the customer's side."""

    is_customer: bool
    text: str = field(repr=False)


@dataclass(frozen=True)
class Talk:
    """A finished call. `language` is the call's; `duration_s` from answer to end."""

    language: str
    duration_s: int
    said: Sequence[Said] = field(repr=False)


@dataclass(frozen=True)
class Analysis:
    """`interest_level` is 1 to 10, `lead_score` 0 to 100; `engine` says who judged."""

    summary: str = field(repr=False)
    status: Status
    interest_level: int
    sentiment: Sentiment
    lead_score: int
    engine: str

    def body(self) -> dict[str, Any]:
        return asdict(self)


class Analyser(Protocol):
    @property
    def name(self) -> str: ...

    async def analyse(self, talk: Talk) -> Analysis:
        """Raises AnalysisFailed."""
        ...


class AnalysisFailed(Exception):
    """The engine could not judge; the message says why, never what was said."""
