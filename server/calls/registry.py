"""The conversations alive in this process: opened once, found again by their session, closed together."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from server.agents.port import AgentEngine, AgentProfile, Brief, KnowledgeSearch, Utterance
from server.calls.conversation import LiveConversation, Services
from server.kit.errors import Unavailable
from server.kit.log import logger
from server.kit.tasks import TaskScope

_log = logger(__name__)

HISTORY_MESSAGES = 40  # what an agent is reminded of when a conversation goes on elsewhere


@dataclass(frozen=True)
class Admission:
    """A visitor's right to one conversation, as the session service granted it."""

    session_uid: str
    conversation_uid: str
    tenant_id: int
    agent: AgentProfile
    language: str
    metadata: dict[str, str] = field(default_factory=dict, repr=False)
    is_new: bool = False  # nothing has been said in it yet


class LiveConversations:
    """Finds the live object of a conversation, or brings it back from what is stored."""

    def __init__(
        self,
        engines: Mapping[str, AgentEngine],
        knowledge: Callable[[int, str], KnowledgeSearch],
        services: Services,
    ) -> None:
        """`knowledge(tenant_id, agent_uid)` is that agent's knowledge; `engines` by the name in a profile."""
        self._engines = engines
        self._knowledge = knowledge
        self._services = services
        self._live: dict[str, LiveConversation] = {}
        self._finding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # held by whoever finds
        self._tasks = TaskScope("conversations")
        self._stopping = False

    def __len__(self) -> int:
        return len(self._live)

    async def find(self, admission: Admission) -> LiveConversation:
        """The conversation of `admission`: live already, or opened with the messages stored so far."""
        self._refuse_when_stopping()
        uid = admission.conversation_uid
        async with self._finding.setdefault(uid, asyncio.Lock()):
            return self._live.get(uid) or await self._open(admission)

    def present(self, conversation_uid: str) -> LiveConversation | None:
        """The live object if there is one."""
        return self._live.get(conversation_uid)

    async def close(self, drain_s: float) -> None:
        """Stop taking conversations, let agents finish a sentence for `drain_s`, then close what is left.

        The stored conversations stay open: a visitor who reconnects to the restarted server goes on.
        """
        self._stopping = True
        live = tuple(self._live.values())
        if live and drain_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(drain_s):
                    await asyncio.gather(*(conversation.wait_until_quiet() for conversation in live))
        await asyncio.gather(*(conversation.close() for conversation in live))
        await self._tasks.close()
        self._live.clear()

    async def _open(self, admission: Admission) -> LiveConversation:
        conversations = self._services.conversations
        stored = [] if admission.is_new else await conversations.messages(admission.conversation_uid, since=0)
        self._refuse_when_stopping()  # close() may have come while it was read
        brief = Brief(
            conversation_uid=admission.conversation_uid,
            agent=admission.agent,
            language=admission.language,
            knowledge=self._knowledge(admission.tenant_id, admission.agent.uid),
            history=tuple(Utterance(message.role, message.text) for message in stored[-HISTORY_MESSAGES:]),
            metadata=admission.metadata,
        )
        engine = self._engines.get(admission.agent.engine) or self._engines["builtin"]
        live = LiveConversation(admission.session_uid, brief, engine, self._services)
        self._live[live.uid] = live
        live.start()
        self._tasks.spawn(self._forget_when_closed(live), live.uid)
        return live

    def _refuse_when_stopping(self) -> None:
        if self._stopping:
            raise Unavailable("server_stopping", "The server is restarting. Try again in a moment.")

    async def _forget_when_closed(self, live: LiveConversation) -> None:
        await live.closed.wait()  # not before: while it ends, nobody may open it anew
        self._live.pop(live.uid, None)
