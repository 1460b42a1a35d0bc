"""Who has too much open that nobody answers is refused more and told of; nobody else is, and no call hangs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from frontdesk.events import Kind
from frontdesk.overload import LATEST, ROOM, SOONEST, Room
from frontdesk.sip.message import Request, Response
from frontdesk.sip.timers import TIMEOUT
from frontdesk.sip.wire import Flow
from tests.core.test_tokens import OTHER, PHONE, THERE, call
from tests.support.asking import ask, statuses
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, REALM, flow

PEER = flow("192.0.2.50")
OVER_TCP = flow("192.0.2.51", 40_000, 7)
_numbers = count(1)


@pytest.fixture
def box() -> BareCore:
    """102 is silent; the PBX is trusted."""
    box = BareCore()
    box.directory.peers |= {PEER.remote[0]: "pbx", OVER_TCP.remote[0]: "pbx"}
    box.register(PHONE)
    box.register(OTHER, user="102", at=THERE, call_id="b@phone")
    return box


def another(method: str, user: str = "102", transport: str = "UDP") -> Request:
    """Not a copy of any before."""
    request, number = ask(method, f"sip:{user}@{REALM}"), next(_numbers)
    request.replace("via", [f"SIP/2.0/{transport} 192.0.2.101;branch=z9hG4bKn{number};rport"])
    request.replace("call-id", [f"{number}@phone"])
    return request


def send(box: BareCore, method: str = "MESSAGE", at: Flow = PEER, user: str = "102") -> list[int]:
    return statuses(box.receive(another(method, user, at.transport.upper()), at))


def crowd(box: BareCore, method: str = "MESSAGE", at: Flow = PEER) -> Response:
    """Sends until it is refused; that answer."""
    for _ in range(1000):
        answers = box.receive(another(method), at)
        if answers and answers[-1].status == 503:
            return answers[-1]
    raise AssertionError("all was let through")


def narrow(box: BareCore, size: int = 200_000) -> Room:
    room = box.core.open.room
    room.left = size
    return room


def test_who_has_too_much_open_gets_a_503_with_a_spread_retry_after_and_nothing_is_kept_of_it(box: BareCore) -> None:
    room = narrow(box)
    first = crowd(box)
    alive, left, finished = len(box.core.layer), room.left, len(box.core.layer.finished)
    after = {int(each.required("retry-after")) for each in [first, *(crowd(box, "INVITE") for _ in range(50))]}
    assert len(after) > 10 and min(after) >= SOONEST and max(after) <= LATEST
    assert len(box.core.layer) == alive and room.left == left and len(box.core.layer.finished) == finished


@pytest.mark.parametrize("method", ["MESSAGE", "INVITE"])
def test_others_are_let_through_meanwhile(box: BareCore, method: str) -> None:
    narrow(box)
    crowd(box, method)
    before = len(box.sent)
    box.receive(box.signed(another(method)))
    assert [(sent.method, target) for sent, target in box.sent[before:] if isinstance(sent, Request)] == [
        (method, THERE)
    ]


def test_an_account_is_counted_by_itself_wherever_it_sends_from(box: BareCore) -> None:
    narrow(box, 80_000)
    for number in range(20):
        elsewhere = flow("192.0.2.101", 6000 + number)
        signed = box.signed(another("MESSAGE"), elsewhere)
        signed.replace("via", [f"SIP/2.0/UDP 192.0.2.101;branch=z9hG4bKs{number};rport"])
        answers = statuses(box.receive(signed, elsewhere))
    assert answers == [503]
    assert list(box.core.open.crowds) == ["101"] and box.core.open.crowds["101"].account == "101"


def _answer(box: BareCore, status: int, body: bytes = b"") -> None:
    request = next(sent for sent, _ in reversed(box.sent) if isinstance(sent, Request))
    response = Response.to_request(request, status, to_tag="callee")
    response.replace("content-length", [str(len(body))])
    response.body = body
    box.core.receive(response, THERE, box.clock.now)
    box.settle()


def _refuse_and_acknowledge(box: BareCore) -> None:
    _answer(box, 486)
    refusal = next(sent for sent, target in reversed(box.sent) if isinstance(sent, Response) and target == PEER)
    ack = ask("ACK", f"sip:102@{REALM}")
    for name in ("via", "call-id", "to"):
        ack.replace(name, refusal.lines(name))
    box.receive(ack, PEER)
    box.clock.advance(6)


@pytest.mark.parametrize(
    ("method", "ends"),
    [
        ("MESSAGE", lambda box: _answer(box, 200)),
        ("MESSAGE", lambda box: box.clock.advance(TIMEOUT + 1)),
        ("INVITE", lambda box: _answer(box, 200)),
        ("INVITE", _refuse_and_acknowledge),
        ("INVITE", lambda box: box.clock.advance(2 * TIMEOUT + 1)),
    ],
)
def test_what_is_over_takes_nothing_any_more(box: BareCore, method: str, ends: Callable[[BareCore], None]) -> None:
    room = box.core.open.room
    assert send(box, method) in ([], [100]) and room.left < ROOM
    ends(box)
    assert room.left == ROOM and not room.taken


def test_what_stays_of_a_call_over_a_connection_is_counted_for_as_long_as_it_does(box: BareCore) -> None:
    room = box.core.open.room
    assert send(box, "INVITE", OVER_TCP) == [100]
    _answer(box, 200)
    assert room.left < ROOM
    box.clock.advance(TIMEOUT + 1)
    assert room.left == ROOM


def test_a_large_message_and_one_for_many_phones_count_for_more(box: BareCore) -> None:
    room, taken = box.core.open.room, []
    box.register("<sip:102@192.0.2.103:5060>", user="102", at=flow("192.0.2.103"), call_id="c@phone")
    for method, user, body in (("MESSAGE", "101", b""), ("MESSAGE", "102", b""), ("MESSAGE", "101", b"x" * 50_000)):
        left, request = room.left, another(method, user)
        request.body = body
        request.replace("content-length", [str(len(body))])
        box.receive(request, PEER)
        taken.append(left - room.left)
    one, forked, large = taken
    assert forked == one * 3 // 2 and large > one + 2 * len(body)


def test_a_large_answer_counts_for_as_long_as_it_may_be_repeated(box: BareCore) -> None:
    room = box.core.open.room
    assert send(box, "INVITE") == [100]
    before = room.left
    _answer(box, 180, body=b"x" * 50_000)
    assert before - room.left > 100_000
    _answer(box, 200, body=b"x" * 50_000)
    assert room.left == ROOM


@pytest.mark.parametrize(("at", "status"), [(PEER, 183), (OVER_TCP, 183), (OVER_TCP, 200)])
def test_of_large_answers_that_take_each_others_place_one_counts(box: BareCore, at: Flow, status: int) -> None:
    """A phone that sent a thousand while it rang had all others refused."""
    room = box.core.open.room
    assert send(box, "INVITE", at) == [100]
    before = room.left
    for _ in range(20):
        _answer(box, status, body=b"x" * 50_000)
    assert 100_000 < before - room.left < 110_000
    box.clock.advance(10 * TIMEOUT)
    assert room.left == ROOM


def test_a_call_to_nobody_is_counted_for_as_long_as_its_answer_is_repeated(box: BareCore) -> None:
    room = narrow(box, 40_000)
    answers = [send(box, "INVITE", user="999") for _ in range(8)]
    assert answers[0] == [404] and answers[-1] == [503]
    box.clock.advance(TIMEOUT + 1)
    assert send(box, "INVITE", user="999") == [404] and len(room.taken) == 1


@pytest.mark.parametrize(("at", "user"), [(PEER, "999"), (OVER_TCP, "999"), (OVER_TCP, "102")])
def test_of_a_refused_call_no_request_is_kept(box: BareCore, at: Flow, user: str) -> None:
    """A large one over TCP counted as a small one, and 60 kB of it stayed for 32 s."""
    request = another("INVITE", user, at.transport.upper())
    request.body = b"x" * 50_000
    request.replace("content-length", [str(len(request.body))])
    box.receive(request, at)
    if user == "102":
        _answer(box, 486)
    (server,) = box.core.layer._servers.values()
    assert not hasattr(server, "request")


def test_large_refusals_count_while_another_phone_rings(box: BareCore) -> None:
    room = box.core.open.room
    box.register("<sip:102@192.0.2.103:5060>", user="102", at=flow("192.0.2.103"), call_id="c@phone")
    assert send(box, "INVITE") == [100]
    before = room.left
    _answer(box, 486, body=b"x" * 50_000)
    assert before - room.left > 100_000
    box.clock.advance(3 * TIMEOUT)
    assert room.left == ROOM


@pytest.mark.parametrize("at", [PEER, HERE])
def test_what_the_box_asks_itself_is_counted_for_whoever_it_was_made_for(box: BareCore, at: Flow) -> None:
    room, here = box.core.open.room, flow("192.0.2.1")
    box.register(f"<sip:102@{REALM}>", user="101", call_id="c@phone")
    request = another("MESSAGE", user="101")
    box.receive(request if at is PEER else box.signed(request), at)
    (sender,), taken = room.taken, room.left
    spiral = box.sent[-1][0]
    assert isinstance(spiral, Request)
    box.receive(spiral, here)
    assert list(room.taken) == [sender] and room.left < taken
    _answer(box, 200)
    assert len(room.taken) == 1
    box.core.receive(Response.to_request(spiral, 200, to_tag="callee"), here, box.clock.now)
    assert room.left == ROOM


def test_a_call_that_is_up_can_be_ended_whatever_else_is_open(box: BareCore) -> None:
    up = call(box)
    room = narrow(box)
    while not room.is_used_up(f"sip:101@{REALM}"):
        box.receive(up.ask("INFO", next(_numbers)))
    assert statuses(box.receive(up.ask("INFO", next(_numbers)))) == [503]
    assert list(box.core.open.crowds) == ["101"], "whose phone it is, though it has shown no password"
    box.receive(up.ask("BYE", next(_numbers)))
    sent = box.sent[-1]
    assert isinstance(sent[0], Request) and (sent[0].method, sent[1]) == ("BYE", THERE)


def test_phones_register_and_ask_whether_the_box_is_there_whatever_is_open(box: BareCore) -> None:
    narrow(box, 0)
    assert send(box) == [503]
    assert statuses(box.receive(ask("OPTIONS"), flow("192.0.2.99"))) == [200]
    assert statuses(box.register(PHONE, cseq=2)) == [200]


@pytest.mark.parametrize(("peers", "name"), [({}, HERE.remote[0]), ({HERE.remote[0]: "pbx"}, "pbx")])
def test_who_speaks_in_a_call_and_has_no_phone_here_is_counted_by_his_host(
    box: BareCore, peers: dict[str, str], name: str
) -> None:
    up = call(box)
    room = narrow(box)
    box.core.drop(box.bindings(), box.clock.now)
    box.directory.peers |= peers
    box.receive(up.ask("BYE"))
    assert list(room.taken) == [name]


def test_a_pbx_may_have_some_hundred_calls_ring(box: BareCore) -> None:
    for _ in range(1000):
        assert send(box, "INVITE") == [100]


def test_it_is_told_once_and_once_more_when_all_who_were_refused_have_come_again(box: BareCore) -> None:
    narrow(box)
    crowd(box)
    since = box.clock.now
    for _ in range(20):
        crowd(box)
    (crowded,) = box.core.open.crowds.values()
    assert (crowded.since, crowded.times, crowded.account) == (since, 21, "")
    box.clock.advance(LATEST - 1)
    narrow(box, 9000)
    crowd(box)
    box.clock.advance(LATEST - 1)
    assert box.core.open.crowds
    box.clock.advance(1)
    told = [event for event in box.core.events if event.kind is Kind.WARNING]
    assert not box.core.open.crowds
    assert [(event.source, "22" in event.text) for event in told] == [(PEER.source, False), (PEER.source, True)]
