"""A phone with two flows: it is called over the one that it refreshed last, and over the other where that one fails
(RFC 5626 section 7)."""

from __future__ import annotations

import pytest

from frontdesk.proxy.response_context import COME_BACK, SILENCE
from frontdesk.sip.message import Request, Response
from frontdesk.sip.wire import Destination, Flow, Target
from tests.proxy.box import Box, reply, request, route_set, tcp, udp

A = udp("192.0.2.11")
NEWER, OLDER = udp("192.0.2.12"), udp("198.51.100.12")
OTHER = udp("192.0.2.13")
PHONE = "<urn:uuid:1>"


class TwoFlows:
    """101 calls 102, whose phone has two flows; another one of 102 is there where it has a `q`."""

    def __init__(
        self, method: str = "INVITE", newer: Flow = NEWER, q: float | None = None, headers: tuple[str, ...] = (),
        edge: str = "",
    ) -> None:
        """`edge`: the name of a proxy that the newer flow goes through."""
        self.box = Box()
        self.box.phone("101", A)
        for number, (flow, seen) in enumerate([(OLDER, 1.0), (newer, 2.0)], 1):
            contact = f"sip:102@10.0.0.{number}"
            self.box.phone("102", flow, contact, instance=PHONE, reg_id=number, seen_at=seen)
        if edge:
            self.box.bindings[2].path, self.box.bindings[2].flow = (f"<sip:{edge};lr>",), None
        if q is not None:
            self.box.phone("102", OTHER, q=q)
        self.method, self.newer = method, newer
        self.asked: dict[Target, Request] = {}
        self.cancelled: list[Target] = []
        self.statuses: list[int] = []
        self.call("z9hG4bKone", headers)

    def call(self, branch: str, headers: tuple[str, ...] = ()) -> None:
        self.asked.clear()
        self.box.receive(request(self.method, branch=branch, headers=headers), A)
        self.look()

    def look(self) -> None:
        for message, target in self.box.taken():
            if isinstance(message, Response):
                self.last = message
                self.statuses.append(message.status)
            elif isinstance(message, Request) and message.method == self.method:
                self.asked[target] = message
            elif isinstance(message, Request) and message.method == "CANCEL":
                self.cancelled.append(target)
                self.box.receive(reply(message, 200), self.asked_at(target))
                self.box.receive(reply(self.asked[target], 487), self.asked_at(target))
                self.look()

    def asked_at(self, target: Target) -> Flow:
        assert isinstance(target, Flow)
        return target

    def wait(self, seconds: float) -> None:
        self.box.pass_time(seconds)
        self.look()

    def answer(self, flow: Flow, status: int) -> None:
        self.box.receive(reply(self.asked[flow], status), flow)
        self.look()

    def fail(self, flow: Flow) -> None:
        self.box.layer.transport_failed(f"{self.method} {self.asked[flow].via.branch}", self.box.now)
        self.look()

    @property
    def told(self) -> list[str]:
        """Whom the box has told to be silent."""
        return [event.source for event in self.box.events if event.rule == "silent"]


def test_called_over_the_flow_that_was_refreshed_last_and_no_other() -> None:
    phone = TwoFlows()
    assert list(phone.asked) == [NEWER] and phone.asked[NEWER].uri_text == "sip:102@10.0.0.2"
    phone.answer(NEWER, 180)
    phone.wait(60)
    assert list(phone.asked) == [NEWER]


@pytest.mark.parametrize("how", ["icmp", 430, 408, "silence"])
def test_other_flow_is_tried_where_the_first_has_failed(how: str | int) -> None:
    phone = TwoFlows()
    if how == "icmp":
        phone.fail(NEWER)
    elif how == "silence":
        phone.wait(SILENCE - 0.1)
        assert list(phone.asked) == [NEWER]
        phone.wait(0.1)
    else:
        phone.answer(NEWER, int(how))
    assert list(phone.asked) == [NEWER, OLDER] and phone.asked[OLDER].uri_text == "sip:102@10.0.0.1"
    phone.answer(OLDER, 180)
    phone.answer(OLDER, 200)
    assert phone.statuses == [100, 180, 200] and phone.told == []


@pytest.mark.parametrize("status", [480, 486, 482, 503, 603])
def test_any_other_answer_is_the_phones(status: int) -> None:
    phone = TwoFlows()
    phone.answer(NEWER, status)
    assert list(phone.asked) == [NEWER] and phone.statuses == [100, 500 if status == 503 else status]


def test_caller_is_told_no_failure_of_a_flow() -> None:
    phone = TwoFlows()
    phone.answer(NEWER, 430)
    phone.answer(OLDER, 430)
    assert phone.statuses == [100, 480]


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE"])
@pytest.mark.parametrize("how", ["icmp", 430, "silence"])
def test_so_goes_any_request(method: str, how: str | int) -> None:
    phone = TwoFlows(method)
    if how == "icmp":
        phone.fail(NEWER)
    elif how == "silence":
        phone.wait(SILENCE)
    else:
        phone.answer(NEWER, int(how))
    phone.answer(OLDER, 200)
    assert phone.statuses[-1] == 200


# -- who is slow -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(NEWER, OLDER), (OLDER, NEWER)], ids=["the first, late", "the second"])
def test_who_speaks_first_has_the_call_and_the_other_is_called_off(first: Flow, second: Flow) -> None:
    phone = TwoFlows()
    phone.wait(SILENCE)
    phone.answer(first, 180)
    phone.answer(second, 180)
    assert phone.cancelled == [second] and phone.statuses == [100, 180]
    phone.answer(first, 486)
    assert phone.statuses[-1] == 486, "nobody waits for the other"


@pytest.mark.parametrize("status", [408, 430, 482])
def test_what_one_flow_says_of_itself_leaves_the_call_to_the_other(status: int) -> None:
    phone = TwoFlows()
    phone.wait(SILENCE)
    phone.answer(OLDER, status)
    assert phone.statuses == [100]
    phone.answer(NEWER, 200)
    assert phone.statuses == [100, 200]


def test_time_that_a_name_takes_is_not_the_phones() -> None:
    phone = TwoFlows(edge="edge.example.com")
    (first,) = phone.asked.values()
    other_address = Destination("192.0.2.99", 5060, "udp")
    phone.wait(2)
    phone.box.layer.sent_over(f"INVITE {first.via.branch}", NEWER, phone.box.now, [other_address])
    phone.wait(SILENCE - 1)
    assert len(phone.asked) == 2, "its copies go to the address"
    phone.wait(1)
    assert list(phone.asked)[2:] == [other_address]
    phone.wait(SILENCE)
    assert list(phone.asked)[3:] == [OLDER]


def test_caller_who_gives_up_is_heard_by_no_other_flow() -> None:
    phone = TwoFlows()
    phone.box.receive(request("CANCEL", branch="z9hG4bKone"), A)
    phone.wait(SILENCE)
    phone.fail(NEWER)
    assert list(phone.asked) == [NEWER]


def ringing_over_a_connection() -> TwoFlows:
    """It closes; the Contact is behind a router."""
    line = tcp("192.0.2.12")
    phone = TwoFlows(newer=line)
    phone.answer(line, 180)
    phone.box.bindings[2].connected = False
    phone.box.layer.flow_closed(line, phone.box.now)
    phone.look()
    return phone


def test_phone_whose_connection_closes_while_it_rings_is_asked_over_the_other_flow() -> None:
    phone = ringing_over_a_connection()
    phone.answer(OLDER, 180)
    phone.wait(COME_BACK)
    phone.answer(OLDER, 200)
    assert phone.statuses[-1] == 200


def test_phone_that_does_not_take_it_twice_may_still_come_back() -> None:
    phone = ringing_over_a_connection()
    phone.answer(OLDER, 482)
    phone.wait(COME_BACK - 1)
    assert phone.statuses == [100, 180]
    phone.answer(phone.newer, 200)
    assert phone.statuses == [100, 180, 200]


# -- beside others -----------------------------------------------------------------------------------------------------


def test_other_flow_is_tried_though_another_phone_rings() -> None:
    phone = TwoFlows(q=1.0)
    assert set(phone.asked) == {NEWER, OTHER}
    phone.answer(OTHER, 180)
    phone.wait(SILENCE)
    assert set(phone.asked) == {NEWER, OTHER, OLDER}


def test_understudy_waits_no_longer_for_a_phone_with_two_flows() -> None:
    phone = TwoFlows(q=0.5)
    assert list(phone.asked) == [NEWER]
    phone.wait(SILENCE)
    assert set(phone.asked) == {NEWER, OLDER, OTHER}


def test_flow_that_fails_at_once_leaves_the_understudy_where_it_is() -> None:
    phone = TwoFlows(q=0.5)
    phone.answer(NEWER, 430)
    phone.answer(OLDER, 180)
    phone.wait(60)
    assert set(phone.asked) == {NEWER, OLDER}


@pytest.mark.parametrize("q", [None, 1.0, 0.5])
def test_breadth_is_enough_for_all_that_may_be_open_at_once(q: float | None) -> None:
    """RFC 5393 section 5.3.3."""
    phone = TwoFlows(q=q)
    phone.wait(2 * SILENCE)
    given = [int(sent.required("max-breadth")) for sent in phone.asked.values()]
    assert len(given) == (2 if q is None else 3) and sum(given) == 60


def test_where_breadth_is_for_one_the_other_flow_waits_for_its_end() -> None:
    phone = TwoFlows(headers=("Max-Breadth: 1",))
    phone.wait(31)
    assert list(phone.asked) == [NEWER]
    phone.wait(1)
    assert list(phone.asked) == [NEWER, OLDER] and phone.asked[OLDER].required("max-breadth") == "1"
    phone.answer(OLDER, 200)
    assert phone.statuses == [100, 200]


def test_nobody_waits_any_more_for_what_no_invite_has_waited_for_so_long() -> None:
    """RFC 4321 section 1.5."""
    phone = TwoFlows("MESSAGE", headers=("Max-Breadth: 1",))
    phone.wait(60)
    assert list(phone.asked) == [NEWER]


# -- what is known afterwards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [2 * SILENCE + 1, 60])
def test_phone_that_is_heard_over_neither_is_told_once(seconds: float) -> None:
    phone = TwoFlows()
    phone.wait(seconds)
    phone.box.receive(request("CANCEL", branch="z9hG4bKone"), A)
    phone.wait(60)
    assert phone.told == [OLDER.source]


def test_phone_that_rang_is_not_told_though_it_is_gone() -> None:
    phone = ringing_over_a_connection()
    phone.wait(60)
    assert phone.told == [] and phone.statuses[-1] == 408


def test_phone_of_which_its_edge_proxies_know_nothing_is_told() -> None:
    phone = TwoFlows()
    phone.answer(NEWER, 430)
    assert phone.told == []
    phone.answer(OLDER, 430)
    assert phone.told == [OLDER.source]


def heard_over_the_older() -> TwoFlows:
    phone = TwoFlows()
    phone.wait(SILENCE)
    phone.answer(OLDER, 486)
    return phone


def test_next_call_goes_over_the_flow_that_was_heard() -> None:
    phone = heard_over_the_older()
    phone.call("z9hG4bKtwo")
    assert list(phone.asked) == [OLDER]


def test_flow_that_registers_again_is_believed_again() -> None:
    phone = heard_over_the_older()
    phone.box.bindings[2].seen_at = phone.box.now
    phone.call("z9hG4bKtwo")
    assert list(phone.asked) == [NEWER]


# -- in a dialog -------------------------------------------------------------------------------------------------------


class Talk(TwoFlows):
    """The call was answered over the newer flow."""

    def __init__(self, newer: Flow = NEWER) -> None:
        super().__init__(newer=newer)
        self.answer(newer, 200)
        self.ok = self.last

    def ask(self, method: str, cseq: int = 2) -> None:
        """The caller does."""
        self.method = method
        self.asked.clear()
        uri, routes = "sip:102@10.0.0.2", route_set(self.ok)
        self.box.receive(request(method, uri, to_tag="callee", cseq=cseq, routes=routes), A)
        self.look()


@pytest.mark.parametrize("method", ["BYE", "INFO", "INVITE"])
def test_request_in_a_dialog_finds_the_other_flow_where_the_own_is_dead(method: str) -> None:
    talk = Talk()
    talk.ask(method)
    assert list(talk.asked) == [NEWER]
    talk.wait(SILENCE)
    assert list(talk.asked) == [NEWER, OLDER] and talk.asked[OLDER].uri_text == "sip:102@10.0.0.2"
    talk.answer(OLDER, 200)
    assert talk.statuses[-1] == 200


def test_ack_follows_an_invite_that_the_other_flow_has_brought() -> None:
    talk = Talk()
    talk.ask("INVITE")
    talk.wait(SILENCE)
    talk.answer(OLDER, 200)
    talk.ask("ACK")
    assert list(talk.asked) == [OLDER]
    talk.ask("BYE", cseq=3)
    assert list(talk.asked) == [OLDER]


@pytest.mark.parametrize("listens_at", ["10.0.0.2", "192.0.2.12"])
def test_where_the_connection_is_closed_the_other_flow_is_asked_at_once(listens_at: str) -> None:
    talk = Talk(newer=tcp("192.0.2.12"))
    talk.box.bindings[2].connected = False
    talk.box.bindings[2].contact = f"sip:102@{listens_at};transport=tcp"
    talk.ask("BYE")
    assert list(talk.asked) == [OLDER]


def test_flow_of_the_dialog_goes_before_one_that_was_refreshed_since() -> None:
    talk = Talk()
    talk.box.bindings[1].seen_at = talk.box.now
    talk.ask("INFO")
    assert list(talk.asked) == [NEWER]


def test_way_of_the_registration_is_none_of_the_dialog() -> None:
    talk = Talk()
    talk.box.bindings[2].path = (f"<sip:{NEWER.remote[0]};lr>",)
    talk.ask("INFO")
    assert talk.asked[NEWER].values("route") == []


def test_another_phone_of_the_account_hears_nothing_of_the_dialog() -> None:
    talk = Talk()
    talk.box.bindings[1].instance = "<urn:uuid:2>"
    talk.ask("INFO")
    talk.wait(60)
    assert list(talk.asked) == [NEWER]


def test_call_ends_though_the_bye_goes_over_the_other_flow() -> None:
    talk = Talk()
    talk.ask("BYE")
    talk.wait(SILENCE)
    talk.answer(OLDER, 200)
    assert len(talk.box.proxy.calls) == 0 and [each.result for each in talk.box.records] == [200]
