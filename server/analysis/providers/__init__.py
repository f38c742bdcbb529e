"""Analysers over services of others; only the composition root knows them."""

from server.analysis.providers.openai_chat import OpenAiAnalyser

__all__ = ["OpenAiAnalyser"]
