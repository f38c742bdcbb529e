"""One live conversation: an agent, the visitor's voice path and pages, one journal, one owner, one close()."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from server.agents.port import AgentEngine, Brief
from server.calls.control import End, Hello, Incoming, Interrupt, Mute, Outgoing, Ping, Talk, Text
from server.calls.journal import ControlChannel, Journal
from server.calls.metrics import CallMetrics
from server.calls.voice import VoicePath
from server.conversations import Conversations
from server.kit.clock import Clock
from server.kit.errors import Gone
from server.kit.log import logger
from server.kit.tasks import TaskScope

_log = logger(__name__)

ANSWERS_REMEMBERED = 64
ANSWER_TIMEOUT_S = 20.0
WATCH_EVERY_S = 1.0
TOUCH_EVERY_S = 10.0


class Lease(Protocol):
    """The visitor's claim on this conversation, kept in the database."""

    async def touch(self, session_uid: str) -> None:
        """Say that the conversation is alive."""
        ...

    async def end(self, session_uid: str, reason: str) -> None:
        """Give the claim back."""
        ...


@dataclass(frozen=True)
class Limits:
    """How long a conversation may be left alone, and how long it may last.

    `resume_s` counts from when the last connection is gone; `text_idle_s` from the last request of a page that
    never had a connection, and of which we cannot see whether it is still there.
    """

    resume_s: float = 60
    text_idle_s: float = 900
    longest_s: float = 3_600


@dataclass(frozen=True)
class Services:
    """What every conversation of this process shares."""

    conversations: Conversations
    lease: Lease
    clock: Clock
    limits: Limits
    new_voice_path: Callable[[TaskScope], VoicePath]
    metrics: CallMetrics


class LiveConversation:
    """Owns the agent session, the voice path, the journal and every task of one conversation.

    `end()` happens once, whoever asks for it, and closes. `close()` alone leaves the stored conversation open,
    so that it can go on after a restart.
    """

    def __init__(self, session_uid: str, brief: Brief, engine: AgentEngine, services: Services) -> None:
        self.uid = brief.conversation_uid
        self.session_uid = session_uid
        self.ended = asyncio.Event()
        self.closed = asyncio.Event()
        self._services = services
        self._clock = services.clock
        self._tasks = TaskScope(self.uid)
        self._journal = Journal(self.uid, services.conversations, services.metrics.measured, self._end_soon)
        self._agent = engine.open(brief, self._journal.record)
        self._voice = services.new_voice_path(self._tasks)
        self._answers: dict[str, asyncio.Future[list[Outgoing]]] = {}
        self._ending: asyncio.Task[None] | None = None
        self._started_at = self._seen_at = self._clock.monotonic()
        self._touched_at = self._started_at

    def start(self) -> None:
        """Begin to work; the agent greets as soon as a page listens or is asked in writing."""
        self._tasks.spawn(self._journal.run(), "journal")
        self._tasks.spawn(self._watch(), "watch")

    @property
    def has_voice(self) -> bool:
        return self._voice.is_connected

    async def connect(self, offer: str) -> str:
        """Answer a page's SDP offer; an earlier peer connection of this conversation is closed."""
        self._refuse_when_ended()
        self._seen()
        answer = await self._voice.connect(offer, self._agent.leg, self._take_control, self._voice_changed, self.leave)
        if self.closed.is_set():
            await self._voice.close()
        self._refuse_when_ended()
        return answer

    async def greet_in_text(self) -> None:
        """Start the agent for a page that reads and does not hear; returns when its greeting is stored."""
        if not self._voice.is_connected:
            self._agent.start(voice=False)
            await self._journal.flush()

    def take(self, message: Incoming, channel: ControlChannel) -> None:
        """Do what a page asked for over `channel`."""
        self._seen()
        match message:
            case Hello(since):
                self._journal.join(channel, since)
            case Text(key, text):
                self._hear_text(key, text)
            case Mute(on):
                self._voice.mute(on)
            case Talk(on):
                self._voice.mute(not on)
                if on:
                    self._agent.hold_turn()
                else:
                    self._agent.finish_turn()
            case Interrupt():
                self._agent.interrupt()
            case End():
                self._end_soon("visitor")
            case Ping():
                channel.send({"type": "pong"})

    def leave(self, channel: ControlChannel) -> None:
        """`channel` is gone; the conversation waits for the visitor to come back."""
        self._seen()
        self._journal.leave(channel)

    async def ask(self, key: str, text: str) -> list[Outgoing]:
        """The visitor's message and the agent's answer. The same `key` again waits for the same answer."""
        self._refuse_when_ended()
        self._seen()
        answer = self._hear_text(key, text)
        try:
            return await asyncio.wait_for(asyncio.shield(answer), ANSWER_TIMEOUT_S)
        except TimeoutError:
            self._journal.settle()
            return answer.result() if answer.done() else []

    async def wait_until_quiet(self) -> None:
        """Until the agent is not speaking."""
        await self._journal.quiet.wait()

    async def end(self, reason: str) -> None:
        """Finish for good: stored, said to every page, everything closed. Who comes second waits for the first.

        It goes on when who asked for it is cancelled: a page that hangs up is gone before the answer.
        """
        if self._ending is None:
            self.ended.set()
            self._ending = asyncio.get_running_loop().create_task(self._end(reason), name=f"{self.uid}/end")
        await asyncio.shield(self._ending)

    async def _end(self, reason: str) -> None:
        try:
            await self._agent.close()
            await self._journal.flush()
            await self._services.conversations.end(self.uid, reason)
            await self._services.lease.end(self.session_uid, reason)
        except Exception as failure:  # who asked may be gone
            _log.error("the end of a conversation could not be stored", conversation=self.uid, exc_info=failure)
            raise
        finally:
            self._services.metrics.ended.labels(reason).inc()
            self._journal.show({"type": "ended", "reason": reason})
            await self.close()

    async def close(self) -> None:
        """Stop every part; what ends just now is let end. Idempotent."""
        if self._ending is not None and self._ending is not asyncio.current_task():
            await asyncio.wait({self._ending})
        if self.closed.is_set():
            return
        self.closed.set()
        await self._agent.close()
        self._journal.settle()
        await self._voice.close()
        await self._tasks.close()

    def _hear_text(self, key: str, text: str) -> asyncio.Future[list[Outgoing]]:
        if known := self._answers.get(key):
            return known
        answer = self._answers[key] = self._journal.ask(key)
        if len(self._answers) > ANSWERS_REMEMBERED:
            del self._answers[next(iter(self._answers))]
        self._agent.hear_text(text)
        return answer

    def _take_control(self, message: Incoming, channel: ControlChannel) -> None:
        if not self.ended.is_set():
            self.take(message, channel)

    def _voice_changed(self, is_connected: bool) -> None:
        self._seen()
        if not self.closed.is_set():
            self._agent.start(voice=is_connected)

    def _seen(self) -> None:
        self._seen_at = self._clock.monotonic()

    def _refuse_when_ended(self) -> None:
        if self.ended.is_set():
            raise Gone("session_ended", "This conversation is over.")

    def _end_soon(self, reason: str) -> None:
        if not self.ended.is_set() and not self.closed.is_set():
            self._tasks.spawn(self.end(reason), f"end/{reason}")

    async def _watch(self) -> None:
        """Keep the lease alive while somebody is here; end what was left alone, or went on too long."""
        limits = self._services.limits
        while not self.ended.is_set():
            await self._clock.sleep(WATCH_EVERY_S)
            now = self._clock.monotonic()
            if self._voice.is_connected or self._journal.has_listeners:
                self._seen_at = now
            was_connected = self._voice.was_connected or self._journal.had_listeners
            idle_limit_s = limits.resume_s if was_connected else limits.text_idle_s
            if now - self._seen_at > idle_limit_s:
                self._end_soon("left")
                return
            if now - self._started_at > limits.longest_s:
                self._end_soon("limit")
                return
            if now - self._touched_at >= TOUCH_EVERY_S:
                self._touched_at = now
                await self._touch()

    async def _touch(self) -> None:
        try:
            await self._services.lease.touch(self.session_uid)
        except Exception as failure:  # noqa: BLE001  # whatever a database raises: the next touch may succeed
            _log.warning("the lease could not be kept alive", conversation=self.uid, exc_info=failure)
