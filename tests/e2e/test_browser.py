"""A phone in a browser and one on a desk: Chromium's WebSockets and a real baresip (RFC 7118)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.baresip import Phone
from tests.e2e.box import DOMAIN, Box, box_of_two, free_port
from tests.e2e.browser import WebLine, chromium_running
from tests.e2e.wire_call import invite
from tests.e2e.wire_client import Dialog, Message, WireClient

HERE = "127.0.0.1"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
MakePhone = Callable[..., Phone]
OpenLine = Callable[..., WebLine]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture
def ports() -> dict[str, int]:
    """Where the box is heard by browsers."""
    return {"ws": free_port((HERE,)), "wss": free_port((HERE,))}


@pytest.fixture
def box(tmp_path: Path, ports: dict[str, int]) -> Iterator[Box]:
    with box_of_two(tmp_path / "data", **ports) as box:
        yield box


@pytest.fixture
def connect(chromium: Browser, box: Box, ports: dict[str, int]) -> Iterator[OpenLine]:
    """Opens a WebSocket in a page of its own."""
    contexts = []

    def open_line(kind: str = "ws", subprotocol: str = "sip") -> WebLine:
        contexts.append(chromium.new_context(ignore_https_errors=True))
        return WebLine(contexts[-1].new_page(), f"{kind}://{HERE}:{ports[kind]}/ws", subprotocol)

    yield open_line
    for context in contexts:
        context.close()


def web_phone(line: WebLine) -> WireClient:
    phone = WireClient((HERE, 0), DOMAIN, "102", "secret-102", line=line)
    assert phone.register().status == 200
    return phone


@pytest.mark.parametrize("kind", ["ws", "wss"])
def test_browser_and_desk_phone_call_each_other(
    box: Box, phones: MakePhone, connect: OpenLine, kind: str
) -> None:
    web = web_phone(connect(kind))
    (binding,) = box.bindings("102")
    assert (binding["transport"], binding["state"]) == (kind, "live")
    desk = phones("101", "secret-101", box.address(), DOMAIN, address=HERE)
    desk.register()

    desk.dial("102")
    offered = web.receive()
    web.reply(offered, 200, "OK", f"Contact: <{web.contact}>", "Content-Type: application/sdp", body=SDP)
    desk.expect("CALL_ESTABLISHED")
    assert web.receive().start.startswith("ACK ")
    desk.hang_up()
    bye = web.receive()
    web.reply(bye, 200, "OK")
    assert bye.start == f"BYE {web.contact} SIP/2.0"
    desk.received("BYE", 200)

    request = invite(web, "101", "Content-Type: application/sdp", body=SDP)
    web.send(request)
    desk.expect("CALL_INCOMING")
    desk.accept()
    accepted = web.final_answer(Message.parse(request))
    assert accepted.status == 200
    dialog = Dialog.of_caller(accepted)
    web.cseq -= 1
    web.send(web.in_dialog("ACK", dialog))
    desk.expect("CALL_ESTABLISHED")
    web.cseq += 1
    assert web.exchange(web.in_dialog("BYE", dialog)).status == 200
    desk.expect("CALL_CLOSED")
    assert "Nothing is wrong" in box.run("problems")


def test_browser_is_told_that_the_box_goes_and_is_found_again_when_it_has_come_back(
    box: Box, phones: MakePhone, connect: OpenLine
) -> None:
    line = connect()
    web_phone(line)
    box.stop()
    assert line.closed() == 1001
    box.start()
    desk = phones("101", "secret-101", box.address(), DOMAIN, address=HERE)
    desk.register()
    desk.dial("102")
    desk.expect("CALL_CLOSED")
    web = web_phone(connect())
    desk.dial("102")
    assert web.receive().start.startswith("INVITE ")
    assert len(box.bindings("102")) == 1


def test_what_a_browser_says_in_other_ways_is_understood(connect: OpenLine) -> None:
    line = connect()
    assert line.is_open
    phone = WireClient((HERE, 0), DOMAIN, "102", "secret-102", line=line)
    line.send_binary(phone.request("OPTIONS", f"sip:{DOMAIN}"))
    assert phone.receive().status == 200
    line.sendall(b"\r\n\r\n")
    assert line.recv(4) == b"\r\n", "RFC 5626 section 4.4.1"
    line.sendall(b"\r\n")
    line.close()
    assert line.closed() == 1005, "it has not said why"


def test_browser_that_wants_something_else_than_sip_is_not_let_in(connect: OpenLine) -> None:
    assert not connect(subprotocol="xmpp").is_open
