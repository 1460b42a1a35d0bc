"""The LED and the button of a board that has them: what the box looks like to somebody without a laptop."""

from .front import Front

__all__ = ["Front"]
