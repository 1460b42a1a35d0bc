"""The proxy: requests to their targets, responses back, dialogs along signed Record-Routes (RFC 3261 section 16)."""

from .proxy import ProxyCore
from .routing import Routed
from .validation import is_for_an_account

__all__ = ["ProxyCore", "Routed", "is_for_an_account"]
