"""Recordings in the audit: who heard one, took it away, had it erased."""

from collections import OrderedDict

from server.calls.store import CallStore
from server.kit.clock import Clock
from server.recordings import Recordings
from server.sessions.recording_links import RecordingClaim
from server.tenants.audit import AuditLog

_KNOWN_MAX = 4_096  # addresses; of one forgotten too early there are two entries


class Custody:
    """A player fetches a recording in many ranges: of every address, the first is what counts."""

    def __init__(self, store: CallStore, recordings: Recordings, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._recordings = recordings
        self._audit = audit
        self._clock = clock
        self._known: OrderedDict[tuple[str, bool], None] = OrderedDict()

    async def note(self, call_id: int, claim: RecordingClaim, *, is_download: bool) -> None:
        """Somebody is about to be sent some of a call's recording."""
        key = (claim.link_id, is_download)
        if key in self._known:
            return
        tenant_id = (await self._store.by_id(call_id)).tenant_id
        await self._add(tenant_id, claim.actor, "downloaded" if is_download else "played", call_id)
        self._known[key] = None
        if len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)

    async def erase(self, tenant_id: int, reference: str, actor: str) -> int:
        """Leave nothing of the recording of a tenant's call; which call. Raises `unknown_call`, `foreign_call`."""
        call = await self._store.find(tenant_id, None, reference)
        await self._recordings.erase(call.id)
        await self._add(tenant_id, actor, "erased", call.id)
        return call.id

    async def _add(self, tenant_id: int, actor: str, what: str, call_id: int) -> None:
        await self._audit.add(self._clock.now(), tenant_id, actor, f"recording.{what}", {"call": call_id})
