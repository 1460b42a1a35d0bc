"""SIP in a WebSocket's frames (RFC 7118), spoken by wsproto's client on real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from frontdesk.sip.errors import TransportError
from frontdesk.sip.framing import Reply
from frontdesk.sip.parser import MAX_MESSAGE
from frontdesk.transport import connection
from frontdesk.transport.websocket import NOTHING, WebSocket
from tests.transport.driver import MESSAGE, Driver, client, contexts, listening, run, until

OTHER = "MESSAGE sip:ü@example.com SIP/2.0\r\n\r\nWie geht's? \N{GRINNING FACE}".encode()
BINARY = b"MESSAGE sip:a@example.com SIP/2.0\r\n\r\n\xff\x00"


class Browser:
    """The other end, without IO."""

    def __init__(self) -> None:
        self.line = WSConnection(ConnectionType.CLIENT)
        self.events: list[Event] = []

    def hello(self, *subprotocols: str) -> bytes:
        return self.line.send(Request(host="box.test", target="/any?path", subprotocols=list(subprotocols)))

    def hear(self, data: bytes) -> list[Event]:
        self.line.receive_data(data)
        self.events += self.line.events()
        return self.events

    def says(self, *events: Event) -> bytes:
        return b"".join(map(self.line.send, events))


def welcomed() -> tuple[Browser, WebSocket]:
    browser, box = Browser(), WebSocket()
    assert browser.hear(b"".join(box.feed(browser.hello("xmpp", "sip")))) == [AcceptConnection(subprotocol="sip")]
    browser.events.clear()
    return browser, box


def test_handshake_is_for_sip() -> None:
    welcomed()
    browser, box = Browser(), WebSocket()
    refused = browser.hear(b"".join(box.feed(browser.hello("xmpp"))))[0]
    assert isinstance(refused, RejectConnection) and refused.status_code == 400 and box.is_over
    assert list(box.feed(MESSAGE)) == [] and box.goodbye() == b""


@pytest.mark.parametrize(
    "said",
    [
        MESSAGE,
        b"GET / HTTP/1.1\r\nHost: box.test\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: box.test\r\nContent-Length: 3\r\n\r\nabc",
        b"GET / HTTP/1.1\r\nHost: xn--\xff\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /" + b"x" * 20_000,
    ],
)
def test_what_is_no_handshake_is_told_what_is_heard_here(said: bytes) -> None:
    box = WebSocket()
    (reply,) = box.feed(said)
    assert reply.startswith(b"HTTP/1.1 400 ") and b"subprotocol sip" in reply and box.is_over
    assert isinstance(reply, Reply), "and it is no message"


@pytest.mark.parametrize("message", [MESSAGE, OTHER, BINARY])
def test_message_is_one_of_the_websockets_both_ways(message: bytes) -> None:
    browser, box = welcomed()
    texts: list[Event] = [] if message == BINARY else [TextMessage(message.decode())]
    for event in (BytesMessage(message), *texts):
        assert list(box.feed(browser.says(event))) == [message]
    (heard,) = browser.hear(box.frame(message))
    assert heard == (BytesMessage(message) if message == BINARY else TextMessage(message.decode()))
    assert not box.pending and not box.is_over


@given(st.lists(st.sampled_from([MESSAGE, OTHER, BINARY]), max_size=4), st.data())
def test_messages_are_the_same_wherever_frames_and_bytes_are_cut(messages: list[bytes], data: st.DataObject) -> None:
    browser, box = Browser(), WebSocket()
    said = browser.hello("sip")
    (accepted,) = box.feed(said)
    browser.hear(accepted)
    stream = b""
    for message in messages:
        at = data.draw(st.integers(0, len(message)))
        parts = BytesMessage(message[:at], message_finished=False), BytesMessage(message[at:])
        stream += browser.says(parts[0], Ping(b"?"), parts[1])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    found = [each for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for each in box.feed(stream[a:b])]
    assert [each for each in found if not isinstance(each, Reply)] == messages
    replies = b"".join(each for each in found if isinstance(each, Reply))
    assert browser.hear(replies)[1:] == [Pong(b"?")] * len(messages) and not box.pending


def test_pings_of_both_kinds_are_answered() -> None:
    browser, box = welcomed()
    replies = list(box.feed(browser.says(TextMessage("\r\n\r\n"), Ping(b"1"))))
    assert browser.hear(b"".join(replies)) == [TextMessage("\r\n"), Pong(b"1")]
    assert all(isinstance(each, Reply) for each in replies), "RFC 5626 section 4.4.1"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (lambda browser: browser.says(CloseConnection(1000)), 1000),
        (lambda browser: browser.says(*[BytesMessage(b"x" * 1000, message_finished=False)] * 70), 1009),
        (lambda browser: browser.says(TextMessage("x" * (MAX_MESSAGE + 1))), 1009),
        (lambda _: b"\x81\x01x", 1002),
        (lambda _: b"\x81\x81\x00\x00\x00\x00\xff", 1007),
    ],
    ids=["goodbye", "no-end", "too-long", "not-masked", "no-text"],
)
def test_leave_is_taken_for_a_reason_and_nothing_is_heard_after_it(said: bytes, code: int) -> None:
    browser, box = welcomed()
    reply = b"".join(box.feed(said(browser)))  # type: ignore[operator]
    (closed,) = browser.hear(reply)
    assert isinstance(closed, CloseConnection) and closed.code == code and box.is_over
    assert list(box.feed(b"\x81\x01x")) == [] and box.goodbye() == b""


def test_what_follows_a_goodbye_is_not_heard() -> None:
    browser, box = welcomed()
    said = browser.says(TextMessage(MESSAGE.decode())) * 2
    goodbye = browser.says(CloseConnection(1000))
    first, second, closed = box.feed(said + goodbye + said)
    assert (first, second) == (MESSAGE, MESSAGE) and browser.hear(closed) == [CloseConnection(1000, "")]


def test_nothing_is_said_after_a_goodbye() -> None:
    """What was asked for before it is answered to nobody, and that is no fault of the box's."""
    browser, box = welcomed()
    assert len(list(box.feed(browser.says(CloseConnection(1000))))) == 1
    with pytest.raises(TransportError):
        box.frame(MESSAGE)


def test_frame_that_is_due_nothing_takes_its_time_too() -> None:
    """Whoever sends them without end waits for his turn."""
    browser, box = welcomed()
    idle = [Pong(b"?"), BytesMessage(b"", message_finished=False)]
    assert list(box.feed(browser.says(*idle * 50))) == [NOTHING] * 100


def test_what_waits_behind_a_message_is_pending() -> None:
    browser, box = welcomed()
    messages = box.feed(browser.says(TextMessage(MESSAGE.decode())) * 2)
    assert next(messages) and box.pending
    assert list(messages) == [MESSAGE] and not box.pending


def test_box_that_goes_says_so() -> None:
    browser, box = welcomed()
    assert browser.hear(box.goodbye()) == [CloseConnection(1001, "")]


def test_handshake_and_message_that_have_begun_are_pending() -> None:
    browser, box = Browser(), WebSocket()
    hello = browser.hello("sip")
    assert list(box.feed(hello[:-3])) == [] and box.pending, "and no frame"
    (accepted,) = box.feed(hello[-3:])
    assert browser.hear(accepted) and not box.pending
    assert list(box.feed(browser.says(BytesMessage(b"OPT", message_finished=False)))) == [NOTHING] and box.pending


@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_browser_is_heard_answered_and_let_go(transport: str, made: Path) -> None:
    async def case() -> None:
        driver, browser = Driver(), Browser()
        driver.answer = OTHER
        async with listening(driver, 9, transport, contexts(made)) as address:
            trusted = client(made) if transport == "wss" else None
            reader, writer = await asyncio.open_connection(*address, ssl=trusted)
            writer.write(browser.hello("sip"))
            browser.hear(await reader.read(4096))
            writer.write(browser.says(TextMessage(MESSAGE.decode())))
            assert browser.hear(await reader.read(4096))[1:] == [TextMessage(OTHER.decode())]
            assert driver.frames == [MESSAGE] and driver.heard[0].transport == transport
            assert driver.connections is not None
            driver.connections.close_flow(driver.heard[0])
            assert browser.hear(await reader.read())[2:] == [CloseConnection(1001, "")]
            writer.close()
            await until(lambda: driver.gone == driver.heard)

    run(case)


def test_browser_that_leaves_is_let_go() -> None:
    """Once it has been told so."""

    async def case() -> None:
        driver, browser = Driver(), Browser()
        async with listening(driver, 9, "ws") as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(browser.hello("sip"))
            browser.hear(await reader.read(4096))
            writer.write(browser.says(CloseConnection(1000)))
            assert browser.hear(await reader.read())[1:] == [CloseConnection(1000, "")]
            writer.close()
            await until(lambda: len(driver.gone) == 1)

    run(case)


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nHost: a", b"\r\n"])
def test_handshake_that_does_not_end_is_closed(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HALF_SENT", 0.01)

    async def case() -> None:
        driver = Driver()
        async with listening(driver, 9, "ws") as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(begun)
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
            writer.close()
            await until(lambda: len(driver.gone) == 1)

    run(case)
