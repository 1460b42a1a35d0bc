"""The page's listeners on real sockets: who is slow, silent or many holds nobody up."""

from __future__ import annotations

import contextlib
import gc
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from frontdesk import accepting
from frontdesk.certificates import Certificates, Names
from frontdesk.certificates.settling import settle
from frontdesk.web_server import WebListener, WebServer, connection, listener
from frontdesk.web_server.spool import CutOff, Spool
from tests.support.few_files import few_files

PATIENCE = 8.0
"""Seconds for an answer that has nothing to wait for: less than the time that a silent client is given."""


class House:
    """A page that says who asks, and can be told to wait."""

    def __init__(self, path: Path) -> None:
        names = Names(frozenset({"localhost"}), frozenset({"127.0.0.1"}))
        self.certificates = Certificates(path / "tls", lambda: names, time.time, settle)
        self.server = WebServer(self.page, self.certificates.context)
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)
        self.server.listen([WebListener(scheme, "127.0.0.1", 0) for scheme in ("http", "https")])
        self.trusting = ssl.create_default_context(cadata=self.certificates.authority.decode() or self._made())

    def _made(self) -> str:
        self.certificates.context()
        return self.certificates.authority.decode()

    def page(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        """Tells what it was told."""
        if environ["PATH_INFO"] == "/wait":
            self.waiting.release()
            self.gate.wait(60)
        length = int(environ.get("CONTENT_LENGTH") or 0) if environ["PATH_INFO"] == "/read" else 0
        body = environ["wsgi.input"].read(length)
        start("200 OK", [("Content-Type", "text/plain")])
        said = [environ["wsgi.url_scheme"], environ["REMOTE_ADDR"], environ["frontdesk.sibling"], len(body)]
        return [" ".join(map(str, [*said, environ.get("HTTP_X_FORWARDED_HOST")])).encode()]

    def port(self, scheme: str) -> int:
        """Where it is."""
        return next(each.port for each in self.server.listeners if each.scheme == scheme)

    def client(self, scheme: str = "https") -> http.client.HTTPConnection:
        """A browser."""
        if scheme == "http":
            return http.client.HTTPConnection("127.0.0.1", self.port(scheme), timeout=PATIENCE)
        return http.client.HTTPSConnection("127.0.0.1", self.port(scheme), timeout=PATIENCE, context=self.trusting)

    def ask(self, scheme: str = "https", path: str = "/", **options: Any) -> str:
        """One page."""
        with contextlib.closing(self.client(scheme)) as client:
            client.request(options.pop("method", "GET"), path, **options)
            return client.getresponse().read().decode()

    def silent(self, scheme: str, count: int, said: bytes = b"", source: str = "127.0.0.1") -> contextlib.ExitStack:
        """Clients that connect and say no more."""
        stack = contextlib.ExitStack()
        self.quiet: list[socket.socket] = []
        for _ in range(count):
            here = "127.0.0.1", self.port(scheme)
            sock = stack.enter_context(socket.create_connection(here, PATIENCE, (source, 0)))
            self.quiet.append(sock)
            if said:
                sock.sendall(said)
        return stack


def posting(length: int, further: bytes = b"") -> bytes:
    """The head of a form."""
    return b"POST /read HTTP/1.1\r\nHost: x\r\n%bContent-Length: %d\r\n\r\n" % (further, length)


def answered(sock: socket.socket) -> str:
    """The page that comes, or nothing where the connection ends."""
    with contextlib.closing(http.client.HTTPResponse(sock)) as answer:
        try:
            answer.begin()
        except ConnectionError:
            return ""
        return answer.read().decode()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.gate.set()
    house.server.close()
    for thread in threading.enumerate():
        if thread.name.startswith("web "):
            thread.join(10)


def test_browser_that_comes_while_there_are_no_files_waits_for_one_and_fills_no_log(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    paused = threading.Semaphore(0)
    monkeypatch.setattr(accepting, "time", SimpleNamespace(sleep=lambda seconds: paused.release()))
    with socket.socket() as browser:
        browser.settimeout(PATIENCE)
        with few_files():
            browser.connect(("127.0.0.1", house.port("http")))
            assert paused.acquire(timeout=PATIENCE) and paused.acquire(timeout=PATIENCE)
        browser.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert browser.recv(100).startswith(b"HTTP/1.1 200")
    assert not caplog.records


def test_browser_that_trusts_the_boxs_ca_is_answered(house: House) -> None:
    assert house.ask("https") == "https 127.0.0.1 False 0 None"
    assert house.ask("http") == "http 127.0.0.1 True 0 None"


def test_http_is_no_sibling_where_it_is_alone(house: House) -> None:
    house.server.listen([each for each in house.server._sockets if each.scheme == "http"])
    assert house.ask("http") == "http 127.0.0.1 False 0 None"


def test_http_that_comes_later_is_the_sibling_of_the_https_that_stays(house: House) -> None:
    kept = [each for each in house.server._sockets if each.scheme == "https"]
    house.server.listen(kept)
    house.server.listen([*kept, WebListener("http", "127.0.0.1", 0)])
    assert house.ask("http") == "http 127.0.0.1 True 0 None"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01", b"GET /"], ids=["nothing", "half a hello", "half a head"])
def test_twenty_that_are_silent_or_stop_in_the_middle_delay_nobody(house: House, scheme: str, said: bytes) -> None:
    with house.silent(scheme, 20, said):
        for _ in range(2):
            assert house.ask(scheme)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a head"])
def test_twenty_that_stop_after_the_handshake_delay_nobody(house: House, said: bytes) -> None:
    with house.silent("https", 20) as stack, contextlib.ExitStack() as greeted:
        for sock in house.quiet:
            tls = greeted.enter_context(house.trusting.wrap_socket(sock, server_hostname="localhost"))
            tls.sendall(said)
        for _ in range(2):
            assert house.ask("https")
        stack.close()


def test_one_address_cannot_take_all_connections(house: House) -> None:
    with house.silent("http", listener.MOST_EACH + 10):
        assert house.ask("http")
        assert [sock.recv(1) for sock in house.quiet[:10]] == [b""] * 10, "the longest silent ones went"
        for sock in house.quiet[-listener.MOST_EACH + 1 :]:
            sock.setblocking(False)
            with pytest.raises(BlockingIOError):
                sock.recv(1)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"], ids=["nothing", "half a hello"])
def test_those_who_are_silent_at_many_addresses_close_the_page_for_nobody(
    house: House, scheme: str, said: bytes
) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(listener.MOST // listener.MOST_EACH + 1):
            stack.enter_context(house.silent(scheme, listener.MOST_EACH, said, f"127.0.1.{number + 1}"))
            assert house.ask(scheme)


def test_who_has_just_spoken_stays_though_others_come(house: House) -> None:
    with contextlib.ExitStack() as stack, contextlib.closing(house.client("http")) as client:
        client.connect()
        client.auto_open = 0
        for number in range(2 * listener.MOST // listener.MOST_EACH):
            client.request("GET", "/")
            assert client.getresponse().read()
            stack.enter_context(house.silent("http", listener.MOST_EACH, source=f"127.0.1.{number + 1}"))


def test_who_is_with_a_worker_is_not_sent_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST", 2)
    with contextlib.closing(house.client("http")) as client, house.silent("http", 3):
        client.request("GET", "/wait")
        assert house.waiting.acquire(timeout=PATIENCE)
        assert house.ask("http")
        house.gate.set()
        assert client.getresponse().read()


def test_plain_http_on_the_https_port_gets_nothing_and_harms_nobody(house: House) -> None:
    with house.silent("https", 3, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert house.ask("https")


def test_dribbling_client_is_cut_off_at_its_deadline(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_TIME", 0.3)
    monkeypatch.setattr(connection, "HANDSHAKE_TIME", 0.3)
    for scheme, byte in (("http", b"A"), ("https", b"\x16")):
        with socket.create_connection(("127.0.0.1", house.port(scheme)), PATIENCE) as sock:
            sock.settimeout(0.05)
            ended = False
            for _ in range(200):
                try:
                    sock.sendall(byte)
                    ended = sock.recv(4096) == b""
                except TimeoutError:
                    continue
                except OSError:
                    ended = True
                if ended:
                    break
            assert ended


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X": "y" * listener.LONGEST_HEAD}, 413),
        ({"Content-Length": "x"}, 400),
    ],
)
def test_request_that_is_too_large_is_refused(house: House, headers: dict[str, str], status: int) -> None:
    with contextlib.closing(house.client("http")) as client:
        client.putrequest("POST", "/read")
        for name, value in headers.items():
            client.putheader(name, value)
        client.endheaders()
        assert client.getresponse().status in (status, 414)
    assert house.ask("http")


def test_what_a_proxy_would_say_is_not_believed(house: House) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    assert house.ask("https", headers=headers) == "https 127.0.0.1 False 0 None"


def test_large_body_that_is_allowed_comes_whole(house: House) -> None:
    assert house.ask("https", "/read", method="POST", body=b"x" * listener.LONGEST_BODY).split()[3] == str(4 << 20)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_body_that_is_too_long_is_heard_and_not_kept_so_that_the_page_refuses_it(house: House, scheme: str) -> None:
    with contextlib.closing(house.client(scheme)) as client:
        for length in (5 * listener.LONGEST_BODY, 3):
            client.request("POST", "/read", body=b"x" * length)
            kept = length if length <= listener.LONGEST_BODY else 0
            assert client.getresponse().read().decode().split()[3] == str(kept)
            assert not house.server._spool._held


@pytest.mark.parametrize("length", [1000, connection.SMALL_BODY + 1, listener.LONGEST_BODY + 1])
def test_sixty_that_stop_in_a_body_delay_nobody(house: House, length: int) -> None:
    with house.silent("http", 60, posting(length) + b"half"):
        for _ in range(2):
            assert house.ask("http")


def test_twenty_that_stop_in_a_body_over_tls_delay_nobody(house: House) -> None:
    with house.silent("https", 20), contextlib.ExitStack() as greeted:
        for sock in house.quiet:
            tls = greeted.enter_context(house.trusting.wrap_socket(sock, server_hostname="localhost"))
            tls.sendall(posting(1000) + b"half")
        for _ in range(2):
            assert house.ask("https")


def test_twenty_that_stop_in_a_second_request_behind_the_first_delay_nobody(house: House) -> None:
    with house.silent("http", 20, b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /"):
        for _ in range(2):
            assert house.ask("http")


def test_body_that_comes_in_pieces_is_whole(house: House) -> None:
    with house.silent("http", 1):
        [sock] = house.quiet
        for byte in posting(6) + b"abcdef":
            sock.sendall(bytes([byte]))
        assert answered(sock).split()[3] == "6"
        sock.sendall(posting(3) + b"ghi")
        assert answered(sock).split()[3] == "3"


def test_who_waits_to_be_told_to_go_on_is_told_so_once(house: House) -> None:
    with house.silent("http", 1, posting(3, b"Expect: 100-continue\r\n")):
        [sock] = house.quiet
        assert sock.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"abc")
        assert answered(sock).split()[3] == "3"


def test_request_with_two_lengths_gets_nothing(house: House) -> None:
    with house.silent("http", 1, posting(3, b"Content-Length: 4\r\n") + b"abcd"):
        assert answered(house.quiet[0]) == ""


def test_where_bodies_take_too_much_room_the_slowest_goes(house: House) -> None:
    length = listener.LONGEST_BODY
    held = house.server._spool._held
    with contextlib.ExitStack() as stack:
        slow, slower = [
            stack.enter_context(socket.create_connection(("127.0.0.1", house.port("http")), PATIENCE)) for _ in range(2)
        ]
        for count, sock in enumerate((slower, slow), 1):
            sock.sendall(posting(length) + b"x" * (length - 1))
            looks = (sum(room.tell() for room in [*held.values()]) for _ in range(500) if house.ask("http"))
            assert count * (length - 1) in looks
        assert house.ask("http", "/read", method="POST", body=b"x" * length).split()[3] == str(length)
        slow.sendall(b"x")
        assert answered(slow).split()[3] == str(length)
        with contextlib.suppress(ConnectionError):  # Nobody may be there any more.
            slower.sendall(b"x")
            assert answered(slower) == ""


def test_spool_cuts_off_who_has_been_sending_for_the_longest() -> None:
    spool = Spool(10)
    for who in ("slow", "fast"):
        spool.begin(who, 10)
        assert spool.add(who, b"12345") == 5
    assert spool.add("fast", b"6") == 6
    with pytest.raises(CutOff):
        spool.add("slow", b"")
    assert spool.take("fast") == b"123456" and spool.take("slow") == b""


def test_page_whose_workers_are_all_stuck_is_started_anew_alone(house: House) -> None:
    stuck = [house.client("http") for _ in range(listener.WORKERS)]
    for client in stuck:
        client.request("GET", "/wait")
        assert house.waiting.acquire(timeout=PATIENCE)
    answer = house.server.ping()
    assert house.ask("https") and not answer.done()
    port = house.port("http")
    house.server.restart()
    assert house.ask("http") and house.port("http") == port
    house.server.ping().result(PATIENCE)
    for client in stuck:
        client.close()


def test_whom_the_page_that_was_stuck_still_accepts_the_new_one_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener.Server, "end", lambda _: None)
    old = list(house.server._servers.values())
    with contextlib.ExitStack() as stuck:
        for _ in range(listener.WORKERS):
            client = stuck.enter_context(contextlib.closing(house.client("http")))
            client.request("GET", "/wait")
            assert house.waiting.acquire(timeout=PATIENCE)
        house.server.restart()
        assert all(house.ask(scheme) for scheme in ("http", "https") for _ in range(20))
    monkeypatch.undo()
    house.gate.set()
    for each in old:
        each.end()


def test_listeners_are_exchanged_with_no_gap_for_those_that_stay(house: House) -> None:
    kept = next(each for each in house.server._sockets if each.scheme == "https")
    port = house.port("https")
    house.server.listen([kept, WebListener("http", "127.0.0.1", 0)])
    assert house.port("https") == port and house.ask("https") and house.ask("http")


def test_port_that_is_taken_leaves_all_as_it_was(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = WebListener("http", "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match=str(wanted.port)):
            house.server.listen([wanted])
    assert house.ask("https") and house.ask("http")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connection_that_is_closed_leaves_nothing(scheme: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a garbage collector, which looks seldom: a stranger may open thousands."""
    gone = threading.Semaphore(0)
    monkeypatch.setattr(connection.Connection, "__del__", lambda _: gone.release(), raising=False)
    gc.disable()
    try:
        for _ in range(2 * listener.WORKERS):  # each has the last one in its hand until the next
            house.ask(scheme)
        assert gone.acquire(timeout=PATIENCE)
    finally:
        gc.enable()
