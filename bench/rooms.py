"""What a leg costs in rooms of two and of six where everybody talks, and how late the ticks are, up to a full core.

    python -m bench.rooms

The measured process keeps one core, the browsers (packets encoded beforehand) the other. Beside each figure: as many
encoders and decoders of libopus alone, each woken every 20 ms, in the same run. Takes about a minute.
"""

import asyncio
import json
import os
import sys
import time
from typing import cast

import numpy as np
import uvloop

from bench.legs import LOOPBACK, LOSSLESS, BareLibopus, Measured, Page, share, speech
from server.browser import BrowserPeer, MediaNetwork
from server.calls.room import Room
from server.calls.room_clock import CATCH_UP_TICKS, RoomClock
from server.kit.clock import SystemClock
from server.media.frame import FRAME_S, Frame
from server.media.leg import Role
from server.media.opus import OpusEncoder

SIZES = (2, 6)
STEPS = (1, 12, 24, 48, 60, 72)
SETTLE_S = 1.0
MEASURE_S = 2.5
TRIES = 3  # somebody else on this machine may have been at it
HEARD_S = FRAME_S  # a tick this late is a gap for somebody


class Rooms:
    """Rooms of `size` browser legs, filled one after the other."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._clock = SystemClock()
        self.late_s: list[float] = []
        self._rooms = RoomClock(self._clock, self.late_s.append)
        self._filling: list[Room] = []
        self._peers: list[BrowserPeer] = []

    async def answer(self, offer: str) -> str:
        network = MediaNetwork(bind_addresses=(LOOPBACK,))
        number = len(self._peers)
        peer = await BrowserPeer.answer(
            offer, leg_id=f"page {number}", network=network, clock=self._clock, role=Role.TALK
        )
        self._peers.append(peer)
        if number % self._size == 0:
            self._filling.append(Room())
            self._rooms.join(self._filling[-1])
        self._filling[-1].add(peer.leg)
        return peer.answer_sdp

    async def close(self) -> None:
        await self._rooms.close()
        await asyncio.gather(*(room.close() for room in self._filling))
        await asyncio.gather(*(peer.close() for peer in self._peers))


class Codecs:
    """libopus alone: a frame in and one out for each leg, every 20 ms; nothing between them."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames
        self.late_s: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def answer(self, _offer: str) -> str:
        self._tasks.append(asyncio.create_task(self._run(len(self._tasks))))
        return ""

    async def _run(self, number: int) -> None:
        codec = BareLibopus(self._frames)
        due = time.monotonic() + FRAME_S * (number % 4) / 4
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.late_s.append(max(0.0, time.monotonic() - due))
            codec.frame()
            due = max(due + FRAME_S, time.monotonic() - CATCH_UP_TICKS * FRAME_S)  # as rooms leave out ticks

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()


async def serve(kind: str) -> None:
    """The measured process; as bench.legs's, and tells the p99 of lateness, and how many ticks, since then."""
    lines: asyncio.Queue[str] = asyncio.Queue(64)
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: lines.put_nowait(sys.stdin.readline()))
    measured = Codecs(speech()) if kind == "libopus" else Rooms(int(kind))
    while line := await lines.get():
        asked = json.loads(line)
        answer: object
        if asked["ask"] == "cpu":
            answer = time.process_time()
        elif asked["ask"] == "late":
            answer = [float(np.percentile(measured.late_s or [0.0], 99)), len(measured.late_s)]
            measured.late_s.clear()
        else:
            answer = await measured.answer(asked["offer"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    loop.remove_reader(sys.stdin.fileno())
    await measured.close()


async def late_s(measured: Measured) -> tuple[float, int]:
    """(lateness p99 in seconds, ticks) since it was last asked."""
    late, ticks = cast("list[float]", await measured.ask(ask="late"))
    return late, int(ticks)


async def alone(core: int) -> dict[int, tuple[float, float]]:
    """(share of a core per leg, lateness p99 in seconds) of libopus alone, by the number of legs."""
    measured, found, legs = Measured("libopus", core, "bench.rooms"), {}, 0
    try:
        for step in STEPS:
            for _ in range(step - legs):
                await measured.ask(ask="answer", offer="")
            legs = step
            await asyncio.sleep(SETTLE_S / 2)
            await late_s(measured)
            cpu = await measured.cpu_s()
            await asyncio.sleep(MEASURE_S / 2)
            spent = await measured.cpu_s() - cpu
            late, frames = await late_s(measured)
            found[step] = spent / (frames * FRAME_S), late  # for the frames it did: on a busy machine not all
        return found
    finally:
        measured.end()


async def climb(size: int, core: int, packets: list[bytes], reference: dict[int, tuple[float, float]]) -> int:
    """The most legs of STEPS, in rooms of `size`, with ticks in time and nearly every packet arriving."""
    measured = Measured(str(size), core, "bench.rooms")
    pages: list[Page] = []
    carried = 0
    try:
        for step in STEPS:
            while len(pages) < step:
                pages.append(await measured.add(packets))
            await asyncio.sleep(SETTLE_S)
            per_leg, late, back = await measure(measured, pages)
            for _ in range(TRIES - 1):
                if late <= HEARD_S and back >= LOSSLESS:
                    break
                per_leg, late, back = await measure(measured, pages)
            bare, bare_late = reference[step]
            print(
                f"{size:8d} {step:5d} {per_leg:9.2%} {bare:9.2%} {per_leg / bare:6.2f} x"
                f" {late * 1e3:9.1f} ms {bare_late * 1e3:7.1f} ms {back:9.2%}",
                flush=True,
            )
            if late <= HEARD_S and back >= LOSSLESS:
                carried = step
            elif bare_late <= HEARD_S:  # else libopus alone is late too: the machine is busy, and not with us
                break
        return carried
    finally:
        await asyncio.gather(*(page.close() for page in pages))
        measured.end()


async def measure(measured: Measured, pages: list[Page]) -> tuple[float, float, float]:
    """(share of a core per leg, lateness p99 in seconds, share of the packets that came)."""
    await late_s(measured)
    per_leg, back = await share(measured, pages, MEASURE_S)
    return per_leg, (await late_s(measured))[0], back


async def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    encoder = OpusEncoder()
    packets = [encoder.encode(frame) for frame in speech()]
    reference = await alone(cores[0])
    print(f"rooms of  legs  CPU a leg   libopus  ratio  tick late p99   libopus   arrived   ({os.cpu_count()} cores)")
    carried = {size: await climb(size, cores[0], packets, reference) for size in SIZES}
    for size, legs in carried.items():
        print(f"one core carries {legs} legs in rooms of {size}, ticks within {HEARD_S * 1e3:.0f} ms (p99)")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        os.sched_setaffinity(0, {int(sys.argv[2])})
        uvloop.run(serve(sys.argv[1]))
    else:
        asyncio.run(main())
