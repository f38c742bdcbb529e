"""What a tenant's agents know: importing it from files, keeping it, and finding the passage that answers a question."""

from server.knowledge.base import BoundKnowledge, Imported, KnowledgeBase, KnownAnswer
from server.knowledge.importing import Entry, parse

__all__ = ["BoundKnowledge", "Entry", "Imported", "KnowledgeBase", "KnownAnswer", "parse"]
