"""Calls from one telephone of the virtual network to another: two lines, and the sound and keys between them."""

from server.kit.clock import Clock
from server.kit.tasks import TaskScope
from server.media.frame import FRAME_S
from server.media.mix import SILENCE
from server.telephony.port import Answered, Dtmf, Ended, PhoneEvent
from server.telephony.providers.virtual.line import VirtualLine


def put_through(calling: VirtualLine, called: VirtualLine, clock: Clock, tasks: TaskScope) -> None:
    """Answer, end and press at either line what happens at the other. `tasks` holds what that takes."""

    def hear_called(event: PhoneEvent) -> None:
        match event:
            case Answered():
                tasks.spawn(_talk(calling, called, clock), f"through {calling.id}")
            case Dtmf(digit):
                tasks.spawn(calling.send_dtmf(digit), "key")
            case Ended(end):
                tasks.spawn(calling.hangup() if calling.is_answered else calling.reject(end), "end")

    def hear_calling(event: PhoneEvent) -> None:
        match event:
            case Dtmf(digit):
                tasks.spawn(called.send_dtmf(digit), "key")
            case Ended():
                tasks.spawn(called.hangup(), "end")

    calling.listen(hear_calling)
    called.listen(hear_called)


async def _talk(calling: VirtualLine, called: VirtualLine, clock: Clock) -> None:
    """A frame each way every 20 ms, until one of the two is over. A loop that was late does not hurry after."""
    await calling.answer()
    due = clock.monotonic()
    while not (calling.over.is_set() or called.over.is_set()):
        said, answered = calling.read(), called.read()
        called.write(SILENCE if said is None else said)
        calling.write(SILENCE if answered is None else answered)
        due = max(due + FRAME_S, clock.monotonic())
        await clock.sleep(due - clock.monotonic())
