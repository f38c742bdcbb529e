"""The agent engines. Only the composition root comes here; everybody else sees the port."""

from server.agents.engines.builtin import BuiltinEngine

__all__ = ["BuiltinEngine"]
