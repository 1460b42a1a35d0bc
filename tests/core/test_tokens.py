"""Whom a Record-Route token lets in: the two sides of its call, and nobody else who has heard it (RFC 3261, 16.6)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import pytest

from frontdesk.model import Account, Binding, BindingState, Secret, Settings
from frontdesk.proxy.record_route import Dialog, Side
from frontdesk.proxy.sides import MAX_PROVEN
from frontdesk.sip.digest import ha1
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow, Target
from tests.support.asking import ask, statuses
from tests.support.bare_core import PASSWORD, BareCore
from tests.support.registering import HERE, REALM, flow

PHONE = "<sip:101@192.0.2.101:5060>"
OTHER = "<sip:102@192.0.2.102:5060>"
THERE = flow("192.0.2.102")
THIEF = flow("192.0.2.66")
DOOR = flow("203.0.113.7")


@dataclass
class Call:
    """An answered call of 101's; `ok` is what the caller got, and so its Record-Routes are in it."""

    box: BareCore
    ok: Response
    contact: str = "sip:102@192.0.2.102:5060"

    def ask(self, method: str, number: int = 1) -> Request:
        """The caller's request."""
        return self._ask(method, number, f"From: <sip:101@{REALM}>;tag=1\r\nTo: <sip:102@{REALM}>;tag=callee", -1)

    def ask_back(self, method: str, number: int = 1) -> Request:
        """The callee's request."""
        return self._ask(method, number, f"From: <sip:102@{REALM}>;tag=callee\r\nTo: <sip:101@{REALM}>;tag=1", 1)

    def _ask(self, method: str, number: int, ends: str, order: int) -> Request:
        routes = "".join(f"Route: {value}\r\n" for value in self.ok.values("record-route")[::order])
        text = (
            f"{method} {self.contact} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 192.0.2.101;branch=z9hG4bK{method}{number}{order};rport\r\nMax-Forwards: 70\r\n{routes}"
            f"{ends}\r\nCall-ID: INVITE@phone\r\nCSeq: {number + 1} {method}\r\nContent-Length: 0\r\n\r\n"
        )
        request = parse_message(text.encode())
        assert isinstance(request, Request)
        return request


def call(box: BareCore, callee: Flow = THERE) -> Call:
    """101 rings 102, who answers."""
    box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")))
    return answered(box, callee)


def answered(box: BareCore, callee: Flow) -> Call:
    """The INVITE that was sent last is answered."""
    invite = box.sent[-1][0]
    assert isinstance(invite, Request) and invite.method == "INVITE"
    routes = [("record-route", value) for value in invite.lines("record-route")]
    box.core.receive(Response.to_request(invite, 200, headers=routes, to_tag="callee"), callee, box.clock.now)
    box.settle()
    ok = next(sent for sent, target in reversed(box.sent) if isinstance(sent, Response) and target == HERE)
    assert ok.status == 200
    return Call(box, ok)


@pytest.fixture
def box() -> BareCore:
    box = BareCore()
    box.register(PHONE)
    box.register(OTHER, user="102", at=THERE, call_id="b@phone")
    return box


def unregister(box: BareCore, user: str) -> None:
    """Takes the bindings away, as where an account is removed."""
    box.core.drop(box.bindings(user), box.clock.now)
    box.settle()
    assert box.bindings(user) == []


def reached(box: BareCore, request: Request, at: Flow) -> Target | None:
    """Where it was sent on to."""
    before = len(box.sent)
    box.receive(request, at)
    return next((target for sent, target in box.sent[before:] if isinstance(sent, Request)), None)


@pytest.mark.parametrize("method", ["INFO", "BYE", "INVITE", "SUBSCRIBE"])
def test_whoever_has_heard_it_is_challenged_and_nothing_is_kept_of_him(box: BareCore, method: str) -> None:
    call_ = call(box)
    before = len(box.core.layer)
    for stolen in (call_.ask(method), call_.ask_back(method)):
        assert statuses(box.receive(stolen, THIEF)) == [407]
    assert len(box.core.layer) == before


def test_an_ack_of_his_is_dropped(box: BareCore) -> None:
    call_ = call(box)
    assert reached(box, call_.ask("ACK"), THIEF) is None
    assert reached(box, call_.ask("ACK"), HERE) == THERE


def test_with_the_password_of_its_side_it_is_good_from_anywhere(box: BareCore) -> None:
    """A phone that has another address since, and has not registered there yet."""
    call_ = call(box)
    assert reached(box, box.signed(call_.ask("BYE"), THIEF), THIEF) == THERE


@pytest.mark.parametrize("method", ["BYE", "INVITE", "MESSAGE"])
@pytest.mark.parametrize("registered", [True, False], ids=["registered", "registration gone"])
def test_with_the_password_of_another_account_it_opens_nothing(box: BareCore, method: str, registered: bool) -> None:
    call_ = call(box)
    if not registered:
        unregister(box, "101")
    secret = Secret("", {"MD5": ha1("MD5", "103", REALM, PASSWORD)})
    box.directory.put(Account("103", f"sip:103@{REALM}", secrets=(secret,)))
    assert statuses(box.receive(box.signed(call_.ask(method), THIEF, user="103"), THIEF)) == [403]
    assert [event.account for event in box.core.events if event.rule == "other-dialog"] == ["103"], "his own story"


@pytest.mark.parametrize("method", ["BYE", "INVITE", "MESSAGE"])
def test_without_it_another_account_says_nothing_in_a_call(box: BareCore, method: str) -> None:
    """The tags and the Contact alone would do for a phone; one of its own account may have lost its Routes."""
    call_ = call(box)
    secret = Secret("", {"MD5": ha1("MD5", "103", REALM, PASSWORD)})
    box.directory.put(Account("103", f"sip:103@{REALM}", secrets=(secret,)))
    forward, back = call_.ask(method), call_.ask_back(method)
    back.uri_text = "sip:101@192.0.2.101:5060"
    for request, user, there in ((forward, "101", THERE), (back, "102", HERE)):
        request.replace("route", [])
        stolen = deepcopy(request)
        stolen.replace("from", [f"<sip:103@{REALM}>;tag={request.from_.tag}"])
        assert statuses(box.receive(box.signed(stolen, THIEF, user="103"), THIEF)) == [403]
        assert reached(box, box.signed(request, user=user), HERE) == there


def test_without_it_who_has_answered_for_another_number_is_let_in() -> None:
    box = BareCore(Settings(trunk="102"))
    box.register(PHONE)
    box.register(OTHER, user="102", at=THERE, call_id="b@phone")
    box.receive(box.signed(ask("INVITE", f"sip:0301234@{REALM}")))
    back = answered(box, THERE).ask_back("BYE")
    back.uri_text = "sip:101@192.0.2.101:5060"
    back.replace("route", [])
    assert reached(box, box.signed(back, THERE, user="102"), THERE) == HERE


def test_without_it_who_is_still_rung_is_let_in(box: BareCore) -> None:
    """All that a peer calls under one Call-ID and tag is one call, and only the first of it named the callee."""
    box.directory.peers[DOOR.remote[0]] = "pbx"
    for number, user in enumerate(("101", "102")):
        invite = ask("INVITE", f"sip:{user}@{REALM}", headers=f"Contact: <sip:door@{DOOR.remote[0]}>\r\n")
        invite.replace("via", [f"SIP/2.0/UDP {DOOR.remote[0]};branch=z9hG4bKdoor{number};rport"])
        box.receive(invite, DOOR)
    update = Call(box, Response.to_request(invite, 183)).ask_back("UPDATE")
    update.uri_text = "sip:101@192.0.2.101:5060"
    assert reached(box, box.signed(update, THERE, user="102"), THERE) == HERE


@pytest.mark.parametrize("method", ["BYE", "INVITE", "MESSAGE"])
def test_under_another_name_it_opens_nothing(box: BareCore, method: str) -> None:
    """Not to its own phones either: they would be somebody else to those that they talk to."""
    call_ = call(box)
    for name in ("as_caller", "as_callee"):
        forged = call_.ask(method) if name == "as_caller" else call_.ask_back(method)
        tag = forged.from_.tag
        forged.replace("from", [f"<sip:boss@{REALM}>;tag={tag}"])
        at, user = (HERE, "101") if name == "as_caller" else (THERE, "102")
        assert statuses(box.receive(forged, at)) == [407]
        assert statuses(box.receive(box.signed(forged, at, user=user), at)) == [403]


@pytest.mark.parametrize("port", [5060, 49_000])
def test_both_sides_are_let_in_whatever_port_they_send_from(box: BareCore, port: int) -> None:
    call_ = call(box)
    assert reached(box, call_.ask("INFO"), Flow("udp", HERE.local, ("192.0.2.101", port))) == THERE
    assert reached(box, call_.ask_back("BYE"), Flow("udp", HERE.local, ("192.0.2.102", port))) == HERE


def test_a_side_is_not_the_other_one(box: BareCore) -> None:
    call_ = call(box)
    assert statuses(box.receive(call_.ask("BYE"), THERE)) == [407]


def test_a_phone_that_has_moved_is_let_in_where_it_is_registered(box: BareCore) -> None:
    call_, elsewhere = call(box), flow("192.0.2.112")
    moved = "<sip:102@192.0.2.112:5060>"
    assert statuses(box.receive(call_.ask_back("INFO"), elsewhere)) == [407]
    box.register(moved, user="102", at=elsewhere, call_id="b@phone", cseq=9)
    assert reached(box, call_.ask_back("INFO", 2), elsewhere) == HERE


def test_unregistered_caller_is_let_in_where_he_called_from_while_he_has_an_account(box: BareCore) -> None:
    unregister(box, "101")
    call_ = call(box)
    assert reached(box, call_.ask("ACK"), HERE) == THERE
    assert reached(box, call_.ask("INFO"), HERE) == THERE
    box.directory.drop("101")
    assert statuses(box.receive(call_.ask("INFO", 2), HERE)) == [407]


def test_when_its_account_is_taken_away_the_token_goes_with_the_binding(box: BareCore) -> None:
    call_ = call(box)
    unregister(box, "102")
    assert statuses(box.receive(call_.ask_back("INVITE"), THERE)) == [407]


def test_who_has_no_account_any_more_may_still_hang_up_where_he_was_called(box: BareCore) -> None:
    """Or the other one would talk to nobody, and neither could end it."""
    call_ = call(box)
    for user in ("101", "102"):
        unregister(box, user)
        box.directory.drop(user)
    assert statuses(box.receive(call_.ask_back("BYE"), THIEF)) == [407]
    assert reached(box, call_.ask_back("BYE", 2), THERE) == HERE
    assert reached(box, call_.ask("BYE"), HERE) == THERE


@pytest.mark.parametrize("name", ["101", "103"])
def test_nobody_takes_a_side_whose_registration_is_gone_under_any_name(box: BareCore, name: str) -> None:
    call_ = call(box)
    unregister(box, "101")
    secret = Secret("", {"MD5": ha1("MD5", "103", REALM, PASSWORD)})
    box.directory.put(Account("103", f"sip:103@{REALM}", secrets=(secret,)))
    stolen = call_.ask("INVITE", 5)
    stolen.replace("from", [f"<sip:{name}@{REALM}>;tag=1"])
    assert statuses(box.receive(box.signed(stolen, THIEF, user="103"), THIEF)) == [403]
    assert reached(box, call_.ask_back("INFO", 6), THERE) == HERE


def test_of_an_anonymous_caller_who_is_not_registered_nobody_takes_the_side(box: BareCore) -> None:
    """Any account may call itself anonymous: its password does not say that it is he."""
    unregister(box, "101")
    box.receive(box.signed(anonymous(ask("INVITE", f"sip:102@{REALM}"))))
    call_ = answered(box, THERE)
    secret = Secret("", {"MD5": ha1("MD5", "103", REALM, PASSWORD)})
    box.directory.put(Account("103", f"sip:103@{REALM}", secrets=(secret,)))
    stolen = anonymous(call_.ask("INVITE"))
    box.receive(box.signed(stolen, THIEF, user="103"), THIEF)
    info = call_.ask_back("INFO", 3)
    info.replace("to", ["<sip:anonymous@anonymous.invalid>;tag=1"])
    assert reached(box, info, THERE) == HERE


def anonymous(request: Request) -> Request:
    """The same from nobody in particular."""
    request.replace("from", [f"<sip:anonymous@anonymous.invalid>;tag={request.from_.tag}"])
    return request


def test_a_phone_that_has_registered_since_it_showed_its_password_is_reached_where_it_is(box: BareCore) -> None:
    call_, there, later = call(box), flow("192.0.2.112"), flow("192.0.2.112", 40_002)
    unregister(box, "101")
    assert reached(box, box.signed(call_.ask("INVITE", 7), there), there) == THERE
    assert reached(box, call_.ask_back("INFO", 8), THERE) == there
    box.clock.now += 1
    box.register("<sip:102@192.0.2.102:5060>", at=later, cseq=9)  # 101's, with the Contact that the dialog names
    assert reached(box, call_.ask_back("INFO", 9), THERE) == later


def test_another_phone_with_the_same_contact_is_not_taken_for_one_that_has_moved(box: BareCore) -> None:
    """Two phones of an account behind two routers may have one private Contact."""
    box.register("<sip:102@192.0.2.102:5060>", at=flow("192.0.2.120"), call_id="other@phone")
    call_, there = call(box), flow("192.0.2.112")
    box.core.drop([each for each in box.bindings() if each.call_id == "a@phone"], box.clock.now)
    box.settle()
    box.clock.now += 1
    assert reached(box, box.signed(call_.ask("INVITE", 7), there), there) == THERE
    assert reached(box, call_.ask_back("INFO", 8), THERE) == there


def test_a_registered_phone_that_has_moved_and_registered_is_reached_where_it_is(box: BareCore) -> None:
    call_, there = call(box), flow("192.0.2.112")
    box.clock.now += 1
    assert reached(box, box.signed(call_.ask("INVITE", 7), there), there) == THERE
    assert reached(box, call_.ask_back("INFO", 8), THERE) == there
    box.clock.now += 1
    box.register(PHONE, cseq=9)
    assert reached(box, call_.ask_back("INFO", 9), THERE) == HERE


def test_an_ack_from_where_the_call_began_needs_no_registration(box: BareCore) -> None:
    call_ = call(box)
    unregister(box, "101")
    assert reached(box, call_.ask("ACK"), HERE) == THERE


def test_sides_that_have_shown_a_password_are_not_remembered_without_end(box: BareCore) -> None:
    call_, sides = call(box), box.core.proxy.sides
    unregister(box, "101")
    for number in range(MAX_PROVEN + 5):
        dialog = Dialog(f"token{number}", Side(0, THERE), Side(0, HERE), "1", True)
        sides.remember(dialog, call_.ask("INVITE"), THIEF, box.directory.accounts["101"], 0.0)
    assert len(sides._proven) == MAX_PROVEN


@pytest.mark.parametrize("gone", ["registered anew", "moved"])
def test_an_invite_that_a_password_let_in_has_its_ack(box: BareCore, gone: str) -> None:
    """An ACK can't be challenged (RFC 3261 section 22.1)."""
    call_, at = call(box), flow("192.0.2.112") if gone == "moved" else HERE
    unregister(box, "101")
    if gone == "registered anew":
        box.register(PHONE, cseq=9)
    hold = box.signed(call_.ask("INVITE", 7), at)
    assert reached(box, hold, at) == THERE
    assert reached(box, call_.ask_back("INFO", 8), THERE) == at, "there the other one reaches it, too"
    assert reached(box, call_.ask("ACK", 7), at) == THERE
    assert reached(box, call_.ask("ACK", 7), THIEF) is None
    if gone == "moved":
        assert reached(box, call_.ask("ACK", 8), at) is None, "of an INVITE that nobody has sent"


def test_a_static_binding_may_send_from_any_of_its_hosts(box: BareCore) -> None:
    unregister(box, "102")
    door = Binding(99, f"sip:102@{REALM}", "sip:102@door.example", "", None, 0, None, state=BindingState.STATIC)
    box.core.location.add(door)
    call_ = call(box, DOOR)
    assert reached(box, call_.ask_back("BYE"), flow("203.0.113.8")) == HERE
    assert statuses(box.receive(call_.ask("BYE"), THIEF)) == [407]


def test_a_trusted_peer_is_let_in_whichever_of_its_hosts_it_sends_from(box: BareCore) -> None:
    box.directory.peers["203.0.113.8"] = "pbx"
    call_ = call(box)
    assert reached(box, call_.ask_back("BYE"), flow("203.0.113.8")) == HERE


@pytest.mark.parametrize("method", ["BYE", "ACK"])
def test_a_browser_on_a_trusted_peer_is_let_into_no_call(box: BareCore, method: str) -> None:
    box.directory.peers["203.0.113.8"] = "pbx"
    call_, browser = call(box), flow("203.0.113.8")._replace(transport="ws", connection=5)
    for stolen in (call_.ask(method), call_.ask_back(method)):
        assert reached(box, stolen, browser) is None


def test_of_a_call_that_came_back_to_the_box_the_outer_token_says_who_sends(box: BareCore) -> None:
    """102 stands at 101's phone: two tokens, of which the inner one was sent by the box itself."""
    unregister(box, "102")
    door = Binding(99, f"sip:102@{REALM}", f"sip:101@{REALM}", "", None, 0, None, state=BindingState.STATIC)
    box.core.location.add(door)
    box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")))
    spiral = box.sent[-1][0]
    itself = flow("192.0.2.1")
    box.receive(spiral, itself)
    invite = box.sent[-1][0]
    assert isinstance(invite, Request)
    routes = [("record-route", value) for value in invite.lines("record-route")]
    assert len(routes) == 2
    box.core.receive(Response.to_request(invite, 200, headers=routes, to_tag="callee"), HERE, box.clock.now)
    box.settle()
    box.core.receive(box.sent[-1][0], itself, box.clock.now)  # over the loop once more
    box.settle()
    assert box.sent[-1][1] == HERE
    ok = box.sent[-1][0]
    assert isinstance(ok, Response) and ok.status == 200
    call_ = Call(box, ok, "sip:101@192.0.2.101:5060")
    assert statuses(box.receive(call_.ask("BYE"), THIEF)) == [407]
    assert reached(box, call_.ask("BYE"), HERE) == HERE
