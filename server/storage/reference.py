"""How a path names a row: by its integer id or by its uid."""

from typing import Any

from sqlalchemy import ColumnElement

from server.storage.text import storable

LARGEST_ID = 2**53  # beyond it JSON's readers differ
UID_MAX = 40


def referred(reference: str) -> int | str:
    """What `reference` is compared with: an integer with a row's `id`, else a text with its `uid`."""
    if reference.isascii() and reference.isdecimal():
        return min(int(reference[:20]), LARGEST_ID)
    return storable(reference[:UID_MAX])


def refers_to(row: Any, reference: str) -> ColumnElement[bool]:
    """Whether `row`, a table's class with `id` and `uid`, is the one that `reference` names."""
    named = referred(reference)
    condition: ColumnElement[bool] = row.id == named if isinstance(named, int) else row.uid == named
    return condition
