"""Signed, short-lived permission: keys that rotate, one verifier per kind of token, the widget's sessions."""

from server.sessions.keys import SigningKeys
from server.sessions.service import OpenedSession, WidgetSession, WidgetSessions

__all__ = ["OpenedSession", "SigningKeys", "WidgetSession", "WidgetSessions"]
