"""Revoked keys and users' tokens: what stands open by one is told by the bus, or by looking within two seconds."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Select, String, column, select, table, union_all
from sqlalchemy.orm import InstrumentedAttribute

from server.kit.clock import Clock
from server.kit.log import logger
from server.kit.tasks import TaskScope
from server.storage import Database, Moment
from server.storage.bus import Bus
from server.tenants.tables import CredentialRow

_log = logger(__name__)

TOPIC = "revoked keys"
LOOK_EVERY_S = 1.5  # the command line is another process, and need not share a bus with the server

OnRevoked = Callable[[], None]

_user_tokens = table("user_tokens", column("uid", String), column("revoked_at", Moment))  # identity's, a storey above


def opened_by_a_good_key(credential_uid: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """Of a row that names the key it was opened by, if any: that key is there and not revoked."""
    of_tenant, of_user = _good_ones()
    return (
        credential_uid.is_(None)
        | of_tenant.where(CredentialRow.uid == credential_uid).exists()
        | of_user.where(_user_tokens.c.uid == credential_uid).exists()
    )


def _good_ones() -> tuple[Select[Any], Select[Any]]:
    """The uids of tenants' keys and of users' tokens that are not revoked."""
    return (
        select(CredentialRow.uid).where(CredentialRow.revoked_at.is_(None)),
        select(_user_tokens.c.uid).where(_user_tokens.c.revoked_at.is_(None)),
    )


class Revocations:
    """Keys are named by their uid; None stands for what no key opened."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._watching: dict[str, set[OnRevoked]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._tasks = TaskScope("revocations")
        bus.listen(TOPIC, self._tell)

    async def announce(self, uid: str) -> None:
        """The key `uid` was revoked just now, and that is committed."""
        await self._bus.publish(TOPIC, uid)

    async def is_revoked(self, uid: str | None) -> bool:
        """Whether the key is revoked, or gone with its project."""
        return uid is not None and uid not in await self._good([uid])

    @contextmanager
    def watch(self, uid: str | None, on_revoked: OnRevoked) -> Iterator[None]:
        """Call `on_revoked()` on the event loop, once, should the key be revoked within the block."""
        if uid is None:
            yield
            return
        self._watching.setdefault(uid, set()).add(on_revoked)
        if self._looking is None or self._looking.done():
            self._looking = self._tasks.spawn(self._look(), "look")
        try:
            yield
        finally:
            if told := self._watching.get(uid):
                told.discard(on_revoked)
                if not told:
                    del self._watching[uid]

    async def close(self) -> None:
        """Tell nobody any more. Idempotent."""
        await self._tasks.close()

    async def _look(self) -> None:
        """As long as somebody waits for news."""
        while self._watching:
            await self._clock.sleep(LOOK_EVERY_S)
            watched = list(self._watching)
            try:
                revoked = set(watched) - await self._good(watched)
            except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next look may succeed
                _log.warning("keys that were revoked could not be read", exc_info=failure)
                continue
            for uid in revoked:
                self._tell(uid)

    async def _good(self, uids: list[str]) -> set[str]:
        async with self._database.reading() as session:
            of_tenant, of_user = _good_ones()
            good = union_all(of_tenant.where(CredentialRow.uid.in_(uids)), of_user.where(_user_tokens.c.uid.in_(uids)))
            return set(await session.scalars(good))

    def _tell(self, uid: str) -> None:
        for on_revoked in self._watching.pop(uid, set()):
            on_revoked()
