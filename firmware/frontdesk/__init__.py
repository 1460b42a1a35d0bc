"""Frontdesk: a SIP registrar and proxy in a box."""

__version__ = "0.1.0"
RELEASED = "2026-11-23"
"""The day of this release: no clock and no certificate of the box is older."""
