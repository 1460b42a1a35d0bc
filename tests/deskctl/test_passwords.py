"""Passwords: from a file or a prompt, never seen; made ones are easy to read."""

from __future__ import annotations

import io
import json
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest

from deskctl import passwords, provision
from deskctl.cli import BAD_COMMAND, INTERRUPTED, REFUSED
from deskctl.passwords import LENGTH, LETTERS, AdminPassword, NoPassword
from tests.deskctl.conftest import Boxes, Run


class Terminal(io.StringIO):
    """Somebody is there."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the person types, one line after the other."""
    lines: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(passwords, "getpass", lambda prompt: lines.pop(0))
    return lines


def test_new_password_is_typed_twice(typed: list[str]) -> None:
    typed += ["one", "one", "one", "other"]
    assert AdminPassword(None).new() == "one"
    with pytest.raises(NoPassword, match="two passwords"):
        AdminPassword(None).new()


def test_password_of_all_boxes_is_asked_for_once(typed: list[str]) -> None:
    typed += ["one", "one"]
    password = AdminPassword(None, of_all=True)
    assert [password.new(), password.new(), password.there()] == ["one"] * 3


def test_empty_password_is_none(typed: list[str], tmp_path: Path) -> None:
    typed += [""]
    file = tmp_path / "empty"
    file.write_text("\nsecond line\n")
    for password in (AdminPassword(None), AdminPassword(file)):
        with pytest.raises(NoPassword, match="empty"):
            password.there()


def test_first_line_of_a_file_is_the_password_whatever_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"open sesame \r\nnot read\n")
    assert AdminPassword(file).there() == "open sesame "
    file.write_bytes(b"\xef\xbb\xbfopen sesame\r\n")
    assert AdminPassword(file).there() == "open sesame"


def test_file_that_is_no_text_has_no_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes("open sesame".encode("utf-16"))
    with pytest.raises(NoPassword, match=r"password is not text in UTF-8\."):
        AdminPassword(file).there()


def test_made_password_has_no_letter_that_is_taken_for_another() -> None:
    made = passwords.make()
    assert len(made) == LENGTH and set(made) <= set(LETTERS) and set("ilo01").isdisjoint(LETTERS)
    assert made != passwords.make()


def test_of_all_boxes_a_password_counts_once_a_box_has_taken_it(typed: list[str]) -> None:
    """A slip of the fingers becomes no box's password."""
    typed += ["opne sesame", "open sesame"]
    password = AdminPassword(None, of_all=True)
    assert password.there() == "opne sesame"
    assert password.there() == "open sesame"
    password.prove("open sesame")
    assert (password.there(), password.new()) == ("open sesame", "open sesame")


def test_where_the_sheet_cannot_be_written_nothing_is_sent(
    boxes: Boxes, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(ENOSPC, "No space left on device")

    file, box = tmp_path / "office.toml", boxes()
    file.write_text('[[account]]\nuser = "101"\n')
    monkeypatch.setattr("deskctl.sheet.os.fsync", full)
    sheet = tmp_path / "sheet"
    status, _, err = run("provision", file, "--port", box.port, "--yes", "--no-admin-password", "--sheet", sheet)
    assert (status, err) == (BAD_COMMAND, f"deskctl: {sheet}: No space left on device.\n")
    assert not [*tmp_path.glob("sheet*")], "half a sheet has passwords that no box has"
    monkeypatch.undo()
    assert box.verb("account list") == []


def test_passwords_of_accounts_that_were_made_before_a_step_failed_are_told_to_programs(
    boxes: Boxes, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "office.toml"
    file.write_text('[[account]]\nrange = "101-102"\n[peers]\n"192.0.2.9" = "x\\u0001"\n')
    box = boxes()
    status, out, err = run("provision", file, "--port", box.port, "--yes", "--no-admin-password", "--json")
    told = json.loads(out)
    assert status == REFUSED and "peer add" in err and not told["done"]
    assert set(told["passwords"]) == {row["user"] for row in box.verb("account list")} == {"101", "102"}


def test_passwords_of_accounts_made_before_ctrl_c_are_told_to_programs(
    boxes: Boxes, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any) -> None:
        sent(*arguments)
        raise KeyboardInterrupt

    file, box, sent = tmp_path / "office.toml", boxes(), provision._sent
    file.write_text('[[account]]\nuser = "101"\n')
    monkeypatch.setattr(provision, "_sent", interrupted)
    status, out, _ = run("provision", file, "--port", box.port, "--yes", "--no-admin-password", "--json")
    assert status == INTERRUPTED and [*json.loads(out)["passwords"]] == ["101"]
