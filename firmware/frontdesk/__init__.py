"""Frontdesk: a SIP registrar and proxy in a box."""

__version__ = "0.1.0"
