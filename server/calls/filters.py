"""Which calls a list shows, and which page of it."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from server.calls.lookups import CALLS
from server.calls.tables import CallRow

PAGE = 50


@dataclass(frozen=True)
class CallFilter:
    """Every call unless it says otherwise. `stands`: states or outcomes, any of them; `until` is not included."""

    stands: Sequence[str] = ()
    kind: str | None = None  # bridge, ai or relay
    direction: str | None = None
    livemode: bool | None = None  # False: simulated calls alone
    since: datetime | None = None
    until: datetime | None = None
    limit: int = PAGE
    offset: int = 0

    def page(self, tenant_id: int, project_id: int | None) -> tuple[Select[Any], Select[Any], Mapping[str, Any]]:
        """The page of the calls of that tenant and project, newest first; how many there are in all; what both take.

        Each row of the page has that number as its `total`.
        """
        said = {
            "project": project_id,
            "stands": list(self.stands) or None,
            "kind": self.kind,
            "direction": self.direction,
            "livemode": self.livemode,
            "since": self.since,
            "until": self.until,
        }
        narrowed = {name: value for name, value in said.items() if value is not None}
        page, count = _page(frozenset(narrowed))
        return page, count, narrowed | {"tenant": tenant_id, "limit": self.limit, "offset": self.offset}


_NARROWED: Mapping[str, ColumnElement[bool]] = {
    "project": CallRow.project_id == bindparam("project"),
    "stands": or_(
        CallRow.state.in_(bindparam("stands", expanding=True)),
        CallRow.outcome.in_(bindparam("stands", expanding=True)),
    ),
    "kind": CallRow.kind == bindparam("kind"),
    "direction": CallRow.direction == bindparam("direction"),
    "livemode": CallRow.livemode == bindparam("livemode"),
    "since": CallRow.created_at >= bindparam("since"),
    "until": CallRow.created_at < bindparam("until"),
}


@functools.cache  # as many as there are ways to narrow a list: they take longer to make than to answer
def _page(narrowed: frozenset[str]) -> tuple[Select[Any], Select[Any]]:
    mine = [CallRow.tenant_id == bindparam("tenant"), *(_NARROWED[name] for name in sorted(narrowed))]
    count = select(func.count()).select_from(CallRow).where(*mine)
    page = CALLS.add_columns(count.correlate(None).scalar_subquery().label("total")).where(*mine)
    return page.order_by(CallRow.id.desc()).limit(bindparam("limit")).offset(bindparam("offset")), count


EVERY_CALL = CallFilter()
