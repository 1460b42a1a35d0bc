"""A visit: log-in, commands, and everything that ends it."""

from __future__ import annotations

import struct

import pytest

from frontdesk.console import session
from frontdesk.console.line_editor import LONGEST, WIDTH
from frontdesk.console.terminal import LOOK
from frontdesk.control import TABLE
from frontdesk.control.columns import columns
from panel_link import messages
from panel_link.frames import Frame, FrameReader
from tests.console.conftest import PASSWORD
from tests.console.visit import Alarm, Visit
from tests.control.desk import Desk, phone

PROMPT = "frontdesk>"
HELLO = struct.pack(messages.HELLO, messages.MAGIC, messages.VERSION)


# -- log-in ------------------------------------------------------------------------------------------------------------


def test_admin_password_opens_the_prompt(visit: Visit) -> None:
    assert visit.prompt == PROMPT


def test_nothing_can_be_said_before_the_log_in(visit: Visit) -> None:
    visit.say("exit")
    assert visit.prompt == "Password:"
    shown = visit.type("show accounts\r?\t")
    assert "101" not in shown and "show" not in shown
    visit.type("\r\x03\x04\r")
    assert visit.prompt == "Password:"


def test_who_is_not_in_types_no_line_longer_than_a_typed_one(visit: Visit) -> None:
    visit.type("exit\r")
    before = visit.screen.bells
    visit.type("x" * (LONGEST + 5))
    assert visit.screen.bells - before == 5


def test_wrong_passwords_cost_time(visit: Visit) -> None:
    visit.say("exit")
    for _ in range(3):
        assert visit.say("wrong") == "That is not the admin password."
    assert visit.say(PASSWORD) == "Too many wrong passwords; wait 1 s."
    visit.desk.now += 2
    visit.type(PASSWORD + "\r")
    assert visit.prompt == PROMPT


def test_exit_and_end_of_input_log_out(visit: Visit) -> None:
    for way in ("exit\r", "\x04"):
        assert "Logged out." in visit.type(way)
        assert visit.prompt == "Password:"
        visit.type(PASSWORD + "\r")


def test_who_types_nothing_is_logged_out(visit: Visit) -> None:
    visit.wait(599)
    assert visit.prompt == PROMPT
    assert "Nothing was typed for too long." in visit.wait(600)
    assert visit.prompt == "Password:"


def test_every_key_keeps_the_visit_going(visit: Visit) -> None:
    before = [alarm for alarm in visit.alarms if not alarm.cancelled]
    visit.type("s")
    assert all(alarm.cancelled for alarm in before) and len(before) == 1


def test_pulled_cable_logs_out(visit: Visit) -> None:
    visit.lose()
    assert visit.prompt == "Password:"
    assert visit.type("\x1b[A")[-1:] not in ("s", "t")


def test_line_that_was_typed_as_the_cable_went_is_the_last_of_its_visit(visit: Visit) -> None:
    shown = visit.together(lambda: visit.console.receive(b"show accounts\r"), visit.console.lost)
    assert "Front desk" not in shown, "whoever comes next reads nothing of it"
    assert visit.prompt == "Password:"


@pytest.mark.parametrize("whose", ["admin", "viewer"])
def test_another_password_ends_the_visit(visit: Visit, whose: str) -> None:
    visit.desk.do(f"passwd {whose}", password="battery staple")
    assert "A password was changed; log in." in visit.type("show accounts\r")
    assert visit.prompt == "Password:"


def test_whoever_wipes_the_box_stands_before_a_new_one_at_once(visit: Visit) -> None:
    visit.type("factory-reset\r")
    shown = visit.type("yes\r")
    assert "The admin password is gone." in shown and "First-boot code" in shown
    assert visit.prompt == session.WAKE.strip()


def test_admin_password_is_changed_and_typed_twice(visit: Visit) -> None:
    visit.type("set password\rbattery staple\rbattery stable\r")
    assert visit.prompt == PROMPT
    shown = visit.type("set password\rbattery staple\rbattery staple\r")
    assert "staple" not in shown and "Changed the admin password." in shown
    assert visit.prompt == "Password:", "what is typed next is an answer to what stands there"
    visit.type("battery staple\r")
    assert visit.prompt == PROMPT


# -- commands ----------------------------------------------------------------------------------------------------------


def test_account_is_added_and_shown_and_deleted(visit: Visit) -> None:
    assert visit.say('add account 102 name "Work shop"').startswith("Added 102.\nPassword: ")
    assert [row.split("  ")[0] for row in visit.say("sh acc").splitlines()] == ["user", "101", "102"]
    assert visit.say("del acc 102") == "The account 102 goes for good."
    assert visit.say("") == "" and "102" in visit.desk.box.directory.accounts
    visit.say("del acc 102")
    assert visit.say("yes") == "Removed 102 and its bindings."
    assert "102" not in visit.desk.box.directory.accounts


def test_whoever_deletes_an_account_is_told_what_goes_with_it(visit: Visit) -> None:
    for line in ("add alias 101 reception", "add device 101 mobile", "add binding 101 sip:door@192.0.2.7"):
        visit.say(line)
    visit.desk.do("config set", key="trunk", value="101")
    assert visit.say("delete account 101").split("\n") == [
        "The account 101 goes for good.",
        "Its aliases go too: reception.",
        "The passwords of its devices go too: mobile.",
        "Nobody is reached there any more: sip:door@192.0.2.7.",
        "No call goes out any more: the setting `trunk` is 101.",
    ]
    assert visit.prompt == "Really? [no]:"
    visit.say("no")
    assert "101" in visit.desk.box.directory.accounts


def test_what_is_wrong_is_shown_with_its_cure_as_on_the_command_line(visit: Visit) -> None:
    visit.desk.box.disk = lambda: (4, 100)
    shown = visit.say("show problems")
    assert "nearly full" in shown and "    Free some room" in shown
    assert shown.split() == TABLE["problems"].show(visit.desk.do("problems")).split()


def test_password_of_an_account_is_asked_for_and_not_shown(visit: Visit) -> None:
    shown = visit.type("add account 103 password\rs3cr3t\rs3cr3t\r")
    assert "Added 103." in shown and "s3cr3t" not in shown and "guessed" not in shown
    shown = visit.type("set account 103 password password\r1234\r1234\r")
    assert "Changed the password of 103." in shown and "can be guessed at once" in shown
    assert "not the same" in visit.type("add account 104 password\rone\rtwo\r")
    assert "104" not in visit.desk.box.directory.accounts


def test_interrupted_password_changes_nothing(visit: Visit) -> None:
    visit.type("add account 103 password\r\x03")
    assert visit.prompt == PROMPT and "103" not in visit.desk.box.directory.accounts


@pytest.mark.parametrize("line", ["coffee", "show", "delete account 999", "set flush soon", 'add account "x y"'])
def test_what_cannot_be_done_is_a_sentence(visit: Visit, line: str) -> None:
    assert visit.say(line).rstrip().endswith((".", "?"))
    assert visit.prompt == PROMPT


def test_fault_in_a_command_is_not_the_end(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(session, "run", fail)
    assert "log" in visit.say("show accounts")
    assert "a command failed" in caplog.text and visit.prompt == PROMPT


def test_every_screen_fits_eighty_columns(visit: Visit) -> None:
    phone(visit.desk, user_agent="A phone with a long name " * 4, contact="sip:101@192.0.2.77:5060;transport=tcp")
    visit.desk.do("peer add", address="192.0.2.9", name="the other telephone system")
    visit.desk.do("alias add", user="101", alias="reception")
    for what in ("status", "problems", "accounts", "devices", "bindings", "calls", "events", "config", "config flush"):
        rows = visit.say(f"show {what}").splitlines()
        assert rows and max(map(len, rows)) < WIDTH, what
    assert max(map(len, visit.say("help").splitlines())) < WIDTH


def test_ctrl_c_ends_what_is_still_to_be_shown_and_nothing_else_does(visit: Visit) -> None:
    visit.say("show log")
    assert visit.dropped == 0
    visit.type("show log\r\x03")
    assert visit.dropped == 1 and visit.prompt == PROMPT


def test_what_was_typed_ahead_waits_while_enough_is_to_be_shown_but_for_ctrl_c(visit: Visit) -> None:
    visit.is_busy = True
    assert visit.type("show log\rshow log\r") == visit.wait(LOOK) == ""
    visit.is_busy = False
    assert visit.wait(LOOK).count(PROMPT) == 2
    visit.is_busy = True
    visit.type("show log\r")
    assert visit.type("\x03").endswith(f"{PROMPT} ") and visit.dropped == 1


def test_wide_letters_take_two_columns_in_tables_and_in_lines_that_go_on(visit: Visit) -> None:
    visit.desk.do("account set", user="101", assignment="name=受付と案内")
    visit.desk.do("account add", user="102", name="Workshop")
    heading, *rows = visit.say("show accounts").splitlines()
    assert {columns(row[: row.index("yes")]) for row in rows} == {heading.index("enabled")}
    visit.desk.do("account set", user="102", assignment=f"name={'電' * 100}")
    rows = visit.say("show accounts").splitlines()
    assert max(map(columns, rows)) < WIDTH and "".join(rows).count("電") == 100


def test_help_and_tab_know_the_box(visit: Visit) -> None:
    assert "account" in visit.type("delete ?")
    assert visit.type("acc\t").endswith("ount ")
    assert visit.type("\t").endswith("101 ")
    visit.type("\x15")
    assert "How long a pure refresh may wait" in visit.type("set flush ?")
    visit.type("\x15")


def test_help_lists_every_word_on_one_screen(visit: Visit) -> None:
    rows = visit.say("help").splitlines()
    assert len(rows) < 24
    assert rows[0].split()[:3] == ["show", "status,", "accounts,"]
    assert [row.split()[0] for row in rows if row[2] != " "][:4] == ["show", "set", "add", "delete"]


# -- the recovery of a lost password -----------------------------------------------------------------------------------


def early(desk: Desk) -> Visit:
    """A visit just after power-up."""
    desk.do("passwd admin", password=PASSWORD)
    desk.box.started_at = desk.box.clock.now() - 10
    return Visit(desk)


def word(visit: Visit) -> str:
    return next(word for row in visit.screen.rows for word in row.split() if word.startswith("LOST-"))


def test_lost_password_is_taken_away_just_after_power_up(desk: Desk) -> None:
    visit = early(desk)
    assert "taken away" in visit.type(word(visit).lower() + "\r")
    assert not desk.box.admin.is_set and desk.box.admin.alarm is not None and desk.box.admin.restricted
    assert any("was recovered" in row for row in visit.screen.rows)
    visit.close()


def test_recovery_is_not_offered_later_and_not_where_it_is_locked(desk: Desk, visit: Visit) -> None:
    assert not any("LOST-" in row for row in visit.screen.rows)
    desk.do("config set", key="console.recovery", value="off")
    locked = early(desk)
    assert not any("LOST-" in row for row in locked.screen.rows)
    locked.close()


def test_who_opens_his_terminal_late_gets_the_greeting_with_enter(desk: Desk) -> None:
    visit = early(desk)
    lost = word(visit)
    assert f"type {lost} within 60 s" in visit.type("\r")
    desk.box.started_at -= 60
    assert "LOST-" not in visit.type("\r") and visit.prompt == "Password:"
    visit.close()


def test_alarm_stands_until_somebody_ends_it(desk: Desk) -> None:
    visit = early(desk)
    visit.type(word(visit) + "\r")
    assert "`delete alarm`" in visit.say("show status").replace("\n    ", " ")
    assert visit.say("delete alarm") == "The alarm is acknowledged."
    assert "alarm" not in visit.say("show status")
    visit.close()


def test_word_is_good_for_a_minute(desk: Desk) -> None:
    visit = early(desk)
    desk.box.started_at -= 60
    assert "not the admin password" in visit.type(word(visit) + "\r")
    assert desk.box.admin.is_set
    visit.close()


# -- programs ----------------------------------------------------------------------------------------------------------


def test_zero_at_the_start_of_a_line_hands_it_to_a_program_until_it_is_silent(visit: Visit) -> None:
    assert visit.type(b"\0") == ""
    assert visit.type("show accounts\r") == ""
    visit.wait(30)
    assert visit.prompt == "Password:"  # A program at the line is somebody else.


def test_who_types_on_at_a_line_that_a_zero_took_away_has_it_back_as_soon_as_who_does_not(visit: Visit) -> None:
    def to_come() -> list[Alarm]:
        return [alarm for alarm in visit.alarms if not alarm.cancelled]

    visit.type(b"\0")
    first = to_come()
    visit.type(b"x\r\0show accounts\r\0")
    assert len(first) == 1 and to_come() == first
    visit.type(Frame(messages.GREET, 1, HELLO).encode())
    assert len(to_come()) == 1 and to_come() != first


@pytest.mark.parametrize(
    "typed", [[b"\0", b"\r"], [b"\0\0", b"\0\r"], [b"\0\r"], [b"\0", b"\xfe\0\xfe", b"\r\n", b"\r\n"]]
)
def test_enter_behind_a_break_gives_the_line_back(visit: Visit, typed: list[bytes]) -> None:
    """A plug that goes in may send a break, or another speed sounds like one, and who is there presses Enter."""
    shown = [visit.type(data) for data in typed]
    assert "Frontdesk" in shown[-1] and visit.prompt == "Password:"
    visit.type(PASSWORD + "\r")
    assert visit.prompt == PROMPT


def test_enter_gives_no_line_back_that_a_program_has_greeted_on(visit: Visit) -> None:
    assert answers(visit, Frame(messages.GREET, 1, HELLO).encode()) == [messages.GREETING]
    assert visit.type(b"\r\r") == ""


def test_zero_after_an_interrupt_is_at_the_start_of_a_line(visit: Visit) -> None:
    visit.type(b"show acc\x03\0")
    assert visit.type("x\r") == ""


def test_zero_in_the_middle_of_a_line_is_noise(visit: Visit) -> None:
    assert "101" in visit.type(b"show acc\0ounts\r")


@pytest.mark.parametrize("noise", [b"", b"x\x15"])
def test_a_program_comes_and_goes_however_its_bytes_are_cut(visit: Visit, noise: bytes) -> None:
    """A UART hands on what half a FIFO holds: of a visit's first bytes the console must not take the last one's end for
    its own. Before it greets, a program erases what a plug that goes in has typed."""
    greet = Frame(messages.GREET, 1, HELLO).encode()
    leave = Frame(messages.LEAVE, 2).encode()
    for _ in range(3):
        assert answers(visit, noise + greet) == [messages.GREETING]
        assert answers(visit, leave) == [messages.LEFT]


def answers(visit: Visit, data: bytes) -> list[int]:
    """What a program is sent for bytes that come one by one: the types of the frames."""
    sent = bytearray()
    for byte in data:
        visit.type(bytes([byte]))
        sent += visit.sent
    return [frame.type for frame in FrameReader().read(bytes(sent)) if frame is not None]


def test_garbage_ends_nothing(visit: Visit) -> None:
    visit.type(bytes(byte for byte in range(1, 256) if byte != 4) * 40 + b"\r\x1b\x1b[\r\r")
    assert visit.prompt == PROMPT
