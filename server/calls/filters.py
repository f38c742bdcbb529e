"""Which calls a list shows, and which page of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_

from server.calls.tables import CallRow

PAGE = 50


@dataclass(frozen=True)
class CallFilter:
    """Every call unless it says otherwise. `stands`: states or outcomes, any of them; `until` is not included."""

    stands: Sequence[str] = ()
    kind: str | None = None  # bridge, ai or relay
    direction: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = PAGE
    offset: int = 0

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.stands:
            yield or_(CallRow.state.in_(self.stands), CallRow.outcome.in_(self.stands))
        if self.kind is not None:
            yield CallRow.kind == self.kind
        if self.direction is not None:
            yield CallRow.direction == self.direction
        if self.since is not None:
            yield CallRow.created_at >= self.since
        if self.until is not None:
            yield CallRow.created_at < self.until


EVERY_CALL = CallFilter()
