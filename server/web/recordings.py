"""Recordings over HTTP: `/recordings/bridge_<call id>.mp3` under a signed address, as a whole or in ranges."""

from collections.abc import AsyncIterator
from email.utils import format_datetime
from typing import Protocol

from quart import Blueprint, Response, request

from server.recordings import Recordings
from server.recordings.mp3 import MIME
from server.sessions.recording_links import RecordingClaim, RecordingLinks
from server.storage.objects import ObjectInfo
from server.web.byte_ranges import Span, Unsatisfiable, is_still, span_of

SENDING_TIMEOUT_S = 3_600  # as long as the address is valid: a player takes what it plays, no faster
_ID_MAX = 2**63 - 1  # what a database takes

# The address itself is the permission, and nothing of the reader's goes with the request: any page may play it.
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Audience(Protocol):
    """Who keeps in mind who heard what."""

    async def note(self, call_id: int, claim: RecordingClaim, *, is_download: bool) -> None: ...


def recordings(stored: Recordings, links: RecordingLinks, audience: Audience) -> Blueprint:
    routes = Blueprint("recordings", __name__)

    @routes.after_request
    async def _readable(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    @routes.get(f"/recordings/bridge_<int(max={_ID_MAX}):call_id>.mp3")
    async def recording(call_id: int) -> Response:
        """The file; with `download=1` for keeping. HEAD says what GET would."""
        claim = await links.verify(call_id, request.args.get("token", ""))
        info = await stored.info(call_id)
        etag, last_modified = f'"{info.etag}"', format_datetime(info.modified_at, usegmt=True)
        headers = {"ETag": etag, "Last-Modified": last_modified, "Content-Disposition": _disposition(call_id)}
        if etag in {each.strip() for each in request.headers.get("If-None-Match", "").split(",")}:
            return Response(b"", 304, headers)
        try:
            span = _asked(info, last_modified)
        except Unsatisfiable:
            return Response(b"", 416, headers | {"Content-Range": f"bytes */{info.size}"}, content_type=MIME)
        start, end = (span.start, span.end) if span else (0, info.size)
        if span:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{info.size}"
        headers["Content-Length"] = str(end - start)
        body: AsyncIterator[bytes] | bytes = b""
        if request.method != "HEAD":
            await audience.note(call_id, claim, is_download=_is_download())
            body = await stored.open(call_id, start, end)
        response = Response(body, 206 if span else 200, content_type=MIME)
        response.headers.update(headers)
        response.timeout = SENDING_TIMEOUT_S
        return response

    return routes


def _asked(info: ObjectInfo, last_modified: str) -> Span | None:
    if not is_still(request.headers.get("If-Range"), info.etag, last_modified):
        return None
    return span_of(request.headers.get("Range"), info.size)


def _is_download() -> bool:
    return request.args.get("download") == "1"


def _disposition(call_id: int) -> str:
    kind = "attachment" if _is_download() else "inline"
    return f'{kind}; filename="bridge_{call_id}.mp3"'
