"""What the machine says of its own addresses."""

from __future__ import annotations

import pytest

from frontdesk.transport.interfaces import is_own, way_out


@pytest.mark.parametrize(("host", "source"), [("127.0.0.9", "127.0.0.1"), ("::1", "::1")])
def test_way_out_is_the_kernels(host: str, source: str) -> None:
    assert way_out(host) == source


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
