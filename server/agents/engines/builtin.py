"""The engine that needs nobody else: small talk, and answers word for word from the tenant's knowledge."""

from server.agents.knowledge_answers import KnowledgeResponder
from server.agents.port import Announce, Brief
from server.agents.session import ConversationSession, Tuning
from server.agents.speech_source import SpeechSource
from server.kit.clock import Clock


class BuiltinEngine:
    """An AgentEngine; shared by all conversations, it keeps nothing of them."""

    name = "builtin"

    def __init__(self, source: SpeechSource, clock: Clock, tuning: Tuning | None = None) -> None:
        self._source = source
        self._clock = clock
        self._tuning = tuning

    def open(self, brief: Brief, announce: Announce) -> ConversationSession:
        """See AgentEngine.open."""
        responder = KnowledgeResponder(brief)
        return ConversationSession(brief, announce, responder, self._source, self._clock, self._tuning)
