"""Settings for all tests: hypothesis draws the same examples each time and measures no time; the computer stands in no
time zone; passwords of people cost nothing to check; what a test logs to, and where it stands, goes with it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from frontdesk.control import host, scrypt
from frontdesk.process import keep_time

settings.register_profile("frontdesk", deadline=None, derandomize=True, database=None)
settings.load_profile("frontdesk")
host.LOCALTIME, host.HERE = Path("/nonexistent"), ""
keep_time("UTC")


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dear for a thief is dear for a test."""
    monkeypatch.setattr(scrypt, "COST", scrypt.Cost(4, 8, 1))


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command that is run in a test sets logging up for its process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def time_as_before() -> Iterator[None]:
    """A box that a test starts keeps its own time zone."""
    yield
    keep_time("UTC")
