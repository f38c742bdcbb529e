"""The widget as its tenant sees it: which options there are, and which of them a tenant has set."""

from server.widgets.options import OptionTable
from server.widgets.stored import CONSENT, WidgetOptions

__all__ = ["CONSENT", "OptionTable", "WidgetOptions"]
