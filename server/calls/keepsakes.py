"""What calls leave behind, kept for real: recordings, and words in the log of their call."""

from collections.abc import Sequence
from typing import Any

from server.calls.capture import Capture, LegTranscriber, OnWords, Words
from server.calls.messages import Outgoing
from server.calls.orders import AI
from server.calls.participants import Participant
from server.calls.room import VOICELESS
from server.calls.store import Call, CallEvent, CallStore
from server.recordings import Recorder, Recordings, State
from server.speech.engines import SpeechEngines
from server.speech.port import SpeechToText
from server.transcripts import Heard, RecognitionQueue, Segment, Transcriber

UNAVAILABLE = "transcript.unavailable"
NOT_COVERED = "language_not_covered"
WORDS = "transcript.segment"


class CallKeepsakes:
    """Implements server.calls.call_services.Keepsakes."""

    def __init__(
        self, recordings: Recordings, store: CallStore, speech: SpeechEngines, queue: RecognitionQueue
    ) -> None:
        self._recordings = recordings
        self._store = store
        self._speech = speech
        self._queue = queue
        self._recorders: dict[int, Recorder] = {}
        self._uncovered: dict[int, str] = {}

    async def open(self, call: Call, on_words: OnWords) -> Capture:
        engine = self._speech.stt_for(call.language) if _hears_legs(call) else None
        if _hears_legs(call) and engine is None:
            self._uncovered[call.id] = NOT_COVERED
            await self._store.note(call.id, UNAVAILABLE, {"reason": NOT_COVERED})
        recorder = None
        if call.is_recorded:  # last: whoever could not come so far leaves no recording that nobody finishes
            recorder = self._recorders[call.id] = await self._recordings.start(call.id)

        def transcriber(participant: Participant, since_ms: int) -> LegTranscriber | None:
            return None if engine is None else self._transcriber(call, engine, participant, since_ms, on_words)

        return Capture(recorder, transcriber)

    def close(self, call: Call) -> None:
        """The call is over; from now on stored_states() knows."""
        self._recorders.pop(call.id, None)
        self._uncovered.pop(call.id, None)

    async def keep(self, call: Call, speaker: Participant, words: Words) -> int:
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
        return {"recording": recording} | _transcript_state(call, self._uncovered.get(call.id))

    async def stored_states(self, call: Call) -> dict[str, Any]:
        recording = await self._recordings.of(call.id)
        return states_of(call, recording.state, await self._store.events(call.id, of_type=UNAVAILABLE))

    async def segments(self, call_id: int) -> list[Segment]:
        """All that was said, in the order in which it was recognised."""
        return segments((await self._store.logs([call_id], [WORDS]))[call_id])

    def _transcriber(
        self, call: Call, engine: SpeechToText, participant: Participant, since_ms: int, on_words: OnWords
    ) -> LegTranscriber | None:
        if participant.role in VOICELESS:
            return None

        def heard(words: Heard) -> None:
            on_words(Words(words.id, participant.uid, words.text, words.final, words.t0_ms, words.t1_ms))

        return Transcriber(engine, self._speech.new_vad(), call.language, self._queue, heard, since_ms)


def segments(events: Sequence[CallEvent]) -> list[Segment]:
    """What the WORDS among `events` say."""
    return [
        Segment(event.payload["role"], event.payload["text"], event.payload["t0_ms"], event.payload["t1_ms"])
        for event in events
        if event.type == WORDS
    ]


def states_of(call: Call, recording: State, events: Sequence[CallEvent]) -> dict[str, Any]:
    """How far recording and transcript of a call are; `events` of its log, all that are UNAVAILABLE among them."""
    uncovered = next((str(event.payload["reason"]) for event in events if event.type == UNAVAILABLE), None)
    return {"recording": recording.value} | _transcript_state(call, uncovered)


def _hears_legs(call: Call) -> bool:
    """An AI agent hears for itself; people's legs are listened to."""
    return call.is_transcribed and call.kind != AI


def _transcript_state(call: Call, unavailable: str | None) -> dict[str, Any]:
    """`none` until somebody can have said something that may be kept."""
    state = "none"
    if call.is_transcribed and unavailable is not None:
        state = "unavailable"
    elif call.is_transcribed and call.answered_at is not None and call.may_be_kept:
        state = "ready" if call.is_over else "recording"
    return {"transcript": state, "transcript_reason": unavailable}
