"""A computer that is out of files."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator

STANDARD = 3
"""Files that every process has."""


@contextlib.contextmanager
def few_files() -> Iterator[None]:
    """The process gets no more than it has; poll(2) wants to be allowed as many as it is given."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (STANDARD, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
