"""What a tenant's agents know: importing it from files, keeping it, and finding the passage that answers a question."""

from server.knowledge.base import BoundKnowledge, Imported, KnowledgeBase, KnownAnswer, Source
from server.knowledge.importing import FILE_MAX_BYTES, Entry, parse

__all__ = [
    "FILE_MAX_BYTES",
    "BoundKnowledge",
    "Entry",
    "Imported",
    "KnowledgeBase",
    "KnownAnswer",
    "Source",
    "parse",
]
