"""Where the box is heard, as people write it."""

from __future__ import annotations

import pytest

from frontdesk.listeners import USUAL, Listener, read_listeners, spread

HOSTS = ("0.0.0.0", "::")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("all", ()),
        ("UDP, tcp", ()),
        ("udp tcp tls", ("udp", "tcp", "tls")),
        ("all, tls", ("udp", "tcp", "tls")),
        ("tls, tls", ("tls",)),
        ("tls:[::1]:5071, udp", ("tls:[::1]:5071", "udp")),
        ("tcp:192.0.2.1:05060", ("tcp:192.0.2.1:5060",)),
        ("all, wss, ws:192.0.2.1:80", ("udp", "tcp", "wss", "ws:192.0.2.1:80")),
    ],
)
def test_listeners_are_kept_as_they_are_meant(text: str, kept: tuple[str, ...]) -> None:
    assert read_listeners(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("sctp", "ws:", "tls:5061", "tls:box.example:5061", "udp:192.0.2.1:70000", ""),
        *("udp:[::1:5060", "udp:::1]:5060", "udp:::1:5060", "udp:[192.0.2.1]:5060", f"udp:192.0.2.1:{'9' * 5000}"),
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^is "):
        read_listeners(text)


@pytest.mark.parametrize(
    "text",
    [
        "tls, tcp:192.0.2.1:5061",
        "tcp, tls:[::1]:5060",
        "tcp:[::]:5070 tls:192.0.2.1:5070",
        "ws:[::]:5070 wss:192.0.2.1:5070",
        "tls, ws:192.0.2.1:5061",
    ],
)
def test_what_connects_has_ports_of_its_own(text: str) -> None:
    """The system would give one what is the other's."""
    with pytest.raises(ValueError, match="ports of their own"):
        read_listeners(text)
    assert read_listeners("udp, tls:0.0.0.0:5060") and spread(("tcp:[::1]:0", "tls:[::1]:0"), ())


def test_transport_alone_stands_for_its_usual_port_of_all_addresses() -> None:
    assert spread(("tls",), HOSTS) == (Listener("tls", "0.0.0.0", 5061), Listener("tls", "::", 5061))
    assert spread(("ws", "wss"), HOSTS[:1]) == (Listener("ws", "0.0.0.0", 8088), Listener("wss", "0.0.0.0", 8089))
    everywhere = [(transport, host, 5060) for host in HOSTS for transport in ("udp", "tcp")]
    assert list(spread(USUAL, HOSTS)) == everywhere
    assert spread(("udp:192.0.2.1:5070", "udp"), HOSTS[:1]) == (("udp", "0.0.0.0", 5060), ("udp", "192.0.2.1", 5070))
