"""Line editing: whatever is typed, however it is cut, the line on the screen is the line that comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.console.line_editor import LONGEST, WIDTH, Completion, Ending, LineEditor, Prompt, Typed
from frontdesk.control.checks import is_visible
from frontdesk.control.columns import columns
from tests.console.screen import Screen


class Words:
    """Knows `account` and `alias`."""

    def complete(self, before: str) -> Completion:
        found = [word for word in ("account", "alias") if word.startswith(before)]
        return Completion(found[0][len(before) :] + " ") if len(found) == 1 else Completion("", tuple(found))

    def help(self, before: str) -> str | None:
        return None if '"' in before else "account\nalias"


PROMPT = Prompt("> ", assist=Words(), history=True)


class Seat:
    """An editor and the screen before it."""

    def __init__(self, prompt: Prompt = PROMPT) -> None:
        self.editor = LineEditor()
        self.screen = Screen()
        self.prompt = prompt
        self.editor.ask(prompt)

    def type(self, data: bytes) -> list[Typed]:
        """The lines; a new prompt opens after each."""
        self.editor.receive(data)
        lines = []
        while (line := self.editor.read()) is not None:
            lines.append(line)
            self.editor.ask(self.prompt)
        self.screen.show(self.editor.take_output())
        return lines

    def texts(self, data: bytes) -> list[str]:
        return [line.text for line in self.type(data)]


# -- lines -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_each_line_end_ends_one_line(end: bytes) -> None:
    assert Seat().texts(b"show" + end + end + b"add" + end) == ["show", "", "add"]


@given(st.lists(st.sampled_from([b"ab", b"\r", b"\n", b"\r\n", b"\x1b[D", b"\x7f", "ü".encode(), b"\xff"])), st.data())
def test_cuts_make_no_difference(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    whole, cut = Seat(), Seat()
    lines = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        lines += cut.type(stream[start:end])
    assert whole.type(stream) == lines
    assert whole.screen.rows == cut.screen.rows


@given(st.lists(st.sampled_from([b"ab", b"?", b"\r", b"\x1b[D", b"\x7f", b"\x15", "ü".encode(), b"\xff", b"\x03"])))
def test_what_nobody_sees_is_the_same_line(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    assert Seat(Prompt("> ", hidden=True)).type(stream) == Seat(Prompt("> ")).type(stream)


def test_what_nobody_sees_is_put_into_a_long_line_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line may have megabytes, and calls wait while it is copied."""
    put: list[str] = []
    insert = LineEditor._insert

    def noted(editor: LineEditor, text: str) -> None:
        put.append(text)
        insert(editor, text)

    monkeypatch.setattr(LineEditor, "_insert", noted)
    typed = "Who is über? I? " * 100
    assert Seat(Prompt("", hidden=True)).texts(f"{typed}\r".encode()) == [typed] and len(put) == 1


@given(st.binary(max_size=300))
def test_any_bytes_give_printable_lines_and_plain_output(data: bytes) -> None:
    seat = Seat()
    assert all(is_visible(line.text) for line in seat.type(data))


KEYS = [b"a", b"b ", b"\x1b[D", b"\x1b[C", b"\x7f", b"\x1b[3~", b"\x01", b"\x05", b"\x0b", b"\x15", b"\x17", b"\x1b[A",
        b"\x10", b"\x0e", b"\t", b"\x0c", b"\r", b"x?", b"\x02\x02", b"0123456789",
        "\u4f60\u597d".encode()]  # fmt: skip


@given(st.lists(st.sampled_from(KEYS), max_size=60))
def test_screen_shows_the_line_that_comes_out(pressed: list[bytes]) -> None:
    seat = Seat()
    seat.type(b"")
    for key in pressed:
        seat.type(key)
    shown = seat.screen.row
    (line,) = seat.type(b"\r")
    assert columns(line.text) >= WIDTH - 3 or shown == ("> " + line.text).rstrip()


def test_what_is_typed_ahead_waits_for_the_next_prompt() -> None:
    editor = LineEditor()
    editor.receive(b"one\rtwo\r")
    assert editor.read() is None and editor.waiting == 8
    editor.ask(PROMPT)
    assert editor.read() == Typed(Ending.LINE, "one")
    assert editor.read() is None and editor.take_output() == "> one\r\n"
    editor.ask(PROMPT)
    assert editor.read() == Typed(Ending.LINE, "two")


def test_line_has_an_end() -> None:
    seat = Seat()
    assert seat.texts(b"x" * (LONGEST + 5) + b"\r") == ["x" * LONGEST]
    assert seat.screen.bells == 5


def test_tab_rings_where_there_is_nothing_to_complete() -> None:
    seat = Seat()
    assert seat.texts(b"ab\t\r") == ["ab"]
    assert seat.screen.bells == 1


def test_interrupt_and_end() -> None:
    assert Seat().type(b"abc\x03") == [Typed(Ending.INTERRUPT)]
    assert Seat().type(b"\x04") == [Typed(Ending.END)]
    assert Seat().texts(b"ab\x02\x04\r") == ["a"]


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"ab\x1b[Dx", "axb"),
        (b"ab\x1b[Hx\x1b[Fy", "xaby"),
        (b"abc\x01\x1b[3~", "bc"),
        (b"add account 101\x17102", "add account 102"),
        (b"add  \x17x", "x"),
        (b"wrong\x15right", "right"),
        (b"abcd\x02\x02\x0b", "ab"),
        (b"a\x08\x08\x7fb", "b"),
        (b"a\x1b[99999999999999999999999999zb", "a" + "9" * 11 + "zb"),
        (b"a\x1b\x1b[Db", "ba"),
        (b"a\x1bzb", "ab"),
        (b"a\x00\x07\xc2\x9bb", "ab"),
        ("Büro".encode(), "Büro"),
        ("add x 你好世界\x7f\x7f".encode(), "add x 你好"),
        ("你好\x1b[D世\x1b[3~".encode(), "你世"),
        ("ae\u0301\x7f".encode(), "ae"),
        ("e\u0301a\x02\x02\x04".encode(), "ea"),
    ],
)
def test_keys_edit_the_line(typed: bytes, line: str) -> None:
    seat = Seat()
    seat.type(typed)
    assert seat.screen.row == "> " + line
    assert seat.texts(b"\r") == [line]


def test_escape_does_not_swallow_the_line_end() -> None:
    assert Seat().texts(b"a\x1b\rb\x1b[\rc\x1bO\r") == ["a", "b", "c"]


def test_line_wider_than_the_screen_can_be_edited() -> None:
    seat = Seat()
    seat.type(b"x" * 100 + b"\x7f\x7f")
    assert max(map(len, seat.screen.rows[1:])) < WIDTH
    assert seat.texts(b"\x01a\r") == ["a" + "x" * 98]


def test_wide_characters_fit_the_screen_too() -> None:
    seat = Seat()
    seat.type(("你" * 60).encode() + b"\x7f\x0c")
    assert WIDTH - 3 <= columns(seat.screen.row) < WIDTH
    seat.type(b"\x01")
    assert WIDTH - 3 <= columns(seat.screen.row) < WIDTH
    assert seat.texts(b"\r") == ["你" * 59]


def test_history_goes_back_and_forth() -> None:
    seat = Seat()
    assert seat.texts(b"one\rtwo\rtwo\r\x1b[A\x1b[A\x1b[A\r") == ["one", "two", "two", "one"]
    assert seat.texts(b"\x1b[A\x1b[A\x1b[B\x1b[B\x1b[Bnew\r") == ["new"]


def test_another_person_gets_no_history() -> None:
    seat = Seat()
    seat.type(b"secret\rhalf")
    seat.editor.forget()
    seat.editor.ask(PROMPT)
    assert seat.texts(b"\x1b[A\r") == [""]


# -- help --------------------------------------------------------------------------------------------------------------


def test_tab_completes_what_is_certain_and_lists_what_is_not() -> None:
    seat = Seat()
    seat.type(b"a\t")
    assert seat.screen.rows[-2:] == ["account  alias", "> a"]
    seat.type(b"l\t")
    assert seat.screen.row == "> alias"
    assert seat.texts(b"x\r") == ["alias x"]


def test_question_mark_helps_and_the_line_goes_on() -> None:
    seat = Seat()
    assert seat.texts(b"ab\x02?c\r") == ["acb"]
    assert seat.screen.rows[:4] == ["> a?", "account", "alias", "> acb"]


def test_enter_behind_a_question_mark_alone_ends_no_line() -> None:
    seat = Seat()
    assert seat.texts(b"?\r") == []
    assert seat.screen.row == ">"
    assert seat.texts(b"?x\r\r") == ["x", ""]


def test_question_mark_between_quotes_is_one() -> None:
    assert Seat().texts(b'"why?\r') == ['"why?']


# -- what is not shown -------------------------------------------------------------------------------------------------


@given(st.text(alphabet="ab?\t\x7f\x1b[AD\x0c\x01", max_size=40))
def test_nothing_of_a_hidden_answer_is_shown_or_remembered(typed: str) -> None:
    seat = Seat(Prompt("Password: ", hidden=True, assist=Words()))
    seat.type(typed.encode() + b"s3cr3t\r")
    assert not set("".join(seat.screen.rows)) & set("b?3")
    seat.prompt = PROMPT
    seat.type(b"\r")
    assert seat.texts(b"\x1b[A\r") == [""]
