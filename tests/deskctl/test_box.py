"""A box over a real pty: its verbs, logins, pulled cables."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from errno import EACCES
from random import Random

import pytest
from serial import SerialException

from deskctl.box import ERASE_LINE, AnotherBox, Box, NeedsLogin, Refused, _answer
from deskctl.cable import Cable
from panel_link.asking import Anew, LinkError, NoAnswer
from tests.deskctl.conftest import Boxes
from tests.deskctl.pty_box import PtyBox


def connected(there: PtyBox, password: str = "") -> Box:
    box = Box(Cable(there.port), lambda: password, comes_back=5.0)
    box.connect()
    box.log_in()
    return box


def add(*users: str) -> list[tuple[str, dict[str, object]]]:
    return [("account add", {"user": user, "name": "x" * 100, "password": "secret"}) for user in users]


USERS = [str(number) for number in range(101, 141)]


def users(there: PtyBox) -> list[str]:
    return [row["user"] for row in there.verb("account list")]


def test_verbs_are_answered(boxes: Boxes) -> None:
    there = boxes()
    box = connected(there)
    assert box.ask("account add", user="101")["user"] == "101"
    assert users(there) == ["101"]
    with pytest.raises(Refused, match="There is no account '404'"):
        box.ask("account remove", user="404")
    box.close()
    assert there.machine.left


def test_what_a_plug_has_typed_is_erased_before_the_greeting(boxes: Boxes) -> None:
    there, heard = boxes(), bytearray()
    receive = there.machine.receive

    def listen(data: bytes, now: float) -> bytes:
        heard.extend(data)
        return receive(data, now)

    there.machine.receive = listen  # type: ignore[method-assign]
    connected(there).close()
    assert heard.startswith(ERASE_LINE + b"\0")


def test_login_is_asked_for_once(boxes: Boxes) -> None:
    answers = iter(["open sesame"])
    box = Box(Cable(boxes("open sesame").port), lambda: next(answers))
    assert "verbs" not in box.connect()
    box.log_in()
    assert box.ask("account list") == [] and box.hello["verbs"]
    box.connect()
    box.log_in()
    assert box.ask("account list") == [] and next(answers, None) is None
    box.close()


def test_wrong_password_is_refused(boxes: Boxes) -> None:
    with pytest.raises(Refused, match="not the admin password"):
        connected(boxes("open sesame"), "wrong")


def test_session_that_has_ended_is_begun_again(boxes: Boxes) -> None:
    there = boxes("open sesame")
    box = connected(there, "open sesame")
    there.do(there.machine.log_out)
    assert box.ask("account list") == []
    box.password = "wrong"
    there.do(there.machine.log_out)
    with pytest.raises(Refused, match="not the admin password"):
        box.ask("account list")
    box.close()


def test_answer_is_had_though_the_request_ended_the_session(boxes: Boxes) -> None:
    box = connected(boxes())
    box.password = "open sesame"
    assert box.all([("passwd admin", {"password": "open sesame"}), *add("101")])[1]["user"] == "101"
    assert box.hello["password"]
    box.close()


def test_login_that_does_not_help_is_not_repeated(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    there = boxes("open sesame")
    box = connected(there, "open sesame")
    monkeypatch.setattr("frontdesk.console.programs.Programs._inside", False)
    with pytest.raises(NeedsLogin):
        box.ask("account list")
    box.close()


def test_steps_that_fail_are_named(boxes: Boxes) -> None:
    box = connected(boxes())
    with pytest.raises(Refused, match="Step 2 of 3, account add: There is an account '101' already"):
        box.all(add("101", "101", "102"))
    box.close()


def test_pulled_cable_goes_on_where_it_was(boxes: Boxes) -> None:
    there = boxes("open sesame")
    box = connected(there, "open sesame")
    there.unplug_after = 3000
    before = there.received
    assert len(box.all(add(*USERS))) == len(USERS)
    assert users(there) == USERS
    assert there.received - before < 10_000
    box.close()


class OnLoss:
    """A progress bar that does something when the cable is pulled."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.work = work

    def moved(self, sent: int, to_send: int, got: int, to_get: int | None) -> None: ...

    def hidden(self) -> AbstractContextManager[None]:
        """Nobody looks."""
        return nullcontext()

    def lost(self) -> None:
        """Now."""
        self.work()


@pytest.mark.parametrize("password", ["", "open sesame"])
def test_what_was_begun_with_one_box_never_goes_to_another(boxes: Boxes, password: str) -> None:
    there, other = boxes(password), boxes(password, serial="0TH3R")
    box = connected(there, password)
    there.unplug_after, there.instead = 3000, other
    with pytest.raises(AnotherBox, match=r"serial number 0TH3R; what was begun is for B0X\. Nothing was sent"):
        box.all(add(*USERS))
    assert users(there) == users(other) == []
    assert other.received < 200, "not even the password"
    box.close()


def test_pulled_cable_may_need_another_login(boxes: Boxes) -> None:
    there = boxes("open sesame")
    box = connected(there, "open sesame")
    there.unplug_after = 3000
    bar = OnLoss(lambda: there.do(there.machine.log_out))
    assert len(box.all(add(*USERS), bar)) == len(USERS)
    box.close()


def test_upload_to_a_box_that_was_restarted_begins_again_after_a_login(boxes: Boxes) -> None:
    there = boxes("open sesame")
    box = connected(there, "open sesame")
    there.unplug_after = 3000
    assert len(box.all(add(*USERS), OnLoss(lambda: there.do(there.reboot_now)))) == len(USERS)
    assert users(there) == USERS
    box.close()


def test_box_restarted_while_the_answer_came_is_not_asked_to_do_it_again(boxes: Boxes) -> None:
    there = boxes()
    box = connected(there)

    class Bar(OnLoss):
        def moved(self, sent: int, to_send: int, got: int, to_get: int | None) -> None:
            if sent == to_send and not got:
                there.unplug_after = 1

    with pytest.raises(Anew, match="look what it has done"):
        box.ask("account add", Bar(lambda: there.do(there.reboot_now)), user="101")
    box.close()


def test_cable_cut_anywhere_never_leaves_half(boxes: Boxes) -> None:
    seed = 20_261_122
    random = Random(seed)
    for _ in range(6):
        there = boxes(serial=f"B{random.randrange(10**9)}")
        box = connected(there)
        box._comes_back = 0.0
        there.unplug_after = random.randrange(1, 7000)
        with pytest.raises(OSError, match="cannot be opened"):
            box.all(add(*USERS))
        assert users(there) in ([], USERS), f"seed {seed}"


def test_one_percent_of_damaged_bytes_is_slower_and_never_wrong(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("panel_link.asking.ANSWER_TIME", 0.05)
    there = boxes()
    box = connected(there)
    random = Random(7)
    there.noise = lambda data: bytes(random.randrange(256) if random.random() < 0.01 else byte for byte in data)
    assert len(box.all(add(*USERS[:10]))) == 10
    assert users(there) == USERS[:10] and box.resent > 0
    box.close()


def test_restart_of_the_box_while_it_works_is_told(boxes: Boxes) -> None:
    there = boxes()
    box = connected(there)

    class Bar(OnLoss):
        def moved(self, sent: int, to_send: int, got: int, to_get: int | None) -> None:
            if sent == to_send and to_get is None:
                there.do(there.reboot_now)

    with pytest.raises(Anew, match="look what it has done"):
        box.all(add("101"), Bar(lambda: None))
    box.close()


def test_box_that_is_restarted_between_two_requests_goes_on(boxes: Boxes) -> None:
    there = boxes()
    box = connected(there)
    box.ask("account add", user="101")
    there.do(there.reboot_now)
    assert [row["user"] for row in box.ask("account list")] == ["101"]
    box.close()


@pytest.mark.parametrize("text", [b"[]", b"{}", b"1", b'{"answer', b'{"Answer": 1}', b"\xff"])
def test_what_answers_in_another_way_is_no_box(text: bytes) -> None:
    with pytest.raises(LinkError, match="not known here"):
        _answer(text)


def test_port_without_a_box_is_silent(boxes: Boxes) -> None:
    there = boxes()
    there.noise = lambda data: b""
    with pytest.raises(NoAnswer):
        Box(Cable(there.port), str).connect(greets_within=0.1)


@pytest.mark.parametrize("url", ["/dev/there-is-none", "nonsense://x"])
def test_port_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(OSError, match=f"{url} cannot be opened: "):
        Cable(url).open()


def test_whoever_may_not_open_the_port_is_told_who_may(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **options: object) -> None:
        raise SerialException(EACCES, f"could not open port {url}")

    monkeypatch.setattr("deskctl.cable.serial.serial_for_url", refuse)
    with pytest.raises(OSError, match=r"/dev/ttyUSB0 cannot be opened: this user may not; .* dialout"):
        Cable("/dev/ttyUSB0").open()


def test_line_that_another_program_has_open_is_left_to_it(boxes: Boxes) -> None:
    there = boxes()
    first = connected(there)
    with pytest.raises(OSError, match="cannot be opened: another program has it open"):
        Cable(there.port).open()
    assert first.ask("account list") == []
    first.close()
    connected(there).close()
