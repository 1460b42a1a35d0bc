"""The serial console: a person at a terminal, or a program in frames, does the verbs of `control`."""
