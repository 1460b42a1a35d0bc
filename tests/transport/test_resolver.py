"""A destination's addresses, from a name server that answers all, some or nothing (RFC 3263 sections 4.1 and 4.2)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import dns.rdata
import pytest

from frontdesk.sip.errors import TransportError
from frontdesk.sip.wire import Destination, HostPort
from frontdesk.transport import resolver

NAME = Destination("pbx.test", None, None)
Zone = dict[tuple[str, str], list[str] | None]
"""Records by name and kind; None: the question is never answered."""


def asked(monkeypatch: pytest.MonkeyPatch, zone: Zone, destination: Destination = NAME) -> list[tuple[str, HostPort]]:
    async def answer(name: str, kind: str) -> list[Any]:
        texts = zone.get((name, kind), [])
        if texts is None:
            await asyncio.Event().wait()
        return [dns.rdata.from_text("IN", kind, text) for text in texts or ()]

    monkeypatch.setattr(resolver, "_answer", answer)
    monkeypatch.setattr(resolver, "LATE", 0.01)
    return asyncio.run(resolver.resolve(destination))


def test_records_of_srv_lead_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    zone: Zone = {
        ("_sip._udp.pbx.test", "SRV"): ["20 0 5070 two.test.", "10 0 5080 one.test."],
        ("_sip._tcp.pbx.test", "SRV"): ["10 0 5090 one.test."],
        ("one.test", "A"): ["192.0.2.1"], ("one.test", "AAAA"): ["2001:db8::1"], ("two.test", "A"): ["192.0.2.2"],
        ("pbx.test", "A"): ["192.0.2.9"],
    }  # fmt: skip
    assert asked(monkeypatch, zone) == [
        ("udp", ("192.0.2.1", 5080)), ("udp", ("2001:db8::1", 5080)), ("udp", ("192.0.2.2", 5070)),
        ("tcp", ("192.0.2.1", 5090)), ("tcp", ("2001:db8::1", 5090)),
    ]  # fmt: skip


def test_order_is_the_same_whatever_order_records_come_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ACK goes where its INVITE went (RFC 3263 section 4.4): name servers give their records in turn."""
    servers, addresses = ["1 5 5071 a.test.", "1 5 5070 a.test.", "1 9 5072 a.test."], ["192.0.2.2", "192.0.2.1"]
    zone: Zone = {("_sip._udp.pbx.test", "SRV"): servers, ("a.test", "A"): addresses}
    first = asked(monkeypatch, zone)
    servers.reverse()
    addresses.reverse()
    assert first == asked(monkeypatch, zone)
    assert [port for _, (_, port) in first] == [5072, 5072, 5070, 5070, 5071, 5071]


def test_domain_says_by_naptr_which_transport_it_likes_best(monkeypatch: pytest.MonkeyPatch) -> None:
    zone: Zone = {
        ("pbx.test", "NAPTR"): [
            '50 30 "s" "SIP+D2U" "" _sip._udp.elsewhere.test.', '50 20 "S" "sip+d2t" "" _sip._tcp.elsewhere.test.',
            '40 10 "s" "SIPS+D2T" "" _sips._tcp.elsewhere.test.', '10 10 "u" "E2U+sip" "!.*!sip:x@y.test!" .',
            '90 10 "s" "SIP+D2U" "" _sip._udp.last.test.',
        ],
        ("_sip._udp.elsewhere.test", "SRV"): ["1 0 5070 one.test."],
        ("_sip._tcp.elsewhere.test", "SRV"): ["2 0 5090 one.test.", "1 0 5091 one.test."],
        ("_sips._tcp.elsewhere.test", "SRV"): ["1 0 5061 one.test."],
        ("_sip._udp.last.test", "SRV"): ["1 0 5072 one.test."],
        ("_sip._udp.pbx.test", "SRV"): ["1 0 5099 one.test."], ("one.test", "A"): ["192.0.2.1"],
    }  # fmt: skip
    ports = [("tcp", 5091), ("tcp", 5090), ("udp", 5070), ("udp", 5072)]
    assert asked(monkeypatch, zone) == [(transport, ("192.0.2.1", port)) for transport, port in ports]
    assert asked(monkeypatch, zone, NAME._replace(transport="udp")) == [("udp", ("192.0.2.1", 5099))]


def test_naptr_that_leads_nowhere_leaves_the_usual_names(monkeypatch: pytest.MonkeyPatch) -> None:
    zone: Zone = {
        ("pbx.test", "NAPTR"): ['50 30 "s" "SIP+D2U" "" _sip._udp.nowhere.test.'],
        ("_sip._udp.pbx.test", "SRV"): ["1 0 5099 one.test."], ("one.test", "A"): ["192.0.2.1"],
    }  # fmt: skip
    assert asked(monkeypatch, zone) == [("udp", ("192.0.2.1", 5099))]


@pytest.mark.parametrize("port", [None, 5070])
def test_a_router_that_answers_for_addresses_alone_is_enough(
    monkeypatch: pytest.MonkeyPatch, port: int | None
) -> None:
    zone: Zone = {
        ("_sip._udp.pbx.test", "SRV"): None, ("_sip._tcp.pbx.test", "SRV"): None, ("pbx.test", "NAPTR"): None,
        ("pbx.test", "A"): ["192.0.2.9"], ("pbx.test", "AAAA"): None,
    }  # fmt: skip
    found = asked(monkeypatch, zone, NAME._replace(port=port))
    assert found == [("udp", ("192.0.2.9", port or 5060))]


def test_a_port_leaves_no_question_for_srv(monkeypatch: pytest.MonkeyPatch) -> None:
    zone: Zone = {("_sip._tcp.pbx.test", "SRV"): ["1 0 5 x.test."], ("pbx.test", "AAAA"): ["2001:db8::9"]}
    assert asked(monkeypatch, zone, Destination("pbx.test", 5070, "tcp")) == [("tcp", ("2001:db8::9", 5070))]


def test_what_goes_over_tls_asks_for_servers_of_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3263 section 4.2."""
    zone: Zone = {
        ("_sips._tcp.pbx.test", "SRV"): ["1 0 5081 one.test."], ("one.test", "A"): ["192.0.2.1"],
        ("_sip._tcp.pbx.test", "SRV"): ["1 0 5080 two.test."], ("two.test", "A"): ["192.0.2.2"],
    }  # fmt: skip
    assert asked(monkeypatch, zone, Destination("pbx.test", None, "tls")) == [("tls", ("192.0.2.1", 5081))]
    zone = {("pbx.test", "A"): ["192.0.2.9"]}
    assert asked(monkeypatch, zone, Destination("pbx.test", None, "tls")) == [("tls", ("192.0.2.9", 5061))]


def test_name_servers_are_those_of_now(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    for at, address in enumerate(("192.0.2.53", "192.0.2.54")):
        file.write_text(f"nameserver {address}\n")
        servers = resolver._name_servers(file, at)
        assert servers.nameservers == [address] and servers is resolver._name_servers(file, at)


@pytest.mark.parametrize("text", [None, "", "nameserver nonsense\n"])
def test_without_a_name_server_a_name_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.setattr(resolver, "SERVERS", tmp_path / "resolv.conf")
    if text is not None:
        resolver.SERVERS.write_text(text)
    with pytest.raises(TransportError, match="no address"):
        asyncio.run(resolver.resolve(NAME))


def test_a_name_that_leads_nowhere_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TransportError, match=r"pbx\.test has no address"):
        asked(monkeypatch, {})
