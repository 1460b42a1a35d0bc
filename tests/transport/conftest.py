"""A certificate for the tests of TLS and of WebSockets."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.certificates import released
from frontdesk.certificates.settling import settle
from tests.transport.driver import NAMES


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and a certificate of it for NAMES."""
    directory = tmp_path_factory.mktemp("tls")
    settle(directory, NAMES, datetime.now(UTC), released())
    return directory
