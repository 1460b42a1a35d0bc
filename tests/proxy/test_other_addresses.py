"""A name leads to several addresses: where one is silent or gone, the next is asked (RFC 3263 section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from frontdesk.model import BindingState
from frontdesk.proxy.response_context import SILENCE
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Destination, Flow
from tests.proxy.box import Box, reply, request, route_set, tcp, udp

A = udp("192.0.2.11")
ONE, TWO, THREE = (udp(f"192.0.2.{number}") for number in (21, 22, 23))
OTHERS = [Destination(*TWO.remote, "udp"), Destination(*THREE.remote, "udp")]


class Trunk:
    """101 calls 112, which is at a name with three addresses; the first has been sent the INVITE."""

    def __init__(self, method: str = "INVITE", others: Sequence[Destination] = OTHERS) -> None:
        self.box = Box()
        self.box.phone("101", A)
        self.box.phone("112", None, "sip:112@trunk.example.com")
        self.method = method
        self.box.receive(request(method, "sip:112@desk.example", branch="z9hG4bKone"), A)
        self.first = self.box.request(method)
        self.box.layer.sent_over(self.key(self.first), ONE, self.box.now, others)

    def key(self, sent: Request) -> str:
        return f"{self.method} {sent.via.branch}"

    def next(self) -> tuple[Request, object]:
        """What the next address is asked."""
        new = [(sent, to) for sent, to in self.box.requests(self.method) if sent.via.branch != self.first.via.branch]
        ((sent, to),) = new
        return sent, to


def test_who_says_nothing_is_no_longer_waited_for() -> None:
    trunk = Trunk()
    trunk.box.pass_time(SILENCE)
    second, to = trunk.next()
    assert to == OTHERS[0] and second.uri_text == trunk.first.uri_text
    trunk.box.pass_time(SILENCE)
    sent = [(each, to) for each, to in trunk.box.requests("INVITE") if to == OTHERS[1]]
    ((third, _),) = sent
    trunk.box.receive(reply(third, 200), THREE)
    assert trunk.box.statuses() == [200]
    assert not [event for event in trunk.box.events if event.rule == "silent"]


def test_each_address_is_asked_though_another_place_has_refused() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("112", None, "sip:112@trunk.example.com", state=BindingState.STATIC)
    box.phone("112", None, "sip:112@192.0.2.99", state=BindingState.STATIC)
    box.receive(request("INVITE", "sip:112@desk.example"), A)
    asked = {each.uri.host: each for each, _ in box.requests("INVITE")}
    box.receive(reply(asked["192.0.2.99"], 486), udp("192.0.2.99"))
    box.pass_time(0.5)  # while the name is looked up
    box.layer.sent_over(f"INVITE {asked['trunk.example.com'].via.branch}", ONE, box.now, OTHERS)
    for other in OTHERS:
        box.pass_time(SILENCE)
        assert other in [to for _, to in box.requests("INVITE")]
    box.pass_time(SILENCE)
    assert box.statuses() == [486], "of the last one nothing is heard either"


@pytest.mark.parametrize("first_word", [ONE, TWO], ids=["the first, late", "the second"])
def test_who_speaks_first_has_the_call_and_the_other_is_called_off(first_word: Flow) -> None:
    trunk = Trunk()
    trunk.box.pass_time(SILENCE)
    second, _ = trunk.next()
    asked = {ONE: trunk.first, TWO: second}
    other = next(way for way in asked if way != first_word)
    trunk.box.receive(reply(asked[first_word], 180), first_word)
    assert trunk.box.statuses() == [180]
    trunk.box.receive(reply(asked[other], 180), other)
    assert [each.via.branch for each, _ in trunk.box.requests("CANCEL")] == [asked[other].via.branch]
    trunk.box.receive(reply(asked[first_word], 486), first_word)
    assert trunk.box.statuses() == [486], "nobody waits for the other"


def test_who_is_slow_is_waited_for_where_no_other_can_be_reached() -> None:
    trunk = Trunk()
    trunk.box.pass_time(SILENCE)
    second, _ = trunk.next()
    trunk.box.layer.transport_failed(trunk.key(second), trunk.box.now)
    ((third, _),) = [(each, to) for each, to in trunk.box.requests("INVITE") if to == OTHERS[1]]
    trunk.box.layer.transport_failed(trunk.key(third), trunk.box.now)
    assert trunk.box.statuses() == []
    trunk.box.receive(reply(trunk.first, 200), ONE)
    assert trunk.box.statuses() == [200]


def test_who_answers_in_time_is_the_only_one() -> None:
    trunk = Trunk()
    trunk.box.receive(reply(trunk.first, 100), ONE)
    trunk.box.pass_time(3 * SILENCE)
    assert trunk.box.requests("INVITE") == []


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
@pytest.mark.parametrize("how", ["icmp", "503"])
def test_who_cannot_take_it_is_passed_over_at_once(method: str, how: str) -> None:
    trunk = Trunk(method)
    if how == "icmp":
        trunk.box.layer.transport_failed(trunk.key(trunk.first), trunk.box.now)
    else:
        trunk.box.receive(reply(trunk.first, 503), ONE)
    second, to = trunk.next()
    assert to == OTHERS[0]
    trunk.box.receive(reply(second, 404), TWO)
    assert trunk.box.statuses() == [404]


def test_a_caller_who_gives_up_asks_nobody_else() -> None:
    trunk = Trunk()
    trunk.box.receive(request("CANCEL", "sip:112@desk.example", branch="z9hG4bKone"), A)
    trunk.box.taken()
    trunk.box.pass_time(SILENCE)
    trunk.box.layer.transport_failed(trunk.key(trunk.first), trunk.box.now)
    assert {sent.via.branch for sent, _ in trunk.box.requests("INVITE")} <= {trunk.first.via.branch}


def test_the_one_that_rang_is_called_off_where_it_was_rung() -> None:
    trunk = Trunk()
    trunk.box.layer.transport_failed(trunk.key(trunk.first), trunk.box.now)
    second, to = trunk.next()
    trunk.box.receive(reply(second, 180), TWO)
    trunk.box.taken()
    trunk.box.receive(request("CANCEL", "sip:112@desk.example", branch="z9hG4bKone"), A)
    assert [each for _, each in trunk.box.requests("CANCEL")] == [to]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_phone_behind_a_proxy_with_a_name_is_called_off_at_the_address_where_it_was_rung(transport: str) -> None:
    """Sections 9.1 and 17.1.1.3: CANCEL and ACK go where the INVITE went, and not to the name once more."""
    box, edge = Box(), udp("192.0.2.30")
    box.directory.peers[edge.remote[0]] = "edge"
    box.phone("101", A)
    path = (f"<sip:edge.example.com;lr;transport={transport}>",)
    box.phone("112", edge._replace(transport=transport), "sip:112@10.0.0.5", path=path, connected=transport == "udp")
    box.receive(request("INVITE", "sip:112@desk.example", branch="z9hG4bKone"), A)
    first, there = ONE._replace(transport=transport), Destination(*TWO.remote, transport, "edge.example.com")
    key = f"INVITE {box.request('INVITE').via.branch}"
    box.layer.sent_over(key, first, box.now, [there])
    box.layer.transport_failed(key, box.now)
    ((second, to),) = box.requests("INVITE")
    assert to == there
    box.layer.sent_over(f"INVITE {second.via.branch}", went := TWO._replace(transport=transport), box.now)
    box.receive(reply(second, 180), went)
    box.taken()
    box.receive(request("CANCEL", "sip:112@desk.example", branch="z9hG4bKone"), A)
    assert [each for _, each in box.requests("CANCEL")] == [went]
    box.receive(reply(second, 487), went)
    assert [each for _, each in box.requests("ACK")] == [went]


def test_phone_that_has_moved_to_another_name_is_called_off_there() -> None:
    box, edge = Box(), udp("192.0.2.30")._replace(transport="tcp")
    box.directory.peers[edge.remote[0]] = "edge"
    box.phone("101", A)
    path = ("<sip:edge.example.com;lr;transport=tcp>",)
    phone = box.phone("112", edge, "sip:112@10.0.0.5", path=path, connected=False)
    box.receive(request("INVITE", "sip:112@desk.example", branch="z9hG4bKone"), A)
    invite = box.request("INVITE")
    box.layer.sent_over(f"INVITE {invite.via.branch}", ONE._replace(transport="tcp"), box.now)
    phone.path = ("<sip:other.example.com;lr;transport=tcp>",)
    box.receive(reply(invite, 180), ONE)
    box.taken()
    box.receive(request("CANCEL", "sip:112@desk.example", branch="z9hG4bKone"), A)
    assert [each for _, each in box.requests("CANCEL")] == [Destination("other.example.com", None, "tcp")]


def test_server_may_take_its_time_for_a_message() -> None:
    trunk = Trunk("MESSAGE")
    trunk.box.pass_time(SILENCE + 1)
    assert {sent.via.branch for sent, _ in trunk.box.requests("MESSAGE")} == {trunk.first.via.branch}


def test_name_of_which_one_address_has_refused_is_asked_no_more_while_a_phone_rings() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("112", None, "sip:112@trunk.example.com")
    box.phone("112", udp("192.0.2.12"))
    box.receive(request("INVITE", "sip:112@desk.example"), A)
    asked = {each.uri.host: each for each, _ in box.requests("INVITE")}
    box.layer.sent_over(f"INVITE {asked['trunk.example.com'].via.branch}", ONE, box.now, OTHERS)
    box.receive(reply(asked["192.0.2.12"], 180), udp("192.0.2.12"))
    box.receive(reply(asked["trunk.example.com"], 430), ONE)
    box.taken()
    box.pass_time(SILENCE)
    assert box.requests("INVITE") == []


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_a_name_that_leads_elsewhere_than_it_was_written_for_is_asked_anew(method: str) -> None:
    """By NAPTR a domain may prefer TCP (RFC 3263 section 4.1): Via and Record-Route say so."""
    trunk = Trunk(method)
    trunk.box.receive(request(method, "sip:112@desk.example", branch="z9hG4bKtwo", call_id="call-2"), A)
    trunk.first = trunk.box.request(method)
    places = [Destination(*ONE.remote, "tcp"), Destination(*TWO.remote, "udp")]
    first, name = trunk.key(trunk.first), Destination("trunk.example.com", None, None)
    trunk.box.layer.sent_over(first, name, trunk.box.now, places)
    trunk.box.layer.transport_failed(first, trunk.box.now)
    anew, to = trunk.next()
    assert to == places[0] and anew.via.transport == "TCP" and trunk.box.statuses() == []
    assert not anew.values("record-route") or ";transport=tcp" in anew.values("record-route")[0]
    trunk.box.layer.transport_failed(trunk.key(anew), trunk.box.now)
    last, to = trunk.box.requests(method)[-1]
    assert to == places[1] and last.via.transport == "UDP"


@pytest.mark.parametrize("is_silent", [True, False])
def test_each_address_may_fork(is_silent: bool) -> None:
    """Another Frontdesk there has two phones to ring: with a Max-Breadth of 1 it says 440 (RFC 5393 section 5.3.3)."""
    trunk = Trunk()
    given = [int(trunk.first.required("max-breadth"))]
    for _ in range(2):
        if is_silent:
            trunk.box.pass_time(SILENCE)
        else:
            trunk.box.layer.transport_failed(trunk.key(trunk.first), trunk.box.now)
        trunk.first, _ = trunk.box.requests("INVITE")[-1]
        given.append(int(trunk.first.required("max-breadth")))
    assert min(given) >= 10 and sum(given) == trunk.box.settings.max_breadth


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("method", ["ACK", "INVITE", "BYE"])
def test_who_has_answered_is_spoken_to_and_not_the_first_address_which_is_dead(method: str, is_restarted: bool) -> None:
    there = Destination(*TWO.remote, "udp", "trunk.example.com")
    trunk = Trunk(others=[there])
    trunk.box.pass_time(SILENCE)
    second, to = trunk.next()
    assert to == there
    trunk.box.receive(reply(second, 200), TWO)
    routes = route_set(trunk.box.responses()[-1])
    if is_restarted:
        trunk.box.restart()
    trunk.box.receive(request(method, "sip:112@10.9.8.7", to_tag="callee", cseq=2, routes=routes), A)
    ((_, to),) = trunk.box.requests(method)
    assert to == there


def test_who_has_registered_since_is_spoken_to_where_he_is_now() -> None:
    trunk = Trunk(others=[Destination(*TWO.remote, "udp", "trunk.example.com")])
    trunk.box.pass_time(SILENCE)
    second, _ = trunk.next()
    trunk.box.receive(reply(second, 200), TWO)
    routes = route_set(trunk.box.responses()[-1])
    trunk.box.bindings[1].flow = THREE
    trunk.box.receive(request("BYE", "sip:112@10.9.8.7", to_tag="callee", cseq=2, routes=routes), A)
    ((_, to),) = trunk.box.requests("BYE")
    assert to == THREE


def test_port_that_a_phone_connected_from_is_no_address_of_a_name() -> None:
    """Its connection has closed: it may listen where its Contact says, and at no other port."""
    box, phone = Box(), tcp("192.0.2.12")
    box.phone("101", A)
    binding = box.phone("102", phone, "sip:102@192.0.2.12:5070;transport=tcp")
    box.receive(request("INVITE"), A)
    box.receive(reply(box.request("INVITE"), 200), phone)
    routes = route_set(box.responses()[-1])
    binding.connected = False
    box.receive(request("BYE", "sip:102@192.0.2.12:5070", to_tag="callee", cseq=2, routes=routes), A)
    ((_, to),) = box.requests("BYE")
    assert to == Destination("192.0.2.12", 5070, "tcp")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_who_has_answered_hears_of_the_end_though_the_place_was_taken_away_meanwhile(transport: str) -> None:
    trunk = Trunk(others=[Destination(*TWO.remote, transport, "trunk.example.com")])
    trunk.box.pass_time(SILENCE)
    second, _ = trunk.next()
    trunk.box.receive(reply(second, 200), TWO)
    routes = route_set(trunk.box.responses()[-1])
    trunk.box.bindings.pop()
    trunk.box.restart()
    trunk.box.receive(request("BYE", "sip:112@10.9.8.7", to_tag="callee", cseq=2, routes=routes), A)
    ((_, to),) = trunk.box.requests("BYE")
    assert to == Destination(*TWO.remote, transport)
