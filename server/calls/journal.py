"""What happens in a conversation, in one order: stored first, then shown to every page that listens."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from server.agents.port import AgentEvent, AgentState, Ended, Noticed, Spoken, StateChanged, TurnMeasured
from server.calls.control import Outgoing, message_body
from server.conversations import Conversations
from server.kit.log import logger

_log = logger(__name__)

EVENTS_MAX = 1_024  # an agent says a few things a second: this is minutes of a stuck database
PARTIALS_BELOW = EVENTS_MAX // 2  # partial captions are dropped first
FLUSH_TIMEOUT_S = 5.0


class ControlChannel(Protocol):
    """Where control messages to one page go: a data channel or a socket."""

    def send(self, message: Outgoing) -> None:
        """Queue `message`; never blocks. A channel that cannot keep up closes itself."""
        ...


@dataclass(frozen=True)
class _Joined:
    channel: ControlChannel
    since: int


@dataclass(frozen=True)
class _Mark:
    """Reached when everything before it is stored and shown."""

    reached: asyncio.Event


@dataclass(eq=False)
class _Question:
    """One written message: the page's own id of it, and who waits for the agent's answer."""

    client_id: str
    answer: asyncio.Future[list[Outgoing]]
    messages: list[Outgoing] = field(default_factory=list)

    def is_answered(self, state: AgentState) -> bool:
        return state is AgentState.LISTENING and any(message["role"] == "agent" for message in self.messages)


_Entry = AgentEvent | _Joined | _Question | _Mark


class Journal:
    """One ordered queue of what happens. `run()` is its single consumer; everything else only adds to it."""

    def __init__(
        self,
        conversation_uid: str,
        conversations: Conversations,
        on_measured: Callable[[TurnMeasured], None],
        on_agent_ended: Callable[[str], None],
    ) -> None:
        self._uid = conversation_uid
        self._conversations = conversations
        self._on_measured = on_measured
        self._on_agent_ended = on_agent_ended
        self._events: asyncio.Queue[_Entry] = asyncio.Queue(EVENTS_MAX)
        self._channels: set[ControlChannel] = set()
        self._present: set[ControlChannel] = set()  # said hello, and did not leave
        self._questions: list[_Question] = []
        self._state = AgentState.LISTENING
        self.had_listeners = False
        self.quiet = asyncio.Event()
        self.quiet.set()

    @property
    def has_listeners(self) -> bool:
        return bool(self._channels)

    def record(self, event: AgentEvent) -> None:
        """Add what the agent announced. Partial captions are dropped when the queue is half full."""
        if isinstance(event, Spoken) and not event.final and self._events.qsize() > PARTIALS_BELOW:
            return
        self._add(event)

    def join(self, channel: ControlChannel, since: int) -> None:
        """Send `channel` every stored message after `since`, the present state, then whatever happens."""
        self.had_listeners = True
        self._present.add(channel)
        self._add(_Joined(channel, since))

    def leave(self, channel: ControlChannel) -> None:
        self._present.discard(channel)
        self._channels.discard(channel)

    def ask(self, client_id: str) -> asyncio.Future[list[Outgoing]]:
        """The messages from here until the agent has answered; the visitor's own carries `client_id`."""
        question = _Question(client_id, asyncio.get_running_loop().create_future())
        self._add(question)
        return question.answer

    def show(self, message: Outgoing) -> None:
        """Send `message` to every page that listens now."""
        for channel in tuple(self._channels):
            channel.send(message)

    def settle(self) -> None:
        """Answer whoever still waits with what there is."""
        for question in self._questions:
            if not question.answer.done():
                question.answer.set_result(question.messages)
        self._questions.clear()

    async def run(self) -> None:
        """Consume the queue until cancelled. What cannot be stored is logged, and the conversation goes on."""
        while True:
            entry = await self._events.get()
            try:
                await self._take(entry)
            except Exception as failure:  # noqa: BLE001  # whatever a database raises
                _log.error(
                    "conversation journal could not store",
                    conversation=self._uid,
                    entry=type(entry).__name__,
                    exc_info=failure,
                )
                self.settle()
                self.show({"type": "error", "code": "internal_error", "message": "Something went wrong on our side."})

    async def flush(self) -> None:
        """Wait until all that was added so far is stored and shown; gives up after FLUSH_TIMEOUT_S."""
        mark = _Mark(asyncio.Event())
        self._add(mark)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(mark.reached.wait(), FLUSH_TIMEOUT_S)

    def _add(self, event: _Entry) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            _log.error("conversation journal is full", conversation=self._uid, entry=type(event).__name__)
            self._on_agent_ended("server")

    async def _take(self, event: _Entry) -> None:
        match event:
            case Spoken():
                await self._spoken(event)
            case StateChanged(state):
                self._state = state
                if state is AgentState.SPEAKING:
                    self.quiet.clear()
                else:
                    self.quiet.set()
                self.show({"type": "state", "state": state.value})
            case Noticed(code):
                await self._conversations.append_event(self._uid, code, {})
                self.show({"type": "notice", "code": code})
            case TurnMeasured():
                self._on_measured(event)
            case Ended(reason):
                self._on_agent_ended(reason)
            case _Joined(channel, since):
                await self._greet(channel, since)
            case _Question():
                self._questions.append(event)
            case _Mark(reached):
                reached.set()
        self._answer_questions()

    async def _spoken(self, words: Spoken) -> None:
        if not words.final:
            self.show(
                {
                    "type": "message",
                    "id": words.id,
                    "role": words.role,
                    "text": words.text,
                    "final": False,
                    "via": words.via,
                }
            )
            return
        stored = await self._conversations.append_message(
            self._uid,
            uid=words.id,
            role=words.role,
            text=words.text,
            via=words.via,
            interrupted=words.interrupted,
        )
        body = message_body(stored)
        asked = None
        if words.role == "user" and words.via == "text":
            asked = next((question for question in self._questions if not question.messages), None)
        if asked:
            body["client_id"] = asked.client_id
        for question in self._questions:
            if question is asked or question.messages:
                question.messages.append(body)
        self.show({"type": "message", **body})

    async def _greet(self, channel: ControlChannel, since: int) -> None:
        for message in await self._conversations.messages(self._uid, since=since):
            channel.send({"type": "message", **message_body(message)})
        if channel in self._present:
            channel.send({"type": "state", "state": self._state.value})
            self._channels.add(channel)

    def _answer_questions(self) -> None:
        for question in [question for question in self._questions if question.is_answered(self._state)]:
            self._questions.remove(question)
            if not question.answer.done():
                question.answer.set_result(question.messages)
