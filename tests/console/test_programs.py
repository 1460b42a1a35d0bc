"""Machine mode: requests in frames reach the verbs, and a stranger reaches little."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from frontdesk.console.identity import serial_number
from frontdesk.console.programs import SILENCE, Programs
from frontdesk.control.admin import on_the_spot
from frontdesk.control.candidate import PROGRAM
from frontdesk.control.throttle import SERIAL_LINE, Throttled
from panel_link.asking import Asker, Call, Port, Refused
from panel_link.messages import LOG_IN
from tests.control.desk import Desk, finish


class Cable(Port):
    """From a laptop to a box; the box works while the laptop waits."""

    def __init__(self, desk: Desk, password: str = "") -> None:
        self.box = desk.box
        self.admin = desk.box.admin
        if password:
            self.set(password)
        self.machine = Programs(desk.box, serial="B0X")
        self.asker = Asker(self)
        self.loop = asyncio.new_event_loop()
        self.time = 100.0
        self.number = 0
        self._coming = b""
        self._is_pulled = False

    def set(self, password: str) -> None:
        """Another admin password."""
        finish(self.admin.set_password(password))

    def pull(self, moment: str) -> None:
        """Whoever sends the next request is gone by then."""

        async def off_loop(work: Callable[[], Any]) -> Any:
            self.machine.log_out()
            self.admin.off_loop = on_the_spot
            return work()

        if moment == "while it is done":
            self.admin.off_loop = off_loop
        else:
            self._is_pulled = True

    def now(self) -> float:
        """Moves while the laptop waits."""
        return self.time

    def write(self, data: bytes) -> None:
        """To the box, and its answer back."""

        async def receive() -> None:
            self._coming += self.machine.receive(data, self.time)
            if self._is_pulled:
                self.machine.log_out()
                self._is_pulled = False
            if self.machine._working:
                await asyncio.gather(*self.machine._working)

        self.loop.run_until_complete(receive())

    def read(self, seconds: float) -> bytes:
        """What has come."""
        if not self._coming:
            self.time += seconds
        coming, self._coming = self._coming, b""
        return coming

    def ask(self, verb: str, **arguments: object) -> Any:
        """The box's answer, or its error."""
        self.number += 1
        request = json.dumps({"verb": verb, "arguments": arguments}).encode()
        return json.loads(self.asker.run(Call(self.number, request)))

    def raw(self, request: bytes) -> Any:
        """The box's answer to what is no request."""
        self.number += 1
        return json.loads(self.asker.run(Call(self.number, request)))


@pytest.fixture
def connected(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Cable]:
    def connect(password: str = "") -> Cable:
        desk = Desk(tmp_path)
        cable = Cable(desk, password)
        request.addfinalizer(cable.loop.close)
        return cable

    return connect


Connected = Callable[..., Cable]


def test_box_without_password_does_every_verb(connected: Connected) -> None:
    cable = connected()
    assert cable.ask("account add", user="101", password="secret") == {
        "answer": {"user": "101", "aor": cable.machine._box.account("101").aor, "weak": ["101"]}
    }
    assert [row["user"] for row in cable.ask("account list")["answer"]] == ["101"]


def test_what_a_program_has_staged_is_known_to_be_a_programs(connected: Connected) -> None:
    cable = connected()
    cable.ask("config stage", key="flush", value="5m")
    assert cable.box.candidate.editor == PROGRAM


def test_refused_verb_is_one_sentence(connected: Connected) -> None:
    assert connected().ask("account remove", user="404") == {"error": "There is no account '404'."}


def test_hello_tells_who_the_box_is(connected: Connected) -> None:
    hello = connected().ask("hello")["answer"]
    assert (hello["product"], hello["serial"], hello["login"]) == ("frontdesk", "B0X", False)
    assert "account add" in hello["verbs"]


def test_stranger_gets_hello_and_status_without_names(connected: Connected) -> None:
    cable = connected("open sesame")
    hello = cable.ask("hello")["answer"]
    assert hello["login"] and "verbs" not in hello
    status = cable.ask("status")["answer"]
    assert status["accounts"] == 0 and "listeners" not in status and "notices" not in status


@pytest.mark.parametrize("verb", ["account list", "account add", "all", "config list", "events", "no such verb"])
def test_stranger_gets_nothing_else(connected: Connected, verb: str) -> None:
    assert connected("open sesame").ask(verb) == {"error": LOG_IN}


def test_stranger_sends_no_long_requests(connected: Connected) -> None:
    with pytest.raises(Refused, match="at most 4096 bytes"):
        connected("open sesame").ask("login", password="x" * 5000)


def test_login_opens_the_rest(connected: Connected) -> None:
    cable = connected("open sesame")
    assert cable.ask("login", password="open sesame") == {"answer": {}}
    assert cable.ask("account list") == {"answer": []}
    assert cable.ask("status")["answer"]["listeners"]


def test_wrong_passwords_are_counted_with_those_of_people(connected: Connected) -> None:
    cable = connected("open sesame")
    for wrong in ("x", "y", ""):
        assert cable.ask("login", password=wrong) == {"error": "That is not the admin password."}
    assert cable.ask("login", password="open sesame") == {"error": "Too many wrong passwords; wait 1 s."}
    with pytest.raises(Throttled):
        finish(cable.admin.check("open sesame", SERIAL_LINE))


def test_log_tells_of_wrong_passwords_and_of_right_ones_and_has_neither(
    connected: Connected, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    cable = connected("open sesame")
    for password in ("closed sesame", "open sesame"):
        cable.ask("login", password=password)
    told = [record.levelname for record in caplog.records if "a program" in record.getMessage()]
    assert told == ["WARNING", "INFO"] and "sesame" not in caplog.text


@pytest.mark.parametrize("arguments", [{}, {"password": None}, {"password": 1}, {"password": ["x"]}])
def test_login_without_a_password_is_none(connected: Connected, arguments: dict[str, object]) -> None:
    cable = connected("open sesame")
    assert cable.ask("login", **arguments) == {"error": "That is not the admin password."}
    assert cable.ask("account list") == {"error": LOG_IN}


@pytest.mark.parametrize("noise", [b"", b"\0show accounts\r\0"])
def test_silence_logs_out(connected: Connected, noise: bytes) -> None:
    cable = connected("open sesame")
    cable.ask("login", password="open sesame")
    cable.time += SILENCE - 1
    cable.write(noise)
    cable.time += 2
    assert cable.ask("account list") == {"error": LOG_IN}


def test_answer_of_an_admin_is_not_for_the_next_one_at_the_line(connected: Connected) -> None:
    cable = connected("open sesame")
    cable.ask("login", password="open sesame")
    call = Call(77, b'{"verb": "account list"}')
    cable.asker._upload(call)
    cable.machine.log_out()
    with pytest.raises(Refused, match=LOG_IN):
        cable.asker.run(call)
    cable.ask("login", password="open sesame")
    assert cable.asker.run(call) == b'{"answer":[]}'


def test_another_password_ends_the_session(connected: Connected) -> None:
    cable = connected()
    cable.ask("hello")
    cable.set("first one")
    assert cable.ask("account list") == {"error": LOG_IN}
    cable.ask("login", password="first one")
    assert cable.ask("account list") == {"answer": []}
    cable.set("second one")
    assert cable.ask("account list") == {"error": LOG_IN}


@pytest.mark.parametrize("moment", ["before it is begun", "while it is done"])
def test_whoever_left_while_his_password_was_looked_at_lets_nobody_in(connected: Connected, moment: str) -> None:
    cable = connected("open sesame")
    cable.pull(moment)
    cable.asker._upload(Call(77, b'{"verb": "login", "arguments": {"password": "open sesame"}}'))
    assert cable.ask("account list") == {"error": LOG_IN}


@pytest.mark.parametrize("moment", ["before it is begun", "while it is done"])
def test_whoever_left_during_an_import_is_not_let_in_again(connected: Connected, moment: str) -> None:
    cable = connected("open sesame")
    cable.ask("login", password="open sesame")
    cable.pull(moment)
    cable.asker._upload(Call(77, b'{"verb": "import", "arguments": {"text": "frontdesk-export 1\\naccount 101 A\\n"}}'))
    assert cable.ask("account list") == {"error": LOG_IN}
    cable.ask("login", password="open sesame")
    assert [row["user"] for row in cable.ask("account list")["answer"]] == ["101"]


def test_all_steps_are_done_in_their_order(connected: Connected) -> None:
    cable = connected()
    add = {"verb": "account add", "arguments": {"user": "101", "password": "secret"}}
    alias = {"verb": "alias add", "arguments": {"user": "101", "alias": "desk"}}
    assert len(cable.ask("all", steps=[add, alias])["answer"]["answers"]) == 2
    assert cable.ask("alias list") == {"answer": [{"alias": "desk", "user": "101"}]}


def test_steps_end_at_the_first_that_is_refused(connected: Connected) -> None:
    cable = connected()
    steps = [{"verb": "account add", "arguments": {"user": user}} for user in ("101", "101", "102")]
    answer = cable.ask("all", steps=steps)["answer"]
    assert len(answer["answers"]) == 1 and "already" in answer["error"]
    assert [row["user"] for row in cable.ask("account list")["answer"]] == ["101"]


@pytest.mark.parametrize("steps", [None, "x", [1], [{"verb": 1}], [{"verb": "status", "arguments": []}], [{}] * 10_001])
def test_steps_that_are_none_do_nothing(connected: Connected, steps: object) -> None:
    assert "error" in connected().ask("all", steps=steps)


NO_REQUESTS = [b"", b"[]", b"\xff", b'{"verb": 1}', b'{"verb": "x", "arguments": 1}', b"[" * 9999]


@pytest.mark.parametrize("written", NO_REQUESTS)
def test_what_is_no_request_gets_a_sentence(connected: Connected, written: bytes) -> None:
    assert connected().raw(written)["error"].startswith(("A request", "The "))


def test_a_fault_is_logged_and_the_line_goes_on(
    connected: Connected, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cable = connected()

    async def broken(*arguments: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("frontdesk.console.programs.run", broken)
    assert cable.ask("account list") == {"error": "The box could not do that; its log says why."}
    assert "a request of a program failed" in caplog.text
    assert "answer" in cable.ask("hello")


def test_program_may_leave_the_line_to_people(connected: Connected) -> None:
    cable = connected()
    cable.asker.greet()
    assert not cable.machine.left
    cable.asker.leave()
    assert cable.machine.left


def test_serial_number_is_the_boards_or_made(tmp_path: Path) -> None:
    board, machine = tmp_path / "board", tmp_path / "machine"
    machine.write_text("0123456789abcdef\n")
    made = serial_number(board, machine)
    assert len(made) == 12 and made not in "0123456789abcdef"
    board.write_bytes(b"10000000deadbeef\0")
    assert serial_number(board, machine) == "10000000deadbeef"
