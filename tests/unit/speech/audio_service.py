"""A strict double of an OpenAI-compatible audio service on loopback: it refuses what the real one would refuse."""

import contextlib
import email.parser
import email.policy
import io
import json
import threading
import wave
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-key"


@dataclass
class AudioService:
    """What it answers, and what it was asked."""

    words: str = "hello there"
    pcm: bytes = b""
    status: int = 200
    hang: threading.Event | None = None  # given: the answer waits for it
    breaks_off: bool = False  # half the answer, then nothing
    asked: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __enter__(self) -> "AudioService":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_gone: object) -> None:
        if self.hang is not None:
            self.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def transcription(self, content_type: str, body: bytes) -> bytes:
        raw = b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(raw)
        if not form.is_multipart():
            return self._refuse("not a multipart form")
        asked: dict[str, Any] = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if name == "file":
                with wave.open(io.BytesIO(content)) as sound:
                    asked["wav"] = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
                    asked["samples"] = sound.readframes(sound.getnframes())
                asked["filename"], asked["type"] = part.get_filename(), part.get_content_type()
            else:
                asked[str(name)] = content.decode()
        if not {"file", "model"} <= {"file" if "wav" in asked else "", *asked}:
            return self._refuse("file and model are required")
        if asked.keys() - {"wav", "samples", "filename", "type", "model", "language", "response_format"}:
            return self._refuse("unknown field")
        self.asked.append(asked)
        return json.dumps({"text": self.words}).encode()

    def speech(self, content_type: str, body: bytes) -> bytes:
        asked = json.loads(body)
        if content_type != "application/json" or asked.keys() != {"model", "voice", "input", "response_format"}:
            return self._refuse("not the fields of /audio/speech")
        if asked["response_format"] != "pcm":
            return self._refuse("only pcm is spoken here")
        self.asked.append(asked)
        return self.pcm

    def _refuse(self, problem: str) -> bytes:
        self.problems.append(problem)
        raise ValueError(problem)


def _handler(service: AudioService) -> type[BaseHTTPRequestHandler]:
    class Handler(_AudioRequest):
        asked_of = service

    return Handler


class _AudioRequest(BaseHTTPRequestHandler):
    asked_of: AudioService

    def do_POST(self) -> None:
        service = self.asked_of
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if service.hang is not None:
            service.hang.wait(30)
        status, answer = self._answer(service, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if answer[:1] == b"{" else "audio/pcm")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if service.breaks_off else answer)
        self.close_connection = True

    def _answer(self, service: AudioService, body: bytes) -> tuple[int, bytes]:
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return 401, json.dumps({"error": {"message": f"bad key {self.headers['Authorization']}"}}).encode()
        routes = {"/v1/audio/transcriptions": service.transcription, "/v1/audio/speech": service.speech}
        if self.path not in routes:
            return 404, b"{}"
        if service.status != 200:
            return service.status, b'{"error": {"message": "you said: my secret"}}'
        try:
            return 200, routes[self.path](self.headers["Content-Type"], body)
        except ValueError as problem:
            return 400, json.dumps({"error": {"message": str(problem)}}).encode()

    def log_message(self, *_line: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # some tests leave early
            super().handle()
