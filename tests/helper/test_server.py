"""The helper's socket: who may speak, how long, and that nothing that comes off it ends or changes anything."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk_helper import server
from frontdesk_helper.server import LONGEST, PATIENCE, Server
from tests.helper.listening import Listening
from tests.helper.recording import Computer

VERBS = st.sampled_from(["network", "hostname", "timezone", "set-clock", "reboot", "factory-reset", "x"])
NAMES = st.sampled_from(["interface", "address", "gateway", "servers", "name", "http", "https", "zone", "wall"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["eth0", "dhcp"]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)
LINES = st.binary(max_size=200) | st.builds(
    lambda verb, rest: json.dumps({"verb": verb, **rest, "x": 0}).encode(), VERBS, st.dictionaries(NAMES, VALUES)
)


@pytest.fixture
def helper(tmp_path: Path, computer: Computer) -> Iterator[Listening]:
    helper = Listening(tmp_path / "helper.sock", computer)
    yield helper
    helper.close()


def test_socket_is_its_groups_and_nobody_elses(helper: Listening) -> None:
    assert stat.S_IMODE(helper.path.stat().st_mode) == 0o660


def test_one_line_each_way(helper: Listening) -> None:
    assert helper.say(b'{"verb": "timezone", "zone": "Europe/Berlin"}\n') == {"answer": {}}
    assert helper.computer.changes() == ["timedatectl set-timezone Europe/Berlin"]
    assert helper.say(b'{"verb": "timezone", "zone": "Mars"}\n') == {
        "error": "There is no time zone Mars on this computer.",
        "template": "There is no time zone {zone} on this computer.",
        "words": {"zone": "Mars"},
    }


def test_who_is_no_user_of_it_is_not_heard(tmp_path: Path, computer: Computer) -> None:
    helper = Listening(tmp_path / "helper.sock", computer, frozenset({os.getuid() + 1}))
    assert helper.say(b'{"verb": "reboot"}\n') is None
    helper.close()
    assert computer.ran == []


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"reboot\n", b'{"verb": "reboot"}', b'{"verb": "reboot"}\n{"verb": "reboot"}\n',
        b'{"verb":\n"reboot"}\n',
        b"[" * 4000 + b"\n",
        b"x" * (LONGEST + 1), b"x" * (1 << 20), b'{"verb": "reboot", "verb": "x"}\n', b"\xff\xfe\n", b"null\n",
        b'{"verb": "set-clock", "wall": ' + b"9" * 4000 + b"}\n", b'{"verb": "set-clock", "wall": NaN}\n',
    ],
)  # fmt: skip
def test_what_is_no_request_changes_nothing_and_the_next_one_is_answered(helper: Listening, data: bytes) -> None:
    before = helper.computer.picture()
    said = helper.say(data)
    assert said is None or {"error", "template", "words"} == set(said)
    assert (helper.computer.picture(), helper.computer.changes(), helper.computer.clock) == (before, [], [])
    assert helper.say(b'{"verb": "network", "interface": "eth0"}\n') == {"answer": {"by": "systemd-networkd"}}


def test_client_that_says_nothing_is_let_go(helper: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.05)
    with helper.connect() as silent, helper.connect() as slow:
        slow.sendall(b'{"verb"')
        assert helper.say(b'{"verb": "network", "interface": "eth0"}\n') is not None
        assert (silent.recv(1), slow.recv(1)) == (b"", b"")


class Slow:
    """A client's socket whose every byte takes `PAUSE` seconds of `now`."""

    PAUSE = PATIENCE / 8

    def __init__(self, line: bytes) -> None:
        self.now = 0.0
        self.line = list(line)
        self.timeout = 0.0
        self.answered_within: float | None = None

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def getsockopt(self, *_: int) -> bytes:
        return server._CREDENTIALS.pack(1, os.getuid(), 1)

    def recv(self, size: int) -> bytes:
        if self.timeout < self.PAUSE:
            raise TimeoutError
        self.now += self.PAUSE
        return bytes([self.line.pop(0)])

    def sendall(self, data: bytes) -> None:
        self.answered_within = self.timeout


@pytest.mark.parametrize(("line", "answered_within"), [(b"     {}\n", PATIENCE), (b"      {}\n", None)])
def test_line_has_its_time_as_a_whole_and_the_answer_its_own(
    line: bytes, answered_within: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Slow(line)
    monkeypatch.setattr("frontdesk_helper.server.time.monotonic", lambda: client.now)
    with socket.socket() as listening, contextlib.suppress(TimeoutError):
        asked = Server(listening, lambda request: {}, frozenset({os.getuid()}))
        asked._serve(client)  # type: ignore[arg-type]
    assert client.answered_within == answered_within


def test_mistake_of_ours_is_told_without_what_was_sent(
    helper: Listening, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Computer, "set_clock", lambda self, wall: 1 // 0)
    said = helper.say(b'{"verb": "set-clock", "wall": 1800000000}\n')
    assert said == {"error": "The helper could not do that; its log says why."}
    assert helper.say(b'{"verb": "network", "interface": "eth0"}\n') is not None
    assert "ZeroDivisionError" in capsys.readouterr().err


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
def test_fuzzed_socket_changes_nothing(helper: Listening, line: bytes) -> None:
    before = helper.computer.picture()
    said = helper.say(line.replace(b"\n", b" ") + b"\n")
    assert said is None or {"error", "template", "words"} == set(said)
    assert (helper.computer.picture(), helper.computer.changes(), helper.computer.clock) == (before, [], [])
