"""Bytes to messages and back: sockets, connections and names (RFC 3261 section 18)."""
