"""RFC 3665 section 3, message by message; then each flow again in bad weather, which has to come to the same end.

The box stands for the two proxies of sections 3.2, 3.3 and 3.8 to 3.11, so what these say to each other is left out.
All goes over UDP. The box challenges the first INVITE of every call, not only those of 3.2 to 3.4, and it puts itself
into the route of every dialog. What else differs is said at each flow.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from tests.flows.stage import BOB, STORMS, Stage
from tests.support.call import Call
from tests.support.wire import FINE, Weather

INVITED = ["alice > box: INVITE", "box > alice: 407 INVITE", "alice > box: ACK", "alice > box: INVITE"]
OFFERED = ["box > alice: 100 INVITE", "box > bob: INVITE"]
RINGING = ["bob > box: 180 INVITE", "box > alice: 180 INVITE"]
ANSWERED = ["bob > box: 200 INVITE", "box > alice: 200 INVITE", "alice > box: ACK", "box > bob: ACK"]
BOB_HANGS_UP = ["bob > box: BYE", "box > alice: BYE", "alice > box: 200 BYE", "box > bob: 200 BYE"]
ALICE_HANGS_UP = ["alice > box: BYE", "box > bob: BYE", "bob > box: 200 BYE", "box > alice: 200 BYE"]
PROXY_2 = ("Proxy-Authenticate", 'Digest realm="biloxi.example.com", algorithm=MD5, qop="auth", nonce="f84f1cec4"')
ELSEWHERE = ("192.0.2.99", 5060)
BOBS_NEW_PLACE = ("192.0.2.212", 5060)


def refused(status: int) -> list[str]:
    """What a final response above 299 looks like."""
    to_the_box = [f"bob > box: {status} INVITE", "box > bob: ACK"]
    return [*to_the_box, f"box > alice: {status} INVITE", "alice > box: ACK"]


def both(stage: Stage, seconds: float = 60.0) -> tuple[Call, Call]:
    """A while later: Alice's and Bob's latest call."""
    stage.clock.advance(seconds)
    return stage.alice.calls[-1], stage.bob.calls[-1]


# -- the flows ---------------------------------------------------------------------------------------------------------


def through_the_proxy(stage: Stage) -> None:
    """3.2."""
    stage.alice.call("bob")
    talk(stage)[1].hang_up()


def talk(stage: Stage) -> tuple[Call, Call]:
    alices, bobs = both(stage)
    assert (alices.state, bobs.state) == ("up", "up")
    return alices, bobs


def multiple_proxy_authentication(stage: Stage) -> None:
    """3.3: the second challenge is Bob's own, as if a proxy stood at his Contact."""
    stage.bob.first, stage.bob.extra = [(0.1, 407)], [PROXY_2]
    stage.bob.script = [(0.1, 200)]
    stage.alice.call("bob")
    talk(stage)[1].hang_up()


def proxy_failure(stage: Stage) -> None:
    """3.4: Proxy 1 is an address where nobody answers; the box is Proxy 2."""
    stage.alice.call("bob", to=ELSEWHERE)
    stage.clock.advance(60)
    assert stage.alice.calls[0].result == 408
    through_the_proxy(stage)


def through_an_alg(stage: Stage) -> None:
    """3.5: a plain router instead of the ALG, so nobody puts Alice's private Via and Contact right. She hangs up."""
    stage.alice.address = ("10.1.3.33", 5060)
    stage.alice.register()
    stage.clock.advance(60)
    through_the_proxy_by_alice(stage)


def through_the_proxy_by_alice(stage: Stage) -> None:
    stage.alice.call("bob")
    talk(stage)[0].hang_up()


def redirected_with_sdp_in_ack(stage: Stage) -> None:
    """3.6: the box is Proxy 3."""
    redirector = stage.phone("redirector", ELSEWHERE)
    redirector.script, redirector.extra = [(0.0, 302)], [("Contact", "<sip:bob@desk.example>")]
    stage.alice.call("bob", b"", to=ELSEWHERE)
    stage.clock.advance(60)
    assert stage.alice.calls[0].result == 302
    stage.alice.call("bob", b"").ack_body = b"v=0\r\ns=late\r\n"
    talk(stage)[1].hang_up()


def reinvite_from_another_address(stage: Stage) -> None:
    """3.7: through the box, which stays in the route; Bob registers where he is before he calls from there."""
    stage.alice.call("bob")
    bobs = talk(stage)[1]
    stage.bob.move(BOBS_NEW_PLACE)
    stage.bob.register()
    stage.clock.advance(60)
    bobs.reinvite(b"v=0\r\ns=moved\r\n")
    talk(stage)[0].hang_up()


def no_answer(stage: Stage) -> None:
    """3.8: Alice gives up."""
    stage.bob.script = [(0.1, 180)]
    call = stage.alice.call("bob")
    stage.clock.advance(30)
    call.cancel()


def busy(stage: Stage) -> None:
    """3.9."""
    stage.bob.script = [(0.1, 486)]
    stage.alice.call("bob")


def no_response(stage: Stage) -> None:
    """3.10: the box says 408 by RFC 3261 section 16.6 step 7 where the RFC's Proxy 2 says 480."""
    stage.bob.move(BOBS_NEW_PLACE)
    stage.wire.detach(BOB)
    stage.alice.call("bob")


def temporarily_unavailable(stage: Stage) -> None:
    """3.11."""
    stage.bob.script = [(0.1, 180), (1.0, 480)]
    stage.alice.call("bob")


# -- message by message ------------------------------------------------------------------------------------------------


def played(flow: Callable[[Stage], None]) -> Stage:
    """The flow in fine weather, to its end."""
    stage = Stage().registered()
    flow(stage)
    stage.ended()
    return stage


def sent(stage: Stage, line: str) -> Request | Response:
    """The last message that was sent so."""
    message = parse_message(stage.wire.last(line))
    assert isinstance(message, Request | Response)
    return message


def test_3_1_successful_session_establishment() -> None:
    stage = Stage().registered()
    stage.alice.call("bob", to=BOB)
    talk(stage)[1].hang_up()
    stage.ended()
    before = ["alice > bob: INVITE", "bob > alice: 180 INVITE", "bob > alice: 200 INVITE", "alice > bob: ACK"]
    assert stage.ladder() == [*before, "bob > alice: BYE", "alice > bob: 200 BYE"], "the box has no part in it"


def test_3_2_session_establishment_through_the_proxy() -> None:
    assert played(through_the_proxy).ladder() == INVITED + OFFERED + RINGING + ANSWERED + BOB_HANGS_UP


def test_3_2_what_the_proxy_changes() -> None:
    stage = played(through_the_proxy)
    before, after = sent(stage, "alice > box: INVITE"), sent(stage, "box > bob: INVITE")
    assert (before.first("max-forwards"), after.first("max-forwards")) == ("70", "69")
    top, hers = after.lines("via")
    assert top.startswith("SIP/2.0/UDP 192.0.2.1:5060;")
    assert hers.startswith("SIP/2.0/UDP 192.0.2.101:5060;") and "rport=5060" in hers
    assert len(after.values("record-route")) == 1
    for header in ("from", "to", "call-id", "cseq", "contact", "content-type"):
        assert after.lines(header) == before.lines(header)
    assert after.body == before.body
    assert isinstance(after, Request) and after.uri_text == "sip:bob@192.0.2.201:5060"


def test_3_2_responses_go_back_through_one_via_less() -> None:
    stage = played(through_the_proxy)
    for status in (180, 200):
        before, after = sent(stage, f"bob > box: {status} INVITE"), sent(stage, f"box > alice: {status} INVITE")
        assert len(before.lines("via")) == len(after.lines("via")) + 1 == 2
        assert (after.first("to"), after.body) == (before.first("to"), before.body)
        assert after.values("record-route") == before.values("record-route")


def test_3_2_the_box_is_not_in_the_route_that_bob_and_alice_see() -> None:
    stage = played(through_the_proxy)
    for line in ("box > bob: ACK", "box > alice: BYE"):
        assert not sent(stage, line).lines("route")


def test_3_3_session_with_multiple_proxy_authentication() -> None:
    stage = played(multiple_proxy_authentication)
    second_challenge = [*OFFERED, *refused(407), "alice > box: INVITE"]
    assert stage.ladder() == INVITED + second_challenge + OFFERED + ANSWERED + BOB_HANGS_UP
    assert any("biloxi" in value for value in sent(stage, "box > bob: INVITE").lines("proxy-authorization"))


def test_3_4_successful_session_with_proxy_failure() -> None:
    tried = ["alice > 192.0.2.99: INVITE"] * 7
    assert played(proxy_failure).ladder() == tried + INVITED + OFFERED + RINGING + ANSWERED + BOB_HANGS_UP


def test_3_5_session_through_a_router() -> None:
    stage = played(through_an_alg)
    assert stage.ladder()[2:] == INVITED + OFFERED + RINGING + ANSWERED + ALICE_HANGS_UP


def test_3_5_bob_reaches_alice_behind_her_router() -> None:
    stage = Stage().registered()
    stage.alice.address = ("10.1.3.33", 5060)
    stage.alice.call("bob")
    talk(stage)[1].hang_up()
    stage.ended()
    assert stage.ladder() == INVITED + OFFERED + RINGING + ANSWERED + BOB_HANGS_UP


def test_3_6_session_via_redirect_with_sdp_in_ack() -> None:
    stage = played(redirected_with_sdp_in_ack)
    redirected = ["alice > redirector: INVITE", "redirector > alice: 302 INVITE", "alice > redirector: ACK"]
    assert stage.ladder() == redirected + INVITED + OFFERED + RINGING + ANSWERED + BOB_HANGS_UP
    assert sent(stage, "box > bob: ACK").body == b"v=0\r\ns=late\r\n"
    assert sent(stage, "box > bob: INVITE").body == b""


def test_3_7_session_with_reinvite_from_another_address() -> None:
    stage = played(reinvite_from_another_address)
    moved = ["bob > box: REGISTER", "box > bob: 200 REGISTER"]
    there = ["bob > box: INVITE", "box > bob: 100 INVITE", "box > alice: INVITE"]
    again = ["alice > box: 200 INVITE", "box > bob: 200 INVITE", "bob > box: ACK", "box > alice: ACK"]
    assert stage.ladder() == INVITED + OFFERED + RINGING + ANSWERED + moved + there + again + ALICE_HANGS_UP
    assert sent(stage, "box > alice: INVITE").first("contact") == "<sip:bob@192.0.2.212:5060>"
    assert stage.wire.sent("box > bob: BYE")[-1].destination == BOBS_NEW_PLACE


def test_3_8_unsuccessful_no_answer() -> None:
    stage = played(no_answer)
    given_up = ["alice > box: CANCEL", "box > alice: 200 CANCEL", "box > bob: CANCEL", "bob > box: 200 CANCEL"]
    assert stage.ladder() == INVITED + OFFERED + RINGING + given_up + refused(487)


def test_3_9_unsuccessful_busy() -> None:
    assert played(busy).ladder() == INVITED + OFFERED + refused(486)


def test_3_10_unsuccessful_no_response() -> None:
    stage = played(no_response)
    tried = [*OFFERED[:1], *["box > bob: INVITE"] * 7]
    assert stage.ladder() == [*INVITED, *tried, "box > alice: 408 INVITE", "alice > box: ACK"]


def test_3_11_unsuccessful_temporarily_unavailable() -> None:
    assert played(temporarily_unavailable).ladder() == INVITED + OFFERED + RINGING + refused(480)


# -- in any weather ----------------------------------------------------------------------------------------------------

FLOWS: list[tuple[Callable[[Stage], None], int]] = [
    (through_the_proxy, 200),
    (multiple_proxy_authentication, 200),
    (proxy_failure, 200),
    (through_an_alg, 200),
    (redirected_with_sdp_in_ack, 200),
    (reinvite_from_another_address, 200),
    (no_answer, 487),
    (busy, 486),
    (no_response, 408),
    (temporarily_unavailable, 480),
]


@pytest.mark.parametrize("weather", [FINE, *STORMS], ids=str)
@pytest.mark.parametrize(("flow", "result"), FLOWS)
def test_call_comes_to_the_same_end_in_any_weather(
    flow: Callable[[Stage], None], result: int, weather: Weather
) -> None:
    stage = Stage(weather).registered()
    flow(stage)
    stage.ended()
    assert stage.alice.calls[-1].result == result
    if flow is not no_response:
        assert stage.bob.calls[-1].result == result
    [*_, record] = stage.box.records
    assert (record.caller, record.callee, record.result) == ("alice", "bob", result)
    assert (record.answered_at is not None) == (result == 200)


# -- over TCP, and between TCP and UDP ---------------------------------------------------------------------------------


def speaking(alice: str, bob: str) -> Stage:
    """The stage, with what each speaks."""
    stage = Stage()
    stage.alice.use(alice)
    stage.bob.use(bob)
    return stage.registered()


@pytest.mark.parametrize(("alice", "bob"), [("tcp", "tcp"), ("tcp", "udp"), ("udp", "tcp")])
@pytest.mark.parametrize(("flow", "result"), FLOWS)
def test_call_comes_to_the_same_end_over_any_transport(
    flow: Callable[[Stage], None], result: int, alice: str, bob: str
) -> None:
    stage = speaking(alice, bob)
    flow(stage)
    stage.ended()
    assert stage.alice.calls[-1].result == result
    assert stage.box.records[-1].result == result


@pytest.mark.parametrize(("alice", "bob"), [("tcp", "tcp"), ("tcp", "udp"), ("udp", "tcp")])
def test_3_2_is_the_same_over_any_transport(alice: str, bob: str) -> None:
    stage = speaking(alice, bob)
    through_the_proxy(stage)
    stage.ended()
    assert stage.ladder() == INVITED + OFFERED + RINGING + ANSWERED + BOB_HANGS_UP
    assert sent(stage, "box > bob: INVITE").lines("via")[0].startswith(f"SIP/2.0/{bob.upper()} ")
    assert sent(stage, "box > alice: BYE").lines("via")[0].startswith(f"SIP/2.0/{alice.upper()} ")
    routes = sent(stage, "box > bob: INVITE").values("record-route")
    assert len(routes) == (1 if alice == bob else 2), "RFC 5658: one for each side where they differ"
