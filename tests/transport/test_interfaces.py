"""What the machine says of its own addresses."""

from __future__ import annotations

import pytest

from frontdesk.transport.interfaces import is_own


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("fe80::1", True),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
    ],
)
def test_an_address_is_the_machines_or_not(host: str, own: bool) -> None:
    assert is_own(host) is own
