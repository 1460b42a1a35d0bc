"""The root helper."""
