"""A call whose messages stay bytes is put through, and leaves everything, as if each had been parsed."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.sip.checks import read_message
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import MAX_MESSAGE, reread
from frontdesk.sip.plain_request import plain_request
from frontdesk.sip.wire import Flow, Send
from tests.support.bare_core import PASSWORD, BareCore
from tests.support.digest_answer import Answerer
from tests.support.registering import HERE, REALM, flow

CALLEE = flow("192.0.2.102", 5060)
SDP = "v=0\r\n"
MORE = ("", "Max-Breadth: 2\r\n", "Timestamp: 7\r\n", "Record-Route: <sip:edge.example;lr>\r\n", "Proxy-Require: x\r\n")


class Pair:
    """The same box twice, and a call between two phones: one box reads bytes, the other only what has been parsed."""

    def __init__(self, more: str) -> None:
        self.short, self.long = BareCore(), BareCore()
        for box in (self.short, self.long):
            box.register("<sip:101@192.0.2.101>")
            box.register("<sip:102@192.0.2.102>", at=CALLEE, user="102")
            box.sent.clear()
            box.commits.clear()
        self.more = more
        self.body = SDP
        self.cseq = 0
        self.branch = 0
        self.last: dict[Flow, bytes] = {}
        self.plain = 0

    # -- the wire ----------------------------------------------------------------------------------------------------

    def send(self, data: bytes, at: Flow) -> None:
        self.last[at] = data
        self.plain += plain_request(data, at) is not None
        self.short.core.read(data, at, self.short.clock.now)
        self.long.core.receive(read_message(data), at, self.long.clock.now)
        self.settle()

    def settle(self) -> None:
        short, long = self.short, self.long
        short.settle()
        long.settle()
        assert [(m.encode(), to) for m, to in short.sent] == [(m.encode(), to) for m, to in long.sent]
        assert list(short.core.events) == list(long.core.events)
        assert [repr(each) for each in short.commits] == [repr(each) for each in long.commits]
        assert short.core.next_timer() == long.core.next_timer()
        assert len(short.core.layer) == len(long.core.layer)

    def wait(self, seconds: float) -> None:
        for box in (self.short, self.long):
            box.clock.advance(seconds)
        self.settle()

    # -- the phones --------------------------------------------------------------------------------------------------

    def request(self, method: str, to_tag: str = "", headers: str = "", uri: str = f"sip:102@{REALM}") -> bytes:
        self.branch += method not in ("ACK 1", "CANCEL")
        method = method.split()[0]
        self.cseq += method not in ("ACK", "CANCEL")
        tag = f";tag={to_tag}" if to_tag else ""
        body = self.body if method in ("INVITE", "BYE") else ""
        return (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bKc{self.branch};rport\r\n"
            f"Max-Forwards: 70\r\n{headers}From: <sip:101@{REALM}>;tag=a\r\nTo: <sip:102@{REALM}>{tag}\r\n"
            f"Call-ID: c@phone\r\nCSeq: {self.cseq} {method}\r\nContact: <sip:101@192.0.2.101>\r\n{self.more}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def invite(self) -> None:
        """Asks, acknowledges the refusal, and answers the challenge."""
        self.send(self.request("INVITE"), HERE)
        refusal = self.answers()[-1]
        self.send(self.request("ACK 1", refusal.to.tag or ""), HERE)
        if refusal.status == 407:
            credentials = Answerer("101", PASSWORD, refusal.required("proxy-authenticate"))
            authorized = credentials.authorize("INVITE", f"sip:102@{REALM}")
            self.send(self.request("INVITE", headers=f"Proxy-Authorization: {authorized}\r\n"), HERE)

    def inside(self, method: str) -> None:
        """Sends something along the routes of the call that was answered, if there is one."""
        answered = [answer for answer in self.answers() if answer.status == 200 and answer.cseq.method == "INVITE"]
        if answered:
            routes = "".join(f"Route: {route}\r\n" for route in reversed(answered[-1].values("record-route")))
            self.send(self.request(method, "b", routes, "sip:102@192.0.2.102"), HERE)

    def reply(self, status: int) -> None:
        """The callee answers the last request that was put through to it."""
        requests = [m for m, to in self.short.sent if isinstance(m, Request) and to == CALLEE and m.method != "ACK"]
        if requests:
            contact = [("contact", "<sip:102@192.0.2.102>")]
            routes = [("record-route", route) for route in requests[-1].values("record-route")]
            answer = Response.to_request(requests[-1], status, headers=[*routes, *contact], to_tag="b")
            if status == 200 and requests[-1].method == "INVITE":
                answer.replace("content-length", [str(len(self.body))])
                answer.body = self.body.encode()
            self.send(answer.encode(), CALLEE)

    def answers(self) -> list[Response]:
        """What the caller has been answered."""
        return [m for m, to in self.short.sent if isinstance(m, Response) and to == HERE]

    def do(self, step: str) -> None:
        verb, _, word = step.partition(" ")
        if verb == "reply":
            self.reply(int(word))
        elif verb == "again":
            at = HERE if word == "caller" else CALLEE
            if at in self.last:
                self.send(self.last[at], at)
        elif verb == "wait":
            self.wait(float(word))
        elif verb == "invite":
            self.invite()
        elif verb == "cancel":
            self.send(self.request("CANCEL"), HERE)
        else:
            self.inside(verb)


STEPS = (
    *("invite", "cancel", "ACK", "BYE", "INFO", "INVITE", "UPDATE", "again caller", "again callee"),
    *("reply 100", "reply 180", "reply 183", "reply 200", "reply 404", "reply 486", "reply 503", "reply 600"),
    *("wait 0.6", "wait 5", "wait 33", "wait 200"),
)
CALL = ("invite", "reply 100", "reply 180", "reply 200", "ACK", "INVITE", "reply 200", "ACK", "BYE", "reply 200")


def test_a_whole_call_is_put_through_alike() -> None:
    pair = Pair("")
    for step in CALL:
        pair.do(step)
    assert pair.plain == 7  # all requests of the caller
    assert [answer.status for answer in pair.answers()] == [407, 100, 180, 200, 100, 200, 200]
    assert [event.kind for event in pair.short.core.events][-4:] == ["calling", "ringing", "answered", "ended"]
    pair.wait(40)
    assert len(pair.short.core.layer) == 0


@pytest.mark.parametrize("steps", [CALL[:5], (*CALL[:4], "again callee"), CALL])
def test_call_that_is_answered_keeps_no_copy_of_what_was_said(steps: tuple[str, ...]) -> None:
    pair = Pair("")
    pair.body += "x" * 50_000
    tracemalloc.start()
    try:
        for step in steps:
            pair.do(step)
        pair.last.clear()
        for box in (pair.short, pair.long):
            assert len(box.core.layer) > 1, "their last timers run"
            box.sent.clear()
        assert tracemalloc.get_traced_memory()[0] < len(pair.body)
    finally:
        tracemalloc.stop()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MORE), st.lists(st.sampled_from(STEPS), max_size=14))
def test_whatever_happens_in_a_call_happens_alike(more: str, steps: list[str]) -> None:
    pair = Pair(more)
    pair.do("invite")
    for step in steps:
        pair.do(step)
    pair.wait(300)


def test_refusal_that_cannot_be_read_is_passed_over_and_the_next_one_counts() -> None:
    pair = Pair("")
    pair.invite()
    box = pair.short
    invite = next(m for m, to in reversed(box.sent) if isinstance(m, Request) and to == CALLEE)
    good = Response.to_request(invite, 486, to_tag="b").encode()
    before = len(box.sent)
    box.core.read(good.replace(b"\r\n\r\n", b"\r\nl: 99\r\n\r\n"), CALLEE, box.clock.now)
    box.settle()
    assert len(box.sent) == before
    box.core.read(good, CALLEE, box.clock.now)
    box.settle()
    (ack, at), (refusal, to) = box.sent[before:]
    assert isinstance(ack, Request) and (ack.method, at) == ("ACK", CALLEE)
    assert isinstance(refusal, Response) and (refusal.status, to) == (486, HERE)
    box.clock.advance(300)
    assert len(box.core.layer) == 0


@pytest.mark.parametrize("cancelled", [False, True])
def test_request_that_grows_beyond_a_datagram_on_its_way_is_acknowledged_and_cancelled_as_any(cancelled: bool) -> None:
    """As large as UDP brings it, to a phone on a connection: with the box's own lines it is more than 64 KiB."""
    pair, box = Pair(""), BareCore()
    line = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.102", 5060), 7)
    box.register("<sip:102@192.0.2.102;transport=tcp>", at=line, user="102")
    pair.body = "v" * 65_000
    box.core.read(pair.request("INVITE"), HERE, box.clock.now)
    box.settle()
    challenge = box.sent[-1][0].required("proxy-authenticate")
    credentials = Answerer("101", PASSWORD, challenge).authorize("INVITE", f"sip:102@{REALM}")
    box.core.read(pair.request("INVITE", headers=f"Proxy-Authorization: {credentials}\r\n"), HERE, box.clock.now)
    (forwarded,) = [each for each in box.core.take_actions() if isinstance(each, Send) and each.target == line]
    invite = reread(forwarded.data)
    assert isinstance(invite, Request) and len(invite.encode()) > MAX_MESSAGE
    box.core.read(Response.to_request(invite, 180, to_tag="b").encode(), line, box.clock.now)
    if cancelled:
        box.core.read(pair.request("CANCEL"), HERE, box.clock.now)
        methods = ["CANCEL"]
    else:
        box.core.read(Response.to_request(invite, 486, to_tag="b").encode(), line, box.clock.now)
        methods = ["ACK"]
    actions = [each for each in box.core.take_actions() if isinstance(each, Send)]
    sent = [each.data.split()[0].decode() for each in actions if each.target == line]
    answered = [each.data.split()[1] for each in actions if each.target == HERE]
    assert sent == methods and answered == ([b"180", b"200"] if cancelled else [b"180", b"486"])
