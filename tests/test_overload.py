"""Overload: what carries work to its end goes first; new work is refused when it is too much, and comes back spread."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk import overload
from frontdesk.core import registrations
from frontdesk.overload import (
    CALL_PATIENCE,
    LATEST,
    REGISTER_PATIENCE,
    SHARE,
    SOONEST,
    Inbox,
    begins_something,
    refusal,
    retry_after,
)
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.response_target import response_target
from frontdesk.sip.wire import Flow
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, flow

LOGIN = 'Authorization: Digest username="101", response="0"'


def request(method: str, *headers: str, to: str = "<sip:102@desk.test>", via: str = "192.0.2.101:5060") -> bytes:
    lines = [
        f"{method} sip:102@desk.test SIP/2.0",
        f"Via: SIP/2.0/UDP {via};branch=z9hG4bK1;rport",
        "From: <sip:101@desk.test>;tag=1",
        f"To: {to}",
        "Call-ID: 1@phone",
        f"CSeq: 1 {method}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def register(number: int = 1, *headers: str) -> bytes:
    return request("REGISTER", *headers).replace(b"Call-ID: 1@", b"Call-ID: %d@" % number)


class TestWhatBeginsSomething:
    @pytest.mark.parametrize("method", ["REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "OPTIONS", "PUBLISH"])
    def test_a_request_outside_of_a_dialog_without_credentials_does(self, method: str) -> None:
        assert begins_something(request(method))

    @pytest.mark.parametrize("method", ["ACK", "BYE", "CANCEL", "PRACK", "UPDATE"])
    def test_a_method_that_carries_on_does_not(self, method: str) -> None:
        assert not begins_something(request(method))

    def test_a_request_in_a_dialog_does_not(self) -> None:
        assert not begins_something(request("INVITE", to="<sip:102@desk.test>;tag=2"))
        assert not begins_something(request("INVITE", to="<sip:102@desk.test>;TAG=2").replace(b"To:", b"t:"))

    def test_the_tag_of_from_is_not_that_of_to(self) -> None:
        assert begins_something(request("INVITE").replace(b"To:", b"T:"))

    @pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "authorization"])
    def test_the_second_half_of_a_login_does_not(self, name: str) -> None:
        assert not begins_something(request("REGISTER", f"{name}: Digest username=x"))

    def test_credentials_in_a_body_are_none(self) -> None:
        assert begins_something(request("MESSAGE") + b"\r\nAuthorization: Digest username=x\r\n")

    def test_a_response_does_not(self) -> None:
        assert not begins_something(b"SIP/2.0 200 OK\r\n\r\n")


class TestInbox:
    def test_what_carries_work_to_its_end_goes_first_and_each_lane_in_its_order(self) -> None:
        inbox = Inbox()
        new, login = [register(1), register(2)], [register(3, LOGIN), register(4, LOGIN)]
        for data in (new[0], login[0], new[1], login[1]):
            assert inbox.admit(data, HERE, 0.0)
        assert taken(inbox, 0.0) == [*login, *new]

    def test_a_flood_with_made_up_credentials_keeps_nobody_from_calling(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "MAX_WAITING", 3 * SHARE)
        inbox, call = Inbox(), request("INVITE")
        for number in range(10 * SHARE):
            assert inbox.admit(register(number, LOGIN), HERE, 0.0)
        assert inbox.admit(call, HERE, 0.0) and len(inbox) == 3 * SHARE + 1
        assert call in [waiting.data for waiting in (inbox.take(0.0) for _ in range(SHARE)) if waiting]

    def test_calls_and_registrations_that_begin_take_turns(self) -> None:
        inbox = Inbox()
        calls = [request("INVITE", f"X: {number}") for number in (1, 2, 3)]
        registers = [register(number) for number in (1, 2, 3)]
        for data in [*registers, *calls]:
            inbox.admit(data, HERE, 0.0)
        order = taken(inbox, 0.0)
        assert order[0::2] in (calls, registers) and sorted(order) == sorted(calls + registers)
        assert [data for data in order if data in registers] == registers

    def test_a_flood_of_one_kind_leaves_room_for_the_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "MAX_BEGINNING", 2)
        inbox = Inbox()
        assert [inbox.admit(register(number), HERE, 0.0) for number in (1, 2, 3)] == [True, True, False]
        assert inbox.admit(request("INVITE"), HERE, 0.0)

    def test_a_retransmission_of_what_waits_is_dropped(self) -> None:
        inbox = Inbox()
        for now in (0.0, 0.5, 1.5):
            assert inbox.admit(register(), HERE, now)
        assert len(inbox) == 1 and inbox.oldest(2.0) == 2.0

    def test_the_same_bytes_from_elsewhere_are_not_dropped(self) -> None:
        inbox = Inbox()
        for at in (HERE, flow("192.0.2.102")):
            assert inbox.admit(register(), at, 0.0)
        assert len(inbox) == 2

    def test_a_retransmission_after_its_turn_comes_in(self) -> None:
        inbox = Inbox()
        inbox.admit(register(), HERE, 0.0)
        inbox.take(0.0)
        inbox.admit(register(), HERE, 0.5)
        assert len(inbox) == 1

    @pytest.mark.parametrize(("method", "patience"), [("REGISTER", REGISTER_PATIENCE), ("INVITE", CALL_PATIENCE)])
    def test_what_begins_something_is_overdue_after_its_patience(self, method: str, patience: float) -> None:
        inbox = Inbox()
        for number in (1, 2):
            inbox.admit(request(method, f"X: {number}"), HERE, 0.0)
        first, second = inbox.take(patience), inbox.take(patience + 0.1)
        assert first is not None and not first.overdue
        assert second is not None and second.overdue

    def test_what_carries_work_to_its_end_is_never_overdue(self) -> None:
        inbox = Inbox()
        inbox.admit(register(1, LOGIN), HERE, 0.0)
        waiting = inbox.take(10 * REGISTER_PATIENCE)
        assert waiting is not None and not waiting.overdue

    def test_behind_too_many_what_begins_something_is_refused_and_the_rest_goes_on(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(overload, "MAX_BEGINNING", 3)
        inbox = Inbox()
        assert [inbox.admit(register(number), HERE, 0.0) for number in range(5)] == [True, True, True, False, False]
        assert inbox.admit(register(9, LOGIN), HERE, 0.0) and len(inbox) == 4

    def test_it_holds_no_more_than_its_bounds_whatever_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "MAX_WAITING", 3)
        inbox = Inbox()
        assert all(inbox.admit(register(number, LOGIN), HERE, 0.0) for number in range(9))
        assert len(inbox) == 3

    def test_bytes_are_bounded_as_well_and_given_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(overload, "MAX_BYTES", 2 * len(register(1)))
        inbox = Inbox()
        for _ in range(2):
            assert [inbox.admit(register(number), HERE, 0.0) for number in (1, 2, 3)] == [True, True, False]
            assert len(taken(inbox, 0.0)) == 2

    def test_it_comes_back_by_itself(self) -> None:
        inbox = Inbox()
        inbox.admit(register(1), HERE, 0.0)
        taken(inbox, 100.0)
        assert not inbox and inbox.oldest(100.0) == 0.0
        assert inbox.admit(register(1), HERE, 100.0)
        waiting = inbox.take(100.0)
        assert waiting is not None and not waiting.overdue

    def test_no_register_begins_while_the_disk_is_backed_up_but_all_else_does(self) -> None:
        inbox = Inbox()
        assert not inbox.admit(register(), HERE, 0.0, registrations=False)
        assert inbox.admit(register(1, LOGIN), HERE, 0.0, registrations=False)
        assert inbox.admit(request("INVITE"), HERE, 0.0, registrations=False)


def taken(inbox: Inbox, now: float) -> list[bytes]:
    found = []
    while (waiting := inbox.take(now)) is not None:
        found.append(waiting.data)
    return found


def refused(data: bytes, at: Flow = HERE) -> tuple[Response, Flow]:
    told = refusal(data, at)
    assert told is not None
    answer = parse_message(told[0])
    assert isinstance(answer, Response)
    return answer, told[1]


class TestRefusal:
    @pytest.mark.parametrize(
        "via",
        [
            "192.0.2.101:5060", "192.0.2.101", "10.0.0.7:5070", "phone.example", "[2001:db8::1]:5062", "[2001:db8::1]",
            "192.0.2.101:5060;branch=z9hG4bK1;rport, SIP/2.0/UDP 10.0.0.9:5080",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("rport", [b";rport", b""])
    def test_it_goes_where_every_other_answer_goes(self, via: str, rport: bytes) -> None:
        data = request("REGISTER", via=via).replace(b";rport\r", rport + b"\r")
        whole = parse_message(data)
        assert isinstance(whole, Request)
        whole.stamp(HERE)
        answer, target = refused(data)
        assert target == response_target(whole, HERE)
        assert answer.via.parameters.get("rport") == whole.via.parameters.get("rport")
        assert answer.via.parameters["received"] == HERE.remote[0]
        assert len(answer.values("via")) == len(whole.values("via"))

    def test_it_echoes_what_an_answer_echoes_and_has_a_to_tag(self) -> None:
        answer, _ = refused(request("INVITE").replace(b"Call-ID:", b"i:").replace(b"From:", b"f:"))
        asked = parse_message(request("INVITE"))
        assert answer.status == 503 and answer.to.tag
        for name in ("from", "call-id", "cseq"):
            assert answer.required(name) == asked.required(name)
        assert answer.required("to").startswith(asked.required("to"))

    def test_all_vias_are_there_in_their_order(self) -> None:
        second = b"Via: SIP/2.0/UDP 10.0.0.9:5080;branch=z9hG4bK0\r\nFrom:"
        answer, _ = refused(request("INVITE").replace(b"From:", second))
        assert [value.partition(";")[0] for value in answer.values("via")] == [
            "SIP/2.0/UDP 192.0.2.101:5060", "SIP/2.0/UDP 10.0.0.9:5080",
        ]  # fmt: skip

    def test_each_copy_gets_the_same(self) -> None:
        assert refusal(register(), HERE) == refusal(register(), HERE)

    @pytest.mark.parametrize(
        "broken",
        [
            request("REGISTER").replace(b"Via: SIP/2.0/UDP", b"Via: banana"),
            request("REGISTER").replace(b"Via:", b"Vja:"),
            request("REGISTER").replace(b"Call-ID: 1@phone\r\n", b""),
            request("REGISTER").replace(b"To: ", b"To:\r\n "),
            request("REGISTER").replace(b";rport", b";rport=5060"),
            request("REGISTER").replace(b";rport", b";received=198.51.100.1"),
            b"REGISTER \r\n\r\n",
            b"",
        ],
    )
    def test_what_is_not_of_the_usual_shape_gets_none(self, broken: bytes) -> None:
        assert refusal(broken, HERE) is None

    @given(st.integers(0, 400), st.integers(0, 40), st.binary(max_size=12))
    def test_whatever_the_bytes_are_nothing_is_raised_and_no_answer_is_larger(
        self, at: int, length: int, junk: bytes
    ) -> None:
        whole = request("REGISTER", "Contact: <sip:101@192.0.2.101:5060>;expires=3600", "User-Agent: " + "phone" * 30)
        data = whole[:at] + junk + whole[at + length :]
        begins_something(data)
        told = refusal(data, HERE)
        assert told is None or len(told[0]) <= len(data)

    def test_devices_come_back_spread_over_the_whole_time(self) -> None:
        times = [retry_after(b"%08x@phone" % number) for number in range(20_000)]
        counts = [times.count(second) for second in range(SOONEST, LATEST + 1)]
        assert sum(counts) == 20_000
        assert max(counts) < 1.3 * min(counts)

    def test_the_answer_says_so(self) -> None:
        answer, _ = refused(register(7))
        assert int(answer.required("retry-after")) == retry_after(b"7@phone")


@pytest.fixture
def slow_disk(monkeypatch: pytest.MonkeyPatch) -> BareCore:
    """One REGISTER may wait for the disk, and nothing gets there by itself. 101 has a phone already."""
    box = BareCore()
    box.register("<sip:101@192.0.2.101>")
    monkeypatch.setattr(registrations, "MAX_HELD", 1)
    box.commit_at_once = False
    box.commits.clear()
    return box


class TestSlowDisk:
    OTHER = "<sip:102@192.0.2.102>"

    def test_behind_too_many_that_wait_a_change_is_refused_before_it_is_made(self, slow_disk: BareCore) -> None:
        assert slow_disk.register(self.OTHER, user="102", call_id="b@phone") == []
        (answer,) = slow_disk.register("<sip:102@192.0.2.103>", user="102", call_id="c@phone")
        assert (answer.status, answer.required("retry-after")) == (503, str(retry_after(b"c@phone")))
        assert len(slow_disk.commits) == 1
        slow_disk.commit()
        assert [binding.contact for binding in slow_disk.bindings("102")] == ["sip:102@192.0.2.102"]

    def test_a_refresh_does_not_wait_for_the_disk_and_is_not_refused(self, slow_disk: BareCore) -> None:
        slow_disk.register(self.OTHER, user="102", call_id="b@phone")
        (answer,) = slow_disk.register("<sip:101@192.0.2.101>", cseq=2)
        assert answer.status == 200

    @pytest.mark.parametrize("outcome", [BareCore.commit, BareCore.fail])
    def test_as_soon_as_the_disk_has_spoken_more_are_taken(
        self, slow_disk: BareCore, outcome: Callable[..., list[Response]]
    ) -> None:
        slow_disk.register(self.OTHER, user="102", call_id="b@phone")
        before = slow_disk.core.is_backed_up
        outcome(slow_disk, *(each.ticket for each in slow_disk.commits))
        assert (before, slow_disk.core.is_backed_up) == (True, False)
        slow_disk.commits.clear()
        assert slow_disk.register(self.OTHER, user="102", call_id="c@phone", at=flow("192.0.2.9")) == []
        assert [answer.status for answer in slow_disk.commit()] == [200]


class Crowd:
    """Phones that begin within two seconds and repeat themselves (T1), before a board on which an answer takes time."""

    def __init__(self, phones: int, answer: float) -> None:
        self.refused = 0
        self.registered: set[int] = set()
        self.now = 0.0
        self._answer = answer
        self._inbox = Inbox()
        self._logins: set[int] = set()
        self._sending = [(2.0 * number / phones, number, False) for number in range(phones)]
        heapify(self._sending)
        while len(self.registered) < phones:
            self._step()

    def _step(self) -> None:
        while self._sending and self._sending[0][0] <= self.now:
            self._arrive(*heappop(self._sending))
        waiting = self._inbox.take(self.now)
        if waiting is None:
            self.now = self._sending[0][0]
        elif waiting.overdue:
            self._refuse(waiting.data)
        else:
            self.now += self._answer
            self._serve(_number(waiting.data))

    def _arrive(self, at: float, number: int, repeated: bool) -> None:
        if number in self.registered or (repeated and number in self._logins):
            return
        login = number in self._logins
        if not self._inbox.admit(register(number, LOGIN) if login else register(number), HERE, self.now):
            self._refuse(register(number))
        elif not repeated:
            for later in (0.5, 1.5, 3.5, 7.5, 11.5):
                heappush(self._sending, (at + later, number, True))

    def _refuse(self, data: bytes) -> None:
        self.refused += 1
        self.now += self._answer / 20
        number = _number(data)
        heappush(self._sending, (self.now + retry_after(b"%d@phone" % number), number, False))

    def _serve(self, number: int) -> None:
        if number in self._logins:
            self.registered.add(number)
        else:
            self._logins.add(number)
            heappush(self._sending, (self.now + 0.001, number, False))


def _number(data: bytes) -> int:
    return int(data.partition(b"Call-ID: ")[2].partition(b"@")[0])


class TestAvalanche:
    def test_of_2000_phones_at_once_a_board_that_registers_200_a_second_refuses_none(self) -> None:
        crowd = Crowd(2000, answer=0.0025)
        assert crowd.refused == 0
        assert crowd.now < 10.1

    def test_of_more_than_it_can_carry_the_first_are_served_and_the_rest_come_back(self) -> None:
        crowd = Crowd(5000, answer=0.0025)
        assert 1000 < crowd.refused < 5000
        assert crowd.now < 2 + LATEST
