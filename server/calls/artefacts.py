"""What a call has left behind so far: its recording's address, its words as text, the verdict on it."""

from collections.abc import Sequence

from server.calls.aftermath import ANALYSED, verdict
from server.calls.keepsakes import WORDS, segments
from server.calls.phonevoice import Artefacts
from server.calls.store import Call, CallEvent, CallStore
from server.recordings import Recording, Recordings, State
from server.sessions.recording_links import RecordingLinks
from server.transcripts import as_text


class CallArtefacts:
    def __init__(
        self,
        store: CallStore,
        recordings: Recordings,
        links: RecordingLinks,
        origin: str,
    ) -> None:
        """`origin`: the server's own, for the addresses it gives out."""
        self._store = store
        self._recordings = recordings
        self._links = links
        self._origin = origin

    async def of(self, call: Call, actor: str = "webhook") -> Artefacts:
        """All that is there now; links are good for an hour, and known as given to `actor`."""
        return (await self.of_all([call], actor))[0]

    async def of_all(self, calls: Sequence[Call], actor: str) -> list[Artefacts]:
        """As of(), for a page of calls in two looks at the database."""
        ids = [call.id for call in calls]
        recordings = await self._recordings.of_all(ids)
        logs = await self._store.logs(ids, [WORDS, ANALYSED])
        return [await self._put_together(call, recordings[call.id], logs[call.id], actor) for call in calls]

    async def transcription(self, call: Call) -> str | None:
        """All words, a line a segment (P-093); None while there are none."""
        return _text(call, (await self._store.logs([call.id], [WORDS]))[call.id])

    async def _put_together(self, call: Call, recording: Recording, log: Sequence[CallEvent], actor: str) -> Artefacts:
        is_ready = recording.state is State.READY
        return Artefacts(
            recording_url=await self._links.link(call.id, self._origin, actor) if is_ready else None,
            transcription=_text(call, log),
            transcription_url=f"{self._origin}/api/v1/phone_calls/{call.id}/transcript",
            analysis=verdict(log),
        )


def _text(call: Call, log: Sequence[CallEvent]) -> str | None:
    words = segments(log) if call.is_transcribed else []
    return as_text(call.kind, words) if words else None
