"""An INVITE without credentials is challenged in few steps, and answered as if each had been taken."""

from __future__ import annotations

from typing import cast

import pytest

from frontdesk.proxy.loop import loop_hash
from frontdesk.sip.checks import read_message
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Flow, Send
from tests.core.test_plain_messages import CALL, Pair
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, REALM, flow

LISTENER = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.1", 5060))
INVITE = (
    f"INVITE sip:102@{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bKone;rport\r\n"
    f'Max-Forwards: 70\r\nFrom: "Desk" <sip:101@{REALM}>;tag=a\r\nTo: <sip:102@{REALM}>\r\nCall-ID: c@phone\r\n'
    "CSeq: 1 INVITE\r\nContact: <sip:101@192.0.2.101>\r\nContent-Length: 4\r\n\r\nv=0\n"
)
LONG = "x" * 24
BROWSER = flow("192.0.2.9", 40000)._replace(transport="ws", connection=3)
"""On a trusted peer's computer."""
LOOP = loop_hash(cast(Request, read_message(INVITE.encode())))
"""What the box would put into the branch of that INVITE."""


def answers(data: str, at: Flow, *, short: bool) -> tuple[list[Send], list[str], float | None, int]:
    """What the box sends, tells and waits for when that comes, and how many transactions it has then."""
    box = BareCore()
    box.directory.peers["192.0.2.9"] = "pbx"
    if short:
        box.core.read(data.encode(), at, box.clock.now)
    else:
        box.core.receive(read_message(data.encode()), at, box.clock.now)
    sends = [action for action in box.core.take_actions() if isinstance(action, Send)]
    return sends, [event.text for event in box.core.events], box.core.next_timer(), len(box.core.layer)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("Max-Forwards: 70", "Max-Forwards: 0"),
        ("Max-Forwards: 70", "Max-Forwards: 000"),
        ("Max-Forwards: 70\r\n", ""),
        ("Contact:", "Max-Breadth: 0\r\nContact:"),
        ("Contact:", "Max-Breadth: 2\r\nContact:"),
        ("Contact:", "Proxy-Require: magic\r\nContact:"),
        ("Contact:", "Route: <sip:192.0.2.1;lr>\r\nContact:"),
        ("Contact:", "Route: <sip:elsewhere.example;lr>\r\nContact:"),
        ("Contact:", "Route: <sip:\r\nContact:"),
        ("Contact:", 'Authorization: Digest realm="desk.example"\r\nContact:'),
        ("Contact:", 'Proxy-Authorization: Digest realm="other.example", nonce="n"\r\nContact:'),
        ("Contact:", "Proxy-Authorization: Basic x\r\nContact:"),
        ("Max-", "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx.d3\r\nMax-"),
        ("Max-", f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx.{LOOP}\r\nMax-"),
        (";rport", ";rport, SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx.d3"),
        (f"INVITE sip:102@{REALM}", f"INVITE sip:{REALM}"),
        (f"INVITE sip:102@{REALM}", "INVITE sip:102@elsewhere.example"),
        (f"INVITE sip:102@{REALM}", f"INVITE sip:{LONG}@{REALM}"),
        (f"INVITE sip:102@{REALM}", "INVITE tel:102"),
        (f"INVITE sip:102@{REALM}", f"INVITE sips:102@{REALM}"),
        (f"To: <sip:102@{REALM}>", f"To: <sip:102@{REALM}>;tag=b"),
        ("INVITE", "INFO"),
    ],
)
@pytest.mark.parametrize("at", [HERE, flow("192.0.2.9", 5060), flow("198.51.100.9", 5060), LISTENER, BROWSER])
def test_both_ways_answer_alike_and_leave_the_same(old: str, new: str, at: Flow) -> None:
    data = INVITE.replace(old, new)
    assert old in INVITE
    assert answers(data, at, short=True) == answers(data, at, short=False)


def test_a_stranger_is_challenged_and_nothing_is_kept_of_him() -> None:
    (sent,), events, _, transactions = answers(INVITE, flow("198.51.100.9", 5060), short=True)
    assert sent.data.startswith(b"SIP/2.0 407 Proxy Authentication Required\r\nVia: ")
    assert (sent.key, events, transactions) == ("", [], 0)


def test_a_usual_one_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.auth.Authenticator.authenticate", lambda *_, **__: pytest.fail("the long way"))
    assert answers(INVITE, HERE, short=True)[0]


@pytest.mark.parametrize(
    ("line", "status"), [("Max-Breadth: 0", 440), ("Max-Breadth: x", 400), ("Proxy-Require: magic", 420)]
)
def test_what_is_refused_whoever_asks_is_refused_before_he_is_challenged(line: str, status: int) -> None:
    (sent,), *_ = answers(INVITE.replace("Contact:", f"{line}\r\nContact:"), HERE, short=True)
    assert sent.data.startswith(b"SIP/2.0 %d " % status)


def test_a_copy_of_what_is_under_way_is_no_news_though_it_lacks_credentials() -> None:
    box = BareCore()
    box.register("<sip:102@192.0.2.102>", at=flow("192.0.2.102", 5060), user="102")
    invite = box.signed(cast(Request, read_message(INVITE.encode())))
    box.core.read(invite.encode(), HERE, box.clock.now)
    box.settle()
    invite.replace("proxy-authorization", [])
    box.core.read(invite.encode(), HERE, box.clock.now)
    (again,) = [action for action in box.core.take_actions() if isinstance(action, Send)]
    assert again.data.startswith(b"SIP/2.0 100 ")


def test_an_invite_whose_strict_router_left_no_route_is_no_stranger() -> None:
    pair = Pair("")
    for step in CALL[:5]:
        pair.do(step)
    routes = [answer.values("record-route") for answer in pair.answers() if answer.status == 200]
    pair.send(pair.request("INVITE", "b", uri=routes[0][0].strip("<>").replace(";lr", "")), HERE)
    assert pair.answers()[-1].status == 400
