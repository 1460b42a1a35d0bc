"""Whatever a caller or a phone says, nothing but a ParseError comes out, and nothing stays behind."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.sip.checks import read_message
from frontdesk.sip.errors import ParseError
from tests.proxy.box import Box, Who, reply, request, route_set, tcp, udp

A, B = udp("192.0.2.11"), tcp("192.0.2.12")
PIECES = [
    "", "<", ">", '"', ";", ",", "@", ":", "sip:", "sips:", "%", "%zz", "%41", "[", "]", "?a=b", ";lr", ";transport=",
    "sctp", "-1", "9" * 12, "\xff", "\u0663", " ", "\t", "102", "desk.example", "192.0.2.1", "z9hG4bK", ";maddr=x",
]  # fmt: skip

texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
positions = st.integers(0, 10_000)
wounds = st.lists(st.tuples(positions, positions, texts), min_size=1, max_size=3)


def wounded(message: str, cuts: list[tuple[int, int, str]]) -> bytes:
    """The message with pieces of its lines replaced."""
    lines = message.split("\r\n")
    for line, at, text in cuts:
        number = line % len(lines)
        start = at % (len(lines[number]) + 1)
        lines[number] = lines[number][:start] + text + lines[number][start + len(text) :]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def call() -> tuple[Box, list[str]]:
    """A box with a call on, and the requests that its caller may send."""
    box = Box()
    box.phone("101", A)
    box.phone("102", B)
    box.phone("102", udp("192.0.2.13"), q=0.5, path=("<sip:edge.example;lr>",))
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    invite = box.request("INVITE")
    box.receive(reply(invite, 200), B)
    routes = route_set(box.responses()[-1])
    in_dialog = [request(method, invite.uri_text, to_tag="callee", cseq=2, routes=routes) for method in ("BYE", "ACK")]
    headers = ["Max-Breadth: 7", "Max-Forwards: 9", 'Proxy-Authorization: Digest realm="desk.example"']
    return box, [request("INVITE", routes=["<sip:192.0.2.1;lr>"], headers=headers), request("CANCEL"), *in_dialog]


def everything_ends(box: Box) -> bool:
    """Whether no transaction and no timer is left when Timer C and all others have fired."""
    box.pass_time(400)
    return len(box.layer) == 0 and box.deadlines.next() is None


@given(st.integers(0, 3), wounds)
def test_no_request_raises_anything_but_parse_error(which: int, cuts: list[tuple[int, int, str]]) -> None:
    box, requests = call()
    with suppress(ParseError):
        box.receive(read_message(wounded(requests[which], cuts)), A, Who(box.directory.account("101")))
    assert everything_ends(box)


@given(wounds, st.sampled_from([100, 180, 200, 302, 401, 486, 603]))
def test_no_response_raises_anything_but_parse_error(cuts: list[tuple[int, int, str]], status: int) -> None:
    box, requests = call()
    box.receive(requests[0].replace("call-1", "call-2"), A, Who(box.directory.account("101")))
    for message, _ in box.requests("INVITE"):
        answer = reply(message, status, headers=[("www-authenticate", "x"), ("contact", "<sip:x@y>")])
        with suppress(ParseError):
            box.receive(read_message(wounded(answer.encode().decode(), cuts)), B)
    assert everything_ends(box)


@given(texts, texts, texts)
def test_no_contact_and_no_path_raises(contact: str, path: str, user: str) -> None:
    box = Box()
    box.phone("101", A)
    for flow in (None, A, B):
        box.phone("102", flow, f"sip:{contact}", path=(path,) if path else (), connected=flow is not B)
    with suppress(ParseError):
        box.receive(read_message(request("INVITE", f"sip:{user}@desk.example").encode()), A)
        box.receive(read_message(request("INVITE").encode()), A)
    assert everything_ends(box)
