"""What the machine says of its own addresses."""

from __future__ import annotations

import errno
import socket

import pytest

from frontdesk.transport.interfaces import is_own, way_out, wildcards
from tests.support.few_files import few_files


@pytest.mark.parametrize(("host", "source"), [("127.0.0.9", "127.0.0.1"), ("::1", "::1")])
def test_way_out_is_the_kernels(host: str, source: str) -> None:
    assert way_out(host) == source


def test_way_out_is_not_known_where_the_computer_is_out_of_files() -> None:
    """What was to be sent there goes out all the same."""
    with few_files():
        assert way_out("127.0.0.9") == ""


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


@pytest.mark.parametrize(("lacks", "found"), [((), ["0.0.0.0", "::"]), ((socket.AF_INET6,), ["0.0.0.0"])])
def test_all_addresses_are_those_of_ipv6_too_where_the_kernel_has_it(
    monkeypatch: pytest.MonkeyPatch, lacks: tuple[int, ...], found: list[str]
) -> None:
    class Socket:
        def __init__(self, family: int, kind: int) -> None:
            if family in lacks:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

        def close(self) -> None: ...

    monkeypatch.setattr(socket, "socket", Socket)
    assert wildcards() == found
