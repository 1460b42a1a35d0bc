"""Puts Frontdesk into a system as a service."""
