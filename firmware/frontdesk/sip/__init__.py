"""SIP without IO: messages, URIs, digest and transactions as values and state machines (RFC 3261)."""
