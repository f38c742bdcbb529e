"""What was said and what happened: conversations, messages, consent, the event log. Nothing live."""

from server.conversations.service import Conversation, Conversations, Message, NewConversation

__all__ = ["Conversation", "Conversations", "Message", "NewConversation"]
