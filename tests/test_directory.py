"""Which hosts are the box's own."""

from __future__ import annotations

import pytest

from frontdesk.directory import Directory
from frontdesk.sip.wire import Flow


@pytest.mark.parametrize(
    ("host", "port", "own"),
    [
        ("desk.example", None, True),
        ("desk.example.", None, True),
        ("desk.example", 5060, True),
        ("desk.example", 5070, False),
        ("[2001:db8::1]", None, True),
        ("[2001:db8:0:0::1]", None, True),
        ("[2001:0db8::1]", 5060, True),
        ("[2001:db8::2]", None, False),
        ("[fe80::1%25eth0]", None, False),
        ("192.0.2.1", None, True),
        ("192.0.2.1", 5070, False),
        ("192.0.2.2", None, False),
        ("elsewhere.example", None, False),
    ],
)
def test_host_of_a_uri_is_the_boxs_however_it_is_spelled(host: str, port: int | None, own: bool) -> None:
    directory = Directory("desk.example")
    directory.listen("192.0.2.1", 5060)
    directory.listen("2001:db8::1", 5060)
    assert directory.serves(host, port) is own


def test_where_it_is_heard_over_tls_is_its_own_too_and_nothing_else_is_sent_from_there() -> None:
    directory = Directory("desk.example")
    directory.listen("192.0.2.1", 5060)
    directory.listen("192.0.2.1", 5061, "tls")
    directory.listen("2001:db8::1", 5061, "tls")
    assert all(directory.serves("192.0.2.1", port) for port in (None, 5060, 5061)) and directory.serves("[2001:db8::1]")
    assert directory.listens_on(("192.0.2.1", 5061)) and directory.clear == {("192.0.2.1", 5060)}
    directory.listen("192.0.2.1", 5061)  # by UDP as well
    assert directory.clear == {("192.0.2.1", 5060), ("192.0.2.1", 5061)} and ("192.0.2.1", 5061) in directory.secure
    directory.listen_only({("udp", ("192.0.2.1", 5061))})
    assert directory.clear == directory.addresses == {("192.0.2.1", 5061)} and not directory.secure
    assert not directory.serves("192.0.2.1") and not directory.serves("[2001:db8::1]")


def test_where_browsers_are_heard_is_its_own_and_nothing_is_sent_from_there() -> None:
    directory = Directory("desk.example")
    directory.listen("192.0.2.1", 8088, "ws")
    assert directory.serves("192.0.2.1", 8088) and directory.listens_on(("192.0.2.1", 8088))
    assert not directory.clear and not directory.secure and not directory.is_encrypted


def test_certificate_is_shown_where_anybody_is_heard_by_tls() -> None:
    directory = Directory("desk.example")
    directory.listen("192.0.2.1", 8089, "wss")
    assert directory.is_encrypted and not directory.secure
    directory.listen_only(())
    directory.listen("192.0.2.1", 5061, "tls")
    assert directory.is_encrypted


def test_peer_is_trusted_by_its_address_and_no_browser_is_one() -> None:
    """Whatever page it is at could call through the box."""
    directory = Directory("desk.example")
    directory.peers["192.0.2.9"] = "pbx"
    box, peer, other = ("192.0.2.1", 5060), ("192.0.2.9", 40000), ("192.0.2.8", 40000)
    assert all(directory.trusts(Flow(transport, box, peer)) for transport in ("udp", "tcp", "tls"))
    assert not any(directory.trusts(Flow(transport, box, peer)) for transport in ("ws", "wss"))
    assert not directory.trusts(Flow("udp", box, other))
