"""What calls leave behind, kept for real: recordings, and words in the log of their call."""

from typing import Any

from server.calls.capture import Capture, OnWords, Words
from server.calls.messages import Outgoing
from server.calls.participants import Participant
from server.calls.store import Call, CallStore
from server.recordings import Recorder, Recordings, State

WORDS = "transcript.segment"


class CallKeepsakes:
    """Implements server.calls.call_services.Keepsakes."""

    def __init__(self, recordings: Recordings, store: CallStore) -> None:
        self._recordings = recordings
        self._store = store
        self._recorders: dict[int, Recorder] = {}
        self._spoken: set[int] = set()

    async def open(self, call: Call, on_words: OnWords) -> Capture:
        recorder = None
        if call.is_recorded:
            recorder = self._recorders[call.id] = await self._recordings.start(call.id)
        return Capture(recorder, lambda participant: None)

    def close(self, call: Call) -> None:
        """The call is over; from now on stored_states() knows."""
        self._recorders.pop(call.id, None)
        self._spoken.discard(call.id)

    async def keep(self, call: Call, speaker: Participant, words: Words) -> int:
        self._spoken.add(call.id)
        segment = words.message(speaker)
        del segment["type"], segment["seq"]
        return await self._store.note(call.id, WORDS, segment)

    async def words_since(self, call_id: int, seq: int) -> list[Outgoing]:
        events = await self._store.events(call_id, seq, WORDS)
        return [{"type": "segment", **event.payload, "seq": event.seq} for event in events]

    def states(self, call: Call) -> dict[str, Any]:
        recorder = self._recorders.get(call.id)
        recording = State.NONE.value
        if recorder is not None:
            live = "paused" if recorder.is_paused else State.RECORDING.value
            recording = State.FAILED.value if recorder.has_failed else live
        return {"recording": recording} | self._words_state(call.id in self._spoken, call.is_over)

    async def stored_states(self, call: Call) -> dict[str, Any]:
        recording = await self._recordings.of(call.id)
        has_words = bool(await self._store.events(call.id, of_type=WORDS))
        return {"recording": recording.state.value} | self._words_state(has_words, call.is_over)

    def _words_state(self, has_words: bool, is_over: bool) -> dict[str, Any]:
        state = ("ready" if is_over else "recording") if has_words else "none"
        return {"transcript": state, "transcript_reason": None}
