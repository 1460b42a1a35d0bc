"""Frontdesk: a SIP registrar and proxy in a box."""

__version__ = "0.1.0"
RELEASED = 1_795_392_000
"""2026-11-23, the day of this release, in Unix seconds: no clock and no certificate of the box is older."""
