"""An OpenAI-compatible chat service on loopback: refuses what the API would refuse, streams what the script says."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_FIELDS = {"model", "messages", "tools", "stream"}
_ROLES = {"system", "user", "assistant", "tool"}


@dataclass
class Reply:
    """One scripted answer. `text` comes in small deltas, then `calls` as (name, arguments JSON)."""

    text: str = ""
    calls: Sequence[tuple[str, str]] = ()
    status: int = 200
    stall_at: int | None = None  # stop for good before this delta; -1: before the headers
    break_at: int | None = None  # close the connection before this delta
    garbage: bool = False


@dataclass
class ChatService:
    """`async with ChatService() as service:`; `service.script` holds the replies, `service.requests` what was asked."""

    key: str = "sk-test"
    model: str = "test-model"
    script: deque[Reply] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> "ChatService":
        self._over = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._over.set()
        self._server.close()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        start, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        problem = self._problem(start, headers, body)
        if problem:
            self.problems.append(problem)
            await self._send(writer, 400, json.dumps({"error": {"message": problem}}).encode())
            return
        self.requests.append(body)
        reply = self.script.popleft()
        if reply.stall_at == -1:
            await self._over.wait()
            return
        if reply.status != 200:
            await self._send(writer, reply.status, b'{"error": {"message": "scripted", "type": "server_error"}}')
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        await self._stream(writer, reply)

    def _problem(self, start: str, headers: dict[str, str], body: dict[str, Any]) -> str | None:
        if start.split(" ")[:2] != ["POST", "/v1/chat/completions"]:
            return f"no such route: {start}"
        if headers.get("authorization") != f"Bearer {self.key}":
            return "wrong key"
        if unknown := set(body) - _FIELDS:
            return f"unknown fields {unknown}"
        if body.get("model") != self.model or body.get("stream") is not True:
            return "wrong model, or not a stream"
        return _message_problem(body.get("messages")) or _tools_problem(body.get("tools"))

    async def _stream(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": reply.text[at : at + 5]} for at in range(0, len(reply.text), 5)]
        for index, (name, arguments) in enumerate(reply.calls):
            half = len(arguments) // 2
            function = {"name": name, "arguments": arguments[:half]}
            deltas.append(
                {"tool_calls": [{"index": index, "id": f"call_{index}", "type": "function", "function": function}]}
            )
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]})
        for number, delta in enumerate(deltas):
            if number == reply.stall_at:
                await self._over.wait()
                return
            if number == reply.break_at:
                return
            if reply.garbage and number == 1:
                writer.write(b"data: {this is not json\n\n")
            await self._event(writer, delta, None)
        await self._event(writer, {}, "tool_calls" if reply.calls else "stop")
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()

    async def _event(self, writer: asyncio.StreamWriter, delta: dict[str, Any], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": self.model, "choices": [choice]}
        writer.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await writer.drain()

    async def _send(self, writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()


def _message_problem(messages: Any) -> str | None:
    if not isinstance(messages, list) or not messages:
        return "no messages"
    awaited: set[str] = set()
    for message in messages:
        if message.get("role") not in _ROLES:
            return f"role {message.get('role')}"
        if message["role"] == "tool":
            if message.get("tool_call_id") not in awaited:
                return "a tool message answers no call"
            awaited.discard(message["tool_call_id"])
            continue
        if awaited:
            return "a tool call was not answered"
        if message["role"] == "assistant" and message.get("tool_calls"):
            awaited = {call["id"] for call in message["tool_calls"]}
            continue
        if not isinstance(message.get("content"), str) or not message["content"]:
            return f"a {message['role']} message without content"
    return "a tool call was not answered" if awaited else None


def _tools_problem(tools: Any) -> str | None:
    if tools is None:
        return None
    if not isinstance(tools, list) or not tools:
        return "tools must not be empty"
    for tool in tools:
        function = tool.get("function", {})
        if tool.get("type") != "function" or function.get("parameters", {}).get("type") != "object":
            return "a tool is not described as the API wants it"
    return None
