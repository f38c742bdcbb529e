"""What a player may have of a call: its recording's address, its peaks, its words, and the verdict on it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.calls.aftermath import ANALYSED, verdict
from server.calls.keepsakes import UNAVAILABLE, WORDS, CallKeepsakes, segments, states_of
from server.calls.participants import side_of
from server.calls.scene import call_body
from server.calls.store import Call, CallStore
from server.kit.clock import Clock
from server.kit.errors import AppError, Gone
from server.media.leg import Role
from server.recordings import Recordings, State
from server.sessions.grants import CallGrant, CallGrants, Session
from server.sessions.recording_links import RecordingLinks
from server.transcripts import Segment, as_srt, as_vtt

_COLUMNS = 800  # of the peaks that come with a call: more than a player's lanes have bars
_FORMS = {"vtt": as_vtt, "srt": as_srt}


@dataclass(frozen=True)
class Opened:
    """What a link opened: the session, and what `Replays.call` answers to it; None when that is a refusal."""

    session: Session
    replay: dict[str, object] | None


@dataclass(frozen=True)
class ReplayParts:
    store: CallStore
    keepsakes: CallKeepsakes
    recordings: Recordings
    players: CallGrants
    links: RecordingLinks
    clock: Clock


class Replays:
    """The application service behind the player. Every session is bound to one call."""

    def __init__(self, parts: ReplayParts, origin: str) -> None:
        """`origin`: the server's own, as browsers see it."""
        self._parts = parts
        self._origin = origin

    async def exchange(self, link: str) -> Opened:
        """Use a link up. Raises `link_invalid`, `link_expired`, `link_used`."""
        grant = await self._parts.players.exchange(link)
        session = await self._parts.players.session(grant)
        try:
            return Opened(session, await self._body(grant))
        except AppError:  # the link is used up: its page asks again with the session, and is told what is wrong
            return Opened(session, None)

    async def renew(self, session: str) -> Session:
        """For a page in use: its session must not end meanwhile. Raises `session_invalid`, `session_expired`."""
        return await self._parts.players.renew(session)

    async def call(self, session: str) -> dict[str, object]:
        """All but the sound: call, recording, its peaks at a glance, transcript, analysis.

        Raises `session_invalid`, `session_expired`, `recording_erased`.
        """
        return await self._body(await self._parts.players.verify(session))

    async def transcript(self, session: str, form: Literal["vtt", "srt"]) -> str:
        """The whole transcript as WebVTT or SubRip."""
        call = await self._call(session)
        return _FORMS[form](await self._parts.keepsakes.segments(call.id))

    async def _call(self, session: str) -> Call:
        grant = await self._parts.players.verify(session)
        return await self._parts.store.by_id(grant.call_id)

    async def _body(self, grant: CallGrant) -> dict[str, object]:
        call = await self._parts.store.by_id(grant.call_id)
        recording = await self._parts.recordings.of(call.id)
        if recording.state is State.ERASED:
            raise Gone("recording_erased", "This recording was erased.")
        log = (await self._parts.store.logs([call.id], [WORDS, UNAVAILABLE, ANALYSED]))[call.id]
        judged, states = verdict(log), states_of(call, recording.state, log)
        is_ready = recording.state is State.READY
        peaks = await self._parts.recordings.glance(call.id, _COLUMNS)
        return {
            "call": call_body(call, None, states, None, self._parts.clock.now()),
            "recording": {
                "state": recording.state.value,
                "url": await self._parts.links.link(call.id, self._origin, f"link:{grant.uid}") if is_ready else None,
                "duration_ms": recording.duration_ms,
                "mime": recording.mime,
            },
            "peaks": {
                "per_second": peaks.per_second,
                "values": base64.b64encode(peaks.values).decode(),
                "silences": peaks.silences,
            },
            "transcript": {
                "state": states["transcript"],
                "reason": states["transcript_reason"],
                "segments": _words(segments(log), call.kind),
            },
            "analysis": {"state": _analysis_state(call, judged is not None)} | (judged or {}),
        }


def _words(said: Sequence[Segment], kind: str) -> Sequence[dict[str, object]]:
    return [
        {
            "seq": seq,
            "role": one.role,
            "side": side_of(Role(one.role), kind).value,
            "t0_ms": one.t0_ms,
            "t1_ms": one.t1_ms,
            "text": one.text,
            "final": True,
        }
        for seq, one in enumerate(said, start=1)
    ]


def _analysis_state(call: Call, is_there: bool) -> str:
    if is_there:
        return "ready"
    return "processing" if call.is_analysed and call.answered_at is not None else "none"
