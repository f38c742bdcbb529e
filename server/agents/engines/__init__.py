"""The agent engines. Only the composition root comes here; everybody else sees the port."""

from server.agents.engines.builtin import BuiltinEngine
from server.agents.engines.chat import OpenAIEngine
from server.agents.engines.chat_stream import ChatLimits

__all__ = ["BuiltinEngine", "ChatLimits", "OpenAIEngine"]
