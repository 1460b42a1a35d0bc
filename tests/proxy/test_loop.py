"""Loops, spirals and breadth: RFC 5393."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.events import Kind
from frontdesk.model import Settings
from frontdesk.proxy.loop import loop_hash, shares
from frontdesk.sip.errors import Rejection
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Destination, Flow
from tests.proxy.box import Box, Who, request, udp

A, B = udp("192.0.2.111"), udp("192.0.2.112")


@dataclass
class Network:
    """Boxes that send to each other by their addresses, and one caller."""

    boxes: dict[str, Box]
    forwarded: list[Request] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def run(self, most: int = 2000) -> None:
        """Delivers all that is on the wires."""
        waiting = deque(self._sent())
        while waiting:
            message, here, there = waiting.popleft()
            if there not in self.boxes:
                self.answers += [message.status] if isinstance(message, Response) else []
                continue
            self.forwarded += [message] if isinstance(message, Request) and message.method != "ACK" else []
            assert len(self.forwarded) <= most, "the requests multiply"
            flow = Flow("udp", (there, 5060), (here, 5060))
            self.boxes[there].receive(message, flow, Who())
            waiting += self._sent()

    def _sent(self) -> list[tuple[Request | Response, str, str]]:
        found = []
        for host, box in self.boxes.items():
            for message, target in box.taken():
                there = target.host if isinstance(target, Destination) else target.remote[0]
                assert isinstance(message, Request | Response)
                found.append((message, host, there))
        return found


def network(*hosts: str) -> Network:
    return Network({host: Box(realm=host, host=host) for host in hosts})


def test_attack_of_section_3_ends_after_14_requests() -> None:
    """Two accounts on each of two boxes, each registered as both accounts of the other box."""
    net = network("192.0.2.1", "192.0.2.2")
    for host, other in (("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")):
        for user in "ab":
            for contact in "ab":
                net.boxes[host].phone(user, None, f"sip:{contact}@{other}")
    net.boxes["192.0.2.1"].account("101")
    net.boxes["192.0.2.1"].receive(request("INVITE", "sip:a@192.0.2.1", caller="a"), A, Who())
    net.run()
    assert len(net.forwarded) == 14
    assert net.answers == [100, 482]


def test_attack_with_one_account_ends_after_10_requests() -> None:
    net = network("192.0.2.1")
    for parameter in ("whack", "thud"):
        net.boxes["192.0.2.1"].phone("a", None, f"sip:a@192.0.2.1;unknown-param={parameter}")
    net.boxes["192.0.2.1"].receive(request("INVITE", "sip:a@192.0.2.1", caller="a"), A, Who())
    net.run()
    assert len(net.forwarded) == 10
    assert net.answers == [100, 482]


def test_attack_with_ten_accounts_gives_at_most_60_branches_and_one_440() -> None:
    """Each forks to all: loop detection alone would let 9,864,100 requests through."""
    net = network("192.0.2.1")
    users = "abcdefghij"
    for user in users:
        for contact in users:
            net.boxes["192.0.2.1"].phone(user, None, f"sip:{contact}@192.0.2.1")
    net.boxes["192.0.2.1"].receive(request("INVITE", "sip:a@192.0.2.1", caller="a"), A, Who())
    net.run()
    assert len(net.forwarded) <= 60
    assert net.answers == [100, 440]


def test_spiral_is_no_loop() -> None:
    """102 is forwarded to 103, whose phone answers: the request is twice at the box, with another Request-URI."""
    net = network("192.0.2.1")
    box = net.boxes["192.0.2.1"]
    box.phone("101", A)
    box.phone("103", B)
    box.phone("102", None, "sip:103@192.0.2.1")
    box.receive(request("INVITE", "sip:102@192.0.2.1"), A, Who())
    (message, target), *_ = [(one, to) for one, to in box.taken() if isinstance(one, Request)]
    assert target == Destination("192.0.2.1", 5060, "udp")
    box.receive(message, Flow("udp", ("192.0.2.1", 5060), ("192.0.2.1", 5060)), Who())
    ((invite, target),) = box.requests("INVITE")
    assert (target, len(invite.values("via"))) == (B, 3)
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["102"]
    assert [event.kind for event in box.events] == [Kind.CALLING]


def test_via_that_cannot_be_read_is_not_ours() -> None:
    box = Box()
    box.phone("102", B)
    box.receive(request("MESSAGE", headers=["Via: SIP/2.0/UDP"]), A, Who())
    assert len(box.requests("MESSAGE")) == 1


def test_other_boxs_branch_is_no_loop_though_it_ends_like_ours() -> None:
    box = Box()
    box.phone("102", B)
    text = request("MESSAGE")
    own = loop_hash(_parsed(text))
    for host, status in (("203.0.113.1", 0), ("192.0.2.1", 482)):
        box.receive(request("MESSAGE", headers=[f"Via: SIP/2.0/UDP {host};branch=z9hG4bKx.{own}"]), A, Who())
        assert box.statuses() == ([status] if status else [])


def test_hash_varies_with_what_decides_the_way_and_not_with_the_method() -> None:
    base = loop_hash(_parsed(request("INVITE")))
    assert base == loop_hash(_parsed(request("CANCEL")))
    different = [
        request("INVITE", "sip:102@desk.example;x=y"),
        request("INVITE", routes=["<sip:192.0.2.1;lr>"]),
        request("INVITE", call_id="other"),
        request("INVITE", cseq=2),
    ]
    assert len({base, *(loop_hash(_parsed(text)) for text in different)}) == 5


def breadths(box: Box, *headers: str) -> list[int]:
    box.receive(request("INVITE", headers=headers), A, Who())
    return [int(invite.required("max-breadth")) for invite, _ in box.requests("INVITE")]


def three_phones() -> Box:
    box = Box()
    for number in range(3):
        box.phone("102", udp(f"192.0.2.{number + 30}"))
    return box


def test_breadth_is_60_where_none_is_brought() -> None:
    assert breadths(three_phones()) == [20, 20, 20]


def test_breadth_that_is_brought_is_divided() -> None:
    assert breadths(three_phones(), "Max-Breadth: 5") == [2, 2, 1]


def test_breadth_over_the_maximum_is_cut_to_it() -> None:
    assert breadths(three_phones(), "Max-Breadth: 99999999999") == []  # no 32-bit number: 400
    assert breadths(three_phones(), "Max-Breadth: 4000000000") == [20, 20, 20]


def test_breadth_that_does_not_reach_is_440_before_anything_is_sent() -> None:
    box = three_phones()
    assert breadths(box, "Max-Breadth: 2") == []
    box.receive(request("INVITE", headers=["Max-Breadth: 2"]), A, Who())
    assert box.statuses() == [440]


def test_call_whose_breadth_does_not_reach_is_in_the_call_list_and_told_to_who_was_called() -> None:
    box = three_phones()
    box.receive(request("INVITE", headers=["Max-Breadth: 2"]), A, Who())
    assert [record.result for record in box.records] == [440]
    (told,) = box.incoming
    assert (told.account, told.text) == ("102", f"{told.caller} called: not put through: 440 Max-Breadth Exceeded")


def test_of_more_places_than_the_boxs_own_breadth_as_many_ring_as_it_has() -> None:
    box = three_phones()
    box.proxy.settings = Settings(max_breadth=2)
    assert breadths(box) == [1, 1]


def test_breadth_is_used_again_by_the_next_group() -> None:
    box = Box()
    for number, q in enumerate((0.9, 0.5)):
        box.phone("102", udp(f"192.0.2.{number + 30}"), q=q)
    box.receive(request("INVITE", headers=["Max-Breadth: 1"]), A, Who())
    first = box.request("INVITE")
    box.receive(Response.to_request(first, 486, to_tag="x"), udp("192.0.2.30"))
    second = box.request("INVITE")
    assert [one.lines("max-breadth") for one in (first, second)] == [["1"], ["1"]]


@given(st.integers(1, 100), st.integers(1, 100))
def test_shares_are_positive_and_make_up_the_whole(breadth: int, branches: int) -> None:
    if breadth < branches:
        with pytest.raises(Rejection):
            shares(breadth, branches)
    else:
        found = shares(breadth, branches)
        assert (len(found), sum(found), min(found) > 0, max(found) - min(found) <= 1) == (branches, breadth, True, True)


def _parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message
