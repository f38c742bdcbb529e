"""What a call has left behind so far: its recording's address, its words as text, the verdict on it."""

from server.calls.aftermath import Aftermath
from server.calls.keepsakes import CallKeepsakes
from server.calls.phonevoice import Artefacts
from server.calls.store import Call
from server.recordings import Recordings, State
from server.sessions.recording_links import RecordingLinks
from server.transcripts import as_text


class CallArtefacts:
    def __init__(
        self,
        keepsakes: CallKeepsakes,
        aftermath: Aftermath,
        recordings: Recordings,
        links: RecordingLinks,
        origin: str,
    ) -> None:
        """`origin`: the server's own, for the addresses it gives out."""
        self._keepsakes = keepsakes
        self._aftermath = aftermath
        self._recordings = recordings
        self._links = links
        self._origin = origin

    async def of(self, call: Call, actor: str = "webhook") -> Artefacts:
        """All that is there now; links are good for an hour, and known as given to `actor`."""
        recording = await self._recordings.of(call.id)
        is_ready = recording.state is State.READY
        return Artefacts(
            recording_url=await self._links.link(call.id, self._origin, actor) if is_ready else None,
            transcription=await self.transcription(call),
            transcription_url=f"{self._origin}/api/v1/phone_calls/{call.id}/transcript",
            analysis=await self._aftermath.analysis(call.id),
        )

    async def transcription(self, call: Call) -> str | None:
        """All words, a line a segment (P-093); None while there are none."""
        words = await self._keepsakes.segments(call.id) if call.is_transcribed else []
        return as_text(call.kind, words) if words else None
