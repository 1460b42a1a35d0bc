"""The panel's release, which is the box's."""

RELEASE = "0.1.0"
