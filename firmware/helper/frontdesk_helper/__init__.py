"""What Frontdesk may have done by root: network, name, clock and power of its computer; the standard library alone."""
