"""How many widget sessions a second one process opens, beside a bare Quart route answering JSON.

    python -m bench.sessions

Both serve from a process of their own on loopback; the same client asks both, a few requests at a time.
"""

import asyncio
import contextlib
import multiprocessing
import tempfile
import time
from pathlib import Path

import httpx
import uvloop
from quart import Quart, jsonify, request

from server.app import Parloir, create_app
from server.kit.log import configure_logging
from server.settings import Settings
from server.storage.rate import Rate
from server.web.assets import AssetManifest, build
from server.web.pages import StartPage
from server.web.serving import Listener
from tests.fixtures.servers import free_port

ORIGIN = "https://shop.example"
AT_ONCE = 8
BATCH = 80  # within the lines of the plan
BATCHES = 8
UNLIMITED = Rate(per_minute=10_000_000)


def serve_bare(port: int, _ready: object) -> None:
    app = Quart("bare")

    @app.post("/widget/sessions")
    async def answer() -> object:
        return jsonify({"asked": (await request.get_json())["mode"]})

    uvloop.run(Listener(app, "127.0.0.1", port).run())


def serve_parloir(port: int, ready: "multiprocessing.connection.Connection") -> None:
    async def serve() -> None:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data_dir=Path(folder), port=port)
            async with Parloir.open(settings) as parloir:
                await parloir.migrate()
                made = await parloir.tenants.create("Bench", [ORIGIN], "enterprise")
                # The limits are what visitors meet first; here we want what is behind them.
                parloir.sessions._per_address = parloir.sessions._per_tenant = UNLIMITED
                app = create_app(parloir, StartPage(settings.origin), AssetManifest.load())
                ready.send(made.public_key)
                await Listener(app, "127.0.0.1", port).run()

    configure_logging("ERROR", as_json=False)
    uvloop.run(serve())


async def requests_per_s(port: int, key: str) -> float:
    """Text sessions opened a batch at a time; each batch is ended uncounted, so that the plan's lines stay free."""
    headers = {"Origin": ORIGIN}
    body = {"key": key, "mode": "text", "language": "en", "consent": {"version": "1"}}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:

        async def several(count: int) -> list[str]:
            tokens = []
            for _ in range(count):
                answer = await client.post("/widget/sessions", json=body)
                assert answer.status_code < 300, answer.text
                tokens.append(answer.json().get("session", {}).get("token"))
            return tokens

        async def batch() -> float:
            """Seconds that BATCH sessions took, AT_ONCE at a time."""
            began = time.perf_counter()
            opened = await asyncio.gather(*(several(BATCH // AT_ONCE) for _ in range(AT_ONCE)))
            took = time.perf_counter() - began
            for token in (token for tokens in opened for token in tokens if token):
                await client.post("/widget/sessions/end", json={}, headers={"Authorization": f"Bearer {token}"})
            return took

        await batch()  # to warm up
        took = [await batch() for _ in range(BATCHES)]
    return BATCHES * BATCH / sum(took)


def measured(serve: object) -> float:
    port = free_port()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(port, theirs), daemon=True)
    process.start()
    try:
        key = ours.recv() if serve is serve_parloir else ""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1)
                break
            time.sleep(0.05)
        return asyncio.run(requests_per_s(port, key))
    finally:
        process.kill()
        process.join()


def main() -> None:
    build()
    bare = measured(serve_bare)
    ours = measured(serve_parloir)
    print(f"bare Quart route:        {bare:7.0f} requests/s")
    print(f"widget sessions opened:  {ours:7.0f} a second, {ours / bare:.2f} of the bare route")
    print("(each: origin decision, limits, lease and conversation stored in SQLite, agent greeted, token signed)")


if __name__ == "__main__":
    main()
