"""What a call leaves behind is begun as a whole, or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from server.calls.keepsakes import CallKeepsakes
from server.calls.store import CallStore, NewCall
from server.recordings import State
from server.storage import Database
from server.transcripts import RecognitionQueue
from tests.fakes.clock import FakeClock
from tests.fixtures.application import speech_without_models
from tests.fixtures.recordings import Place
from tests.fixtures.tenancy import Tenancy


class ForgetfulStore(CallStore):
    """Its database goes away between a call and what is noted of it."""

    async def note(self, call_id: int, event_type: str, payload: Mapping[str, Any]) -> int:
        raise ConnectionError("the database is away")


async def test_no_recording_is_left_without_an_end_when_its_transcript_cannot_begin(
    sqlite_database: Database, tmp_path: Path, clock: FakeClock
) -> None:
    tenant = await Tenancy.over(sqlite_database, clock).tenants.create("Acme")
    store, recordings = ForgetfulStore(sqlite_database, clock), Place(sqlite_database, tmp_path, clock).recordings()
    new = NewCall(
        tenant.tenant_id, None, "bridge", "outbound", "browser", "en", None, "+33612345678",
        is_recorded=True, is_transcribed=True,
    )  # fmt: skip
    call = await store.create(new, limit=5)
    keepsakes = CallKeepsakes(recordings, store, speech_without_models(has_voice=False), RecognitionQueue())
    with pytest.raises(ConnectionError):
        await keepsakes.open(call, lambda words: None)
    assert (await recordings.of(call.id)).state is State.NONE
    assert keepsakes.states(call)["recording"] == State.NONE
    await recordings.close()
