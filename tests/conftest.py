"""Settings for all tests: hypothesis draws the same examples each time and measures no time; what a test logs to goes
with it."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("frontdesk", deadline=None, derandomize=True, database=None)
settings.load_profile("frontdesk")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that is run in a test sets logging up for its process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
