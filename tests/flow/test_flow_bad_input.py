"""Whatever arrives, the answer is the one form with a documented code, never a traceback, and the server goes on."""

import asyncio
import contextlib
import json
import random
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.fixtures.application import CONSENT, OPENING, SHOP, WAIT_S, Page, Running, refusal

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "errors.md"
DOCUMENTED = {
    (int(status), code) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", REFERENCE.read_text(), re.M)
}
JUNK = random.Random(20260302).randbytes(1_000)  # the same bytes every time
POSTED = [
    "/widget/sessions",
    "/widget/sessions/connect",
    "/widget/messages",
    "/widget/sessions/end",
    "/widget/sessions/rating",
]
NO_JSON = [
    JUNK,
    b"{",
    b"{'mode': 'text'}",
    b"nul",
    b'{"mode": "text"}}',
    b"\xff\xfe{\x00}\x00",
    b"[" * 50_000,
    b'{"a":' * 10_000,
    b'{"text": "\\ud800"}',
]
NO_OBJECT = [b"[]", b"null", b"42", b'"text"', b"true"]


def understood(answer: httpx.Response) -> tuple[int, str]:
    """A refusal in the one form, with a documented code, that shows nothing of our insides."""
    found = refusal(answer)
    assert found in DOCUMENTED or (found[0] == 422 and (400, found[1]) in DOCUMENTED), found
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    return found


async def still_answers(page: Page) -> None:
    answer = await page.post("/widget/messages", {"id": "after", "text": "When do you open?"})
    assert answer.json()["messages"][-1]["text"] == OPENING


@pytest.fixture
async def page(running: Running) -> Page:
    page = running.page()
    await page.open(running.tenant)
    return page


async def test_what_is_no_json_is_refused_on_every_route(page: Page) -> None:
    for path in POSTED:
        for body in NO_JSON:
            assert understood(await page.post(path, body)) == (400, "invalid_json"), (path, body[:20])
        for body in NO_OBJECT:
            assert understood(await page.post(path, body)) == (400, "invalid_request"), (path, body)
    await still_answers(page)


async def test_junk_on_every_route_by_every_method(running: Running, page: Page) -> None:
    paths = {re.sub(r"<[^>]+>", "1", rule.rule) for rule in running.app.url_map.iter_rules() if not rule.websocket}
    routes = running.app.url_map.bind("")
    for path in sorted(paths):
        methods = set(routes.allowed_methods(path))  # of every route that takes this path; none where 1 fits no place
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            answer = await running.page().ask(method, path, JUNK)
            assert answer.status_code < 500, (method, path, answer.text)
            if answer.status_code >= 400:
                understood(answer)
            if methods and method not in methods:
                assert refusal(answer) == (405, "method_not_allowed"), (method, path)
                assert answer.headers["Allow"]
    await still_answers(page)


WISH: dict[str, Any] = {"key": "", "mode": "text", "consent": CONSENT}
WRONG_FIELDS: list[tuple[str, dict[str, Any], str]] = [
    ("/widget/sessions", {"mode": "song"}, "mode"),
    ("/widget/sessions", {"mode": None}, "mode"),
    ("/widget/sessions", {"key": 7}, "key"),
    ("/widget/sessions", {"key": "k" * 2_001}, "key"),
    ("/widget/sessions", {"consent": "1"}, "consent"),
    ("/widget/sessions", {"consent": {"version": 1}}, "consent.version"),
    ("/widget/sessions", {"page": ["/"]}, "page"),
    ("/widget/sessions", {"greeting": "x" * 301}, "greeting"),
    ("/widget/sessions", {"language": ["fr"]}, "language"),
    ("/widget/sessions", {"metadata": {"n": 1}}, "metadata.n"),
    ("/widget/sessions", {"metadata": {str(n): "" for n in range(21)}}, "metadata"),
    ("/widget/sessions", {"offer": "x" * 40_000, "mode": "voice"}, "offer"),
    ("/widget/sessions/connect", {}, "offer"),
    ("/widget/sessions/connect", {"offer": None}, "offer"),
    ("/widget/messages", {"id": 1, "text": "x"}, "id"),
    ("/widget/messages", {"id": "c1"}, "text"),
    ("/widget/sessions/rating", {"score": 0}, "score"),
    ("/widget/sessions/rating", {"score": 10**30}, "score"),
    ("/widget/sessions/rating", {"score": "5"}, "score"),
    ("/widget/sessions/rating", {"score": 4.5}, "score"),
    ("/widget/sessions/rating", {"score": True}, "score"),
    ("/widget/sessions/rating", {"score": 3, "comment": "x" * 1_001}, "comment"),
]


async def test_wrong_fields_are_named(running: Running, page: Page) -> None:
    for path, fields, name in WRONG_FIELDS:
        body = {**WISH, "key": running.tenant.public_key, **fields} if path == "/widget/sessions" else fields
        answer = await page.post(path, body)
        assert understood(answer) == (400, "invalid_request"), (path, fields)
        assert name in [detail["field"] for detail in answer.json()["details"]], answer.text
    await still_answers(page)


async def test_texts_have_limits(page: Page) -> None:
    wrong = [("c1", ""), ("c1", " \n "), ("c1", "x" * 2_001), ("", "Hi"), ("c" * 65, "Hi")]
    for key, text in wrong:
        refused = await page.post("/widget/messages", {"id": key, "text": text})
        assert understood(refused) == (400, "invalid_message"), (key, text)
    longest = await page.post("/widget/messages", {"id": "c" * 64, "text": "x" * 2_000})
    assert longest.status_code == 200


STRANGE = ["\u0000", "a\u0000b", "\u202e\u2066", "\ufffe", "🏳️‍🌈" * 20, "'; DROP TABLE tenants; --", "{{7*7}}", "%00%0a"]


async def test_strange_texts_are_taken_or_refused_but_never_break_anything(running: Running, page: Page) -> None:
    await running.parloir.tenants.set_agent(running.tenant.tenant_id, "support", {"consent_required": False})
    for text in STRANGE:
        wish = {
            "key": running.tenant.public_key,
            "mode": "text",
            "language": text[:12],
            "greeting": text,
            "consent": {"version": text[:40]},
            "page": {"path": text, "title": text},
            "metadata": {text: text},
        }
        other = running.page()
        opened = await other.post("/widget/sessions", wish)
        if opened.status_code == 201:
            other.token = opened.json()["session"]["token"]
            assert (await other.get("/widget/sessions/current")).status_code == 200
            await other.post("/widget/sessions/rating", {"score": 1, "comment": text})
            await other.post("/widget/sessions/end", {})
        else:
            assert understood(opened) == (400, "invalid_request"), opened.text
        for field in ("key", "agent", "tenant"):
            names = {"key": running.tenant.public_key} | {field: text}
            assert understood(await page.get("/widget/config", params=names))[0] < 500, names
        written = await page.post("/widget/messages", {"id": text[:60], "text": text})
        assert written.status_code in (200, 400), written.text
    await still_answers(page)


SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
OFFERS = [
    "",
    "v=0",
    JUNK.decode("latin-1"),
    SDP,
    SDP + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n",
    SDP + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n",
    "m=audio\r\n" * 3_000,
]


async def test_an_offer_that_makes_no_sense_spends_nothing(running: Running, page: Page) -> None:
    wish = {**WISH, "key": running.tenant.public_key, "mode": "voice"}
    assert understood(await page.post("/widget/sessions", wish)) == (400, "invalid_sdp")
    for offer in OFFERS:
        refused = await page.post("/widget/sessions", {**wish, "offer": offer})
        assert understood(refused) == (400, "invalid_sdp"), offer[:40]
        assert understood(await page.post("/widget/sessions/connect", {"offer": offer})) == (400, "invalid_sdp")
    assert len(running.parloir.live) == 1  # the page's own
    await still_answers(page)


async def test_bodies_over_64_kb_are_refused_however_they_come(running: Running, page: Page) -> None:
    """Refused as soon as it is clear that they are too large: the rest is not waited for."""
    largest = 64 * 1024
    announced = f"Content-Length: {largest + 1}\r\n\r\n".encode()
    in_pieces = f"Transfer-Encoding: chunked\r\n\r\n{largest + 1:x}\r\n".encode() + b"x" * (largest + 1)
    for path in POSTED:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: {SHOP}\r\nAuthorization: Bearer {page.token}\r\n"
        for rest in (announced, in_pieces):
            answer = await raw(running, head.encode() + rest, ends=False)
            assert answer.startswith(b"HTTP/1.1 413 "), (path, answer)
            body = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert body["code"] == "too_large"
            assert f"access-control-allow-origin: {SHOP}".encode() in answer.lower()
        just_fits = await page.post(path, b'{"a": "' + b"x" * (largest - 9) + b'"}')
        assert just_fits.status_code in (200, 400), path
        await page.open(running.tenant)
    await still_answers(page)


async def raw(running: Running, request: bytes, ends: bool = True) -> bytes:
    """What the port answers to `request` until it closes the connection. `ends`: no more will come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(running.url.rpartition(":")[2]))
    writer.write(request)
    if ends:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), WAIT_S)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


TOKENS = ["x", "e30.e30.e30", "eyJhbGciOiJub25lIn0.e30.", "." * 500, "Bearer", "é", "x" * 6_000]


async def test_tokens_that_are_none_of_ours(running: Running, page: Page) -> None:
    for token in [*TOKENS, running.tenant.public_key, running.tenant.secret_key, (page.token or "")[:-6] + "AAAAAA"]:
        for authorization in (f"Bearer {token}", f"Basic {token}", token):
            headers = {"Authorization": authorization.encode()}
            answer = await running.page().get("/widget/sessions/current", headers=headers)
            assert understood(answer) == (401, "session_invalid"), authorization
    await still_answers(page)


async def test_origins_that_are_none(running: Running, page: Page) -> None:
    for origin in ["null", "*", "https://", "https://shop.example/path", "https://shop.example@evil.example", "é" * 50]:
        headers = {"Origin": origin.encode()}
        answer = await running.page().get("/widget/config", params={"key": running.tenant.public_key}, headers=headers)
        assert understood(answer) == (403, "origin_not_allowed"), origin
    await still_answers(page)


async def test_bytes_that_are_no_http(running: Running, page: Page) -> None:
    for request in (
        JUNK + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /widget/messages HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /" + b"x" * 100_000,
    ):
        answer = await raw(running, request)
        assert not answer or answer.startswith(b"HTTP/1.1 4"), answer
        assert b"Traceback" not in answer
    await still_answers(page)


async def test_junk_on_a_socket_before_the_hello(running: Running, page: Page) -> None:
    first: list[str | bytes] = [
        JUNK,
        b"",
        "",
        "{",
        "[]",
        "42",
        '"hello"',
        '{"type": "hello", "token": 7}',
        "[" * 10_000,
    ]
    first += ['{"type": "hello", "since": -1}', '{"type": "hello", "since": true}', '{"type": "hello", "since": 1e400}']
    for message in first:
        async with running.page().socket() as socket:
            await socket.connection.send(message)
            assert await socket.closed() == (1008, []), message
    for message in ['{"type": "hello"}', '{"type": "ping"}', '{"type": "text", "id": "c1", "text": "Hi"}']:
        async with running.page().socket() as socket:
            await socket.connection.send(message)
            assert await socket.closed() == (4408, []), message
    for token in [*TOKENS, "\x00", "\ud800", running.tenant.public_key]:
        async with running.page().socket() as socket:
            await socket.send({"type": "hello", "token": token})
            assert await socket.closed() == (4401, []), token
    await still_answers(page)


async def test_junk_on_a_socket_does_not_end_the_conversation(page: Page) -> None:
    wrong: list[str | bytes] = [
        JUNK,
        b"",
        "",
        JUNK.decode("latin-1"),
        "{",
        "null",
        "{}",
        '{"type": []}',
        '{"type": "dance"}',
    ]
    wrong += ['{"type": "text"}', '{"type": "text", "id": "c1", "text": ""}', '{"type": "mute", "on": "yes"}']
    wrong += ['{"type": "text", "id": "c1", "text": "' + "x" * 20_000 + '"}', '{"type": "hello", "since": 1.5}']
    async with page.socket() as socket:
        await socket.until(lambda message: message["type"] == "state")
        for message in wrong:
            await socket.connection.send(message)
            answer = await socket.receive()
            assert (answer["type"], answer["code"]) == ("error", "invalid_message"), message
            assert answer["message"]
        for text in ["\ud800", *STRANGE]:
            await socket.send({"type": "text", "id": text[:60], "text": f"{text} when do you open?"})
            seen = await socket.until(lambda m: m == {"type": "state", "state": "listening"})
            assert any(m["type"] == "message" and m["role"] == "agent" and m["final"] for m in seen), text
    await still_answers(page)


async def test_a_history_asked_for_from_the_end_of_time(page: Page) -> None:
    async with page.socket(since=2**53 - 1) as socket:
        assert await socket.receive() == {"type": "state", "state": "listening"}
    await still_answers(page)


async def test_frames_that_are_too_large_or_no_text(page: Page) -> None:
    async with page.socket() as socket:
        await socket.until(lambda message: message["type"] == "state")
        await socket.connection.send("x" * 70_000)
        code, _ = await socket.closed()
        assert code == 1009
    async with page.socket() as socket:
        await socket.until(lambda message: message["type"] == "state")
        await socket.connection.send(JUNK, text=True)
        code, _ = await socket.closed()
        assert code in (1006, 1007)  # it breaks the WebSocket protocol itself
    await still_answers(page)


async def test_an_upgrade_elsewhere_and_a_socket_without_upgrade(running: Running, page: Page) -> None:
    assert understood(await page.get("/widget/socket"))[0] in (400, 404, 405)
    for path in ("/widget/nothing", "/widget/config", "/healthz"):
        with pytest.raises(InvalidStatus) as refused:
            async with Page(page.http, page.url + path).socket():
                pass
        assert refused.value.response.status_code in (403, 404, 405)
    await still_answers(page)


async def test_requests_at_once_with_junk_between_them_all_get_their_own_answer(running: Running, page: Page) -> None:
    async def one(number: int) -> bool:
        if number % 2:
            return (await page.post("/widget/messages", JUNK)).status_code == 400
        answer = await page.post("/widget/messages", {"id": f"c{number}", "text": f"Do you ship to Spain? {number}"})
        return bool(answer.json()["messages"][0]["text"].endswith(str(number)))

    assert all(await asyncio.gather(*(one(number) for number in range(20))))
    current = (await page.get("/widget/sessions/current")).json()
    users = [message["text"] for message in current["conversation"]["messages"] if message["role"] == "user"]
    assert len(users) == 10
    assert json.dumps(users).count("Spain") == 10
