"""Parloir: a voice widget, a softphone and the server behind both."""

__version__ = "0.1.0"
