"""INVITE client transactions, and how responses find theirs: RFC 3261 sections 17.1.1, 17.1.3 and 9.1, RFC 6026."""

from __future__ import annotations

import gc
import weakref

import pytest

from frontdesk.sip.message import Request
from frontdesk.sip.wire import Destination, Flow
from tests.support.bench import TCP, UDP, Bench, request, response


@pytest.fixture
def bench() -> Bench:
    return Bench()


def answer(bench: Bench, sent: Request, status: int, to_tag: str = "314159") -> bool:
    return bench.layer.receive_response(response(sent, status, to_tag), bench.clock.now)


# -- INVITE: Calling --------------------------------------------------------------------------------------------------


def test_timer_a_doubles_and_timer_b_ends_after_seven_requests(bench: Bench) -> None:
    bench.layer.client(request("INVITE"), UDP, bench, 0.0)
    bench.clock.advance(100)
    assert bench.times("INVITE") == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert bench.told == [(32.0, "timed out")]
    assert len(bench.layer) == 0


def test_no_timer_a_over_a_reliable_transport(bench: Bench) -> None:
    bench.layer.client(request("INVITE"), TCP, bench, 0.0)
    bench.clock.advance(100)
    assert bench.times("INVITE") == [0]
    assert bench.told == [(32.0, "timed out")]


def test_destination_with_a_reliable_transport_needs_no_timer_a(bench: Bench) -> None:
    bench.layer.client(request("INVITE"), Destination("192.0.2.10", 5060, "tcp"), bench, 0.0)
    bench.clock.advance(31)
    assert bench.times("INVITE") == [0]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_ack_still_goes_out_where_its_way_has_to_be_found(bench: Bench, transport: str) -> None:
    """The connection of the INVITE is closed, and the refusal came over another: a PBX waited for the ACK in vain."""
    invite = request("INVITE")
    bench.layer.client(invite, Destination("192.0.2.10", 5060, transport), bench, 0.0)
    answer(bench, invite, 486)
    _, ack = bench.sent[-1]
    assert ack.data.startswith(b"ACK ") and bench.layer.is_wanted(ack.key)


@pytest.mark.parametrize("way", [UDP, TCP], ids=["udp", "tcp"])
def test_what_follows_goes_where_the_request_has_gone(bench: Bench, way: Flow) -> None:
    """A name may stand for several hosts, in another order each time: the others know nothing of this call."""
    invite = request("INVITE")
    client = bench.layer.client(invite, Destination("pbx.example.com", None, None), bench, 0.0)
    bench.layer.sent_over(client.key, way, 0.0)
    bench.clock.advance(0.6)
    answer(bench, invite, 180)
    client.cancel(bench.clock.now)
    answer(bench, invite, 487)
    later = [(bytes(send.data).partition(b" ")[0], send.target) for _, send in bench.sent[1:]]
    assert later[-2:] == [(b"CANCEL", way), (b"ACK", way)]
    assert {target for _, target in later} == {way}


def test_a_request_is_wanted_until_something_is_heard_or_it_is_cancelled(bench: Bench) -> None:
    name = Destination("pbx.example.com", None, None)
    for status in (180, 200, 404):
        invite = request("INVITE")
        client = bench.layer.client(invite, name, bench, 0.0)
        assert bench.layer.is_wanted(client.key)
        answer(bench, invite, status)
        assert not bench.layer.is_wanted(client.key)
    client = bench.layer.client(request("INVITE"), name, bench, 0.0)
    client.cancel(0.1)
    assert not bench.layer.is_wanted(client.key)
    bench.layer.transport_failed(client.key, 0.2)
    assert not bench.layer.is_wanted(client.key) and bench.layer.is_wanted("")


def test_a_request_to_a_destination_fails_with_the_connection_that_it_went_over(bench: Bench) -> None:
    client = bench.layer.client(request("INVITE"), Destination("pbx.example.com", None, "tcp"), bench, 0.0)
    bench.layer.sent_over(client.key, TCP, 0.0)
    bench.layer.flow_closed(TCP, 0.3)
    assert bench.told == [(0.3, "failed")]


def test_retransmissions_are_the_same_bytes(bench: Bench) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    invite.replace("to", ["Somebody <sip:else@example.com>"])
    bench.clock.advance(2)
    assert len({send.data for _, send in bench.sent}) == 1


def test_transport_error_while_calling_fails_the_transaction(bench: Bench) -> None:
    client = bench.layer.client(request("INVITE"), UDP, bench, 0.0)
    assert {send.key for _, send in bench.sent} == {client.key}
    bench.layer.transport_failed(client.key, 0.1)
    bench.clock.advance(100)
    assert bench.told == [(0.1, "failed")]
    assert bench.times("INVITE") == [0]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
@pytest.mark.parametrize("quoted", [None, 300])
def test_request_that_icmp_gives_back_fails_its_transaction(bench: Bench, method: str, quoted: int | None) -> None:
    """Section 18.4; ICMP need not give back all of it."""
    bench.layer.client(request(method), UDP, bench, 0.0)
    bench.layer.unreached(bench.sent[-1][1].data[:quoted], 0.1)
    assert bench.told == [(0.1, "failed")]


@pytest.mark.parametrize(
    "given_back",
    [
        b"",
        request("INVITE", "z9hG4bKguessed").encode(),
        request("ACK").encode(),
        request("CANCEL").encode(),
        response(request("INVITE"), 180).encode(),
        request("INVITE").encode().partition(b"branch")[0],
    ],
    ids=["nothing", "another branch", "ACK", "CANCEL", "a response", "too little"],
)
def test_whatever_else_icmp_gives_back_fails_nothing(bench: Bench, given_back: bytes) -> None:
    """Who was not on the way of a request does not know its branch, and can't make a call fail."""
    bench.layer.client(request("INVITE"), UDP, bench, 0.0)
    bench.layer.unreached(given_back, 0.1)
    assert bench.told == []


def test_phone_that_has_rung_is_waited_for_whatever_icmp_says(bench: Bench) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 180)
    bench.layer.unreached(invite.encode(), 0.1)
    assert bench.told == [(0.0, "180")]


def test_closed_connection_fails_what_nobody_has_answered(bench: Bench) -> None:
    bench.layer.client(request("INVITE", "z9hG4bKa"), TCP, bench, 0.0)
    bench.layer.client(request("INVITE", "z9hG4bKb"), TCP, bench, 0.0)
    answer(bench, request("INVITE", "z9hG4bKb"), 180)
    bench.layer.flow_closed(TCP, 1.0)
    assert bench.told == [(0.0, "180"), (1.0, "failed"), (1.0, "cut off")]


# -- INVITE: Proceeding -----------------------------------------------------------------------------------------------


def test_provisional_stops_timers_a_and_b(bench: Bench) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 100)
    bench.clock.advance(1000)
    answer(bench, invite, 180)
    assert bench.times("INVITE") == [0]
    assert bench.told == [(0.0, "100"), (1000.0, "180")]
    assert len(bench.layer) == 1


@pytest.mark.parametrize("status", [200, 486])
def test_final_response_after_a_provisional_is_told(bench: Bench, status: int) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 180)
    answer(bench, invite, status)
    assert bench.told == [(0.0, "180"), (0.0, str(status))]


# -- INVITE: Completed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 486, 503, 603])
def test_refusal_is_acknowledged_and_told_once(bench: Bench, status: int) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    for _ in range(3):
        assert answer(bench, invite, status)
        bench.clock.advance(1)
    assert bench.told == [(0.0, str(status))]
    assert bench.times("ACK") == [0, 1, 2]
    bench.clock.advance(30)
    assert not answer(bench, invite, status), "Timer D has fired 32 s after the refusal"


def test_ack_to_a_refusal_is_built_by_17_1_1_3(bench: Bench) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 404, "from-callee")
    ack = bench.message("ACK")
    assert isinstance(ack, Request)
    assert ack.uri_text == invite.uri_text
    assert ack.lines("via") == invite.lines("via")[:1]
    assert ack.to.tag == "from-callee"
    assert ack.cseq == (2, "ACK")
    for header in ("from", "call-id", "route"):
        assert ack.lines(header) == invite.lines(header)
    assert ack.first("max-forwards") == "70"
    assert ack.first("contact") is ack.first("require") is None


def test_ack_takes_only_the_first_of_comma_joined_vias(bench: Bench) -> None:
    invite = request("INVITE")
    invite.replace("via", [", ".join(invite.lines("via"))])
    bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 404)
    assert bench.message("ACK").lines("via") == ["SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKbox1"]


def test_ack_goes_out_over_a_reliable_transport_too_and_timer_d_is_zero(bench: Bench) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, TCP, bench, 0.0)
    answer(bench, invite, 486)
    assert bench.times("ACK") == [0]
    assert bench.told == [(0.0, "486")]
    assert len(bench.layer) == 0


def test_success_after_a_refusal_is_ignored(bench: Bench) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 486)
    assert answer(bench, invite, 200)
    assert bench.told == [(0.0, "486")]


def test_transport_error_of_the_ack_ends_the_transaction(bench: Bench) -> None:
    invite = request("INVITE")
    client = bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 486)
    bench.layer.transport_failed(client.key, 0.0)
    assert bench.told == [(0.0, "486")], "nothing can be done about it: the refusal counts"
    assert len(bench.layer) == 0


def test_until_timer_d_nothing_stays_of_a_refused_call_but_its_ack(bench: Bench) -> None:
    """Whoever calls a busy phone again and again would fill the memory with calls that are over."""
    asker, invite = Bench(), request("INVITE")
    client, left = bench.layer.client(invite, UDP, asker, 0.0), weakref.ref(asker)
    answer(bench, invite, 486)
    assert [status for _, status in asker.told] == ["486"]
    del asker
    gc.collect()
    assert left() is None and not hasattr(client, "request") and len(bench.layer) == 1


# -- INVITE: Accepted (RFC 6026) --------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [UDP, TCP])
def test_every_2xx_is_told_until_timer_m_and_none_is_acknowledged(bench: Bench, flow: Flow) -> None:
    invite = request("INVITE")
    bench.layer.client(invite, flow, bench, 0.0)
    answer(bench, invite, 200, "one")
    bench.clock.advance(1)
    answer(bench, invite, 200, "one")
    answer(bench, invite, 202, "another branch")
    answer(bench, invite, 486)
    assert bench.told == [(0.0, "200"), (1.0, "200"), (1.0, "202")]
    assert not bench.times("ACK")
    bench.clock.advance(31)
    assert not answer(bench, invite, 200)
    assert len(bench.layer) == 0


# -- CANCEL (9.1) -----------------------------------------------------------------------------------------------------

REASON = [("Reason", 'SIP;cause=200;text="Call completed elsewhere"')]


def test_cancel_waits_for_a_provisional_response(bench: Bench) -> None:
    invite = request("INVITE")
    client = bench.layer.client(invite, UDP, bench, 0.0)
    client.cancel(0.0, REASON)
    bench.clock.advance(2)
    assert not bench.times("CANCEL")
    answer(bench, invite, 100)
    assert bench.times("CANCEL") == [2]


def test_cancel_is_built_by_9_1(bench: Bench) -> None:
    invite = request("INVITE")
    client = bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 180)
    client.cancel(0.0, REASON)
    cancel = bench.message("CANCEL")
    assert isinstance(cancel, Request)
    assert cancel.uri_text == invite.uri_text
    assert cancel.lines("via") == invite.lines("via")[:1]
    assert cancel.cseq == (2, "CANCEL")
    for header in ("from", "to", "call-id", "route"):
        assert cancel.lines(header) == invite.lines(header)
    assert cancel.first("require") is cancel.first("contact") is None
    assert cancel.first("reason") == REASON[0][1]
    assert bench.sent[-1][1].target == client.target


def test_cancel_is_a_transaction_of_its_own_and_sent_once(bench: Bench) -> None:
    invite = request("INVITE")
    client = bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 180)
    client.cancel(0.0, ())
    client.cancel(0.0, ())
    bench.clock.advance(1)
    assert bench.times("CANCEL") == [0, 0.5]
    answer(bench, request("CANCEL"), 200)
    bench.clock.advance(10)
    assert bench.times("CANCEL") == [0, 0.5]
    answer(bench, invite, 487)
    assert bench.told == [(0.0, "180"), (11.0, "487")]
    assert bench.times("ACK") == [11]


@pytest.mark.parametrize("final", [200, 486])
def test_no_cancel_after_a_final_response(bench: Bench, final: int) -> None:
    invite = request("INVITE")
    client = bench.layer.client(invite, UDP, bench, 0.0)
    client.cancel(0.0, ())
    answer(bench, invite, final)
    client.cancel(0.0, ())
    assert not bench.times("CANCEL")


def test_cancelled_invite_without_final_response_times_out_after_64_t1(bench: Bench) -> None:
    invite = request("INVITE")
    client = bench.layer.client(invite, UDP, bench, 0.0)
    answer(bench, invite, 180)
    bench.clock.advance(5)
    client.cancel(5.0, ())
    answer(bench, request("CANCEL"), 200)
    bench.clock.advance(31.9)
    assert bench.told == [(0.0, "180")]
    bench.clock.advance(0.2)
    assert bench.told[1:] == [(37.0, "timed out")]
    assert len(bench.layer) == 0


# -- matching (17.1.3) ------------------------------------------------------------------------------------------------


def test_response_matches_by_branch_and_cseq_method(bench: Bench) -> None:
    bench.layer.client(request("INVITE"), UDP, bench, 0.0)
    assert not answer(bench, request("INVITE", "z9hG4bKother"), 200)
    assert not answer(bench, request("OPTIONS"), 200)
    assert answer(bench, request("INVITE"), 180)


def test_our_own_request_is_known_again(bench: Bench) -> None:
    bench.layer.client(request("INVITE"), UDP, bench, 0.0)
    assert bench.layer.is_own(request("INVITE"))
    assert not bench.layer.is_own(request("INVITE", "z9hG4bKother"))
    assert not bench.layer.is_own(request("MESSAGE"))


@pytest.mark.parametrize(("header", "value"), [("cseq", "2"), ("via", "SIP/2.0/UDP"), ("via", None), ("cseq", None)])
def test_response_that_cannot_be_read_matches_nothing(bench: Bench, header: str, value: str | None) -> None:
    sent = request("INVITE")
    bench.layer.client(sent, UDP, bench, 0.0)
    broken = response(sent, 200)
    broken.replace(header, [value] if value else [])
    assert not bench.layer.receive_response(broken, 0.0)
    assert not bench.told
