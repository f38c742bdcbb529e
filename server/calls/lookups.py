"""Questions about calls, put together once: SQLAlchemy takes longer to make one than the database to answer it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Select, bindparam, select, tuple_

from server.calls.stored import CallEvent
from server.calls.tables import CallEventRow, CallRow
from server.storage.reference import referred

CALLS = select(*(one for one in CallRow.__table__.c if one.name not in ("version", "lease_until")))
"""As call_of() takes them: what only their writer needs is left out."""
_BY_ID = CALLS.where(CallRow.id == bindparam("reference"))
_BY_UID = CALLS.where(CallRow.uid == bindparam("reference"))

EVENTS = select(*(getattr(CallEventRow, one.name) for one in fields(CallEvent)))
"""As CallEvent takes them: quicker than rows, which know more."""
LOGS = (
    EVENTS.where(
        CallEventRow.call_id.in_(bindparam("calls", expanding=True)),
        CallEventRow.type.in_(bindparam("types", expanding=True)),
    )
    .order_by(CallEventRow.call_id, CallEventRow.seq)
    .limit(bindparam("limit"))
)
"""Events of `types` in the logs of `calls`, a log after the other, at most `limit`."""
LOGS_ON = LOGS.where(tuple_(CallEventRow.call_id, CallEventRow.seq) > tuple_(bindparam("call"), bindparam("seq")))
"""The same after the event `seq` of `call`."""


def named(reference: str) -> tuple[Select[Any], Mapping[str, Any]]:
    """The call that a path names, by its integer id or by its uid; with the parameters."""
    asked = referred(reference)
    return _BY_ID if isinstance(asked, int) else _BY_UID, {"reference": asked}
