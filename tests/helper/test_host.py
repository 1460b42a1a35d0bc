"""The computer itself, as the helper touches it: files below a root of the test, and real programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from frontdesk_helper import host
from frontdesk_helper.host import MODE, Host, Refused


@pytest.fixture
def computer(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_file_is_on_the_disk_before_it_has_its_name(computer: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    computer.write("/etc/hosts", "old\n")
    seen: list[tuple[int, str]] = []
    monkeypatch.setattr(os, "fsync", lambda file: seen.append((os.fstat(file).st_size, computer.read("/etc/hosts"))))
    computer.write("/etc/hosts", "127.0.0.1\tlocalhost\n")
    assert seen == [(len("127.0.0.1\tlocalhost\n"), "old\n")]
    assert computer.read("/etc/hosts") == "127.0.0.1\tlocalhost\n"


def test_everybody_may_read_what_is_written_whatever_the_umask(computer: Host) -> None:
    before = os.umask(0o077)
    try:
        assert computer.write("/etc/new/file", "said\n")
    finally:
        os.umask(before)
    modes = [computer.path(name).stat().st_mode & 0o777 for name in ("/etc", "/etc/new", "/etc/new/file")]
    assert modes == [0o755, 0o755, MODE]


def test_what_is_there_already_is_not_written_again(computer: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert computer.write("/etc/hosts", "said\n")
    monkeypatch.setattr(os, "fsync", lambda file: pytest.fail("it is there"))
    assert not computer.write("/etc/hosts", "said\n")


def test_empty_file_is_written_where_there_is_none(computer: Host) -> None:
    assert computer.write("/etc/hosts", "")
    assert computer.path("/etc/hosts").is_file()


def test_what_cannot_be_written_is_named(computer: Host) -> None:
    computer.path("/etc").write_text("no directory")
    with pytest.raises(Refused, match=r"^/etc/hosts cannot be written: \w.*\.$"):
        computer.write("/etc/hosts", "said\n")


def test_what_is_taken_away_was_there_or_not(computer: Host) -> None:
    computer.write("/etc/hosts", "said\n")
    assert computer.remove("/etc/hosts")
    assert not computer.remove("/etc/hosts")


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("echo all >&2; echo in vain. >&2; exit 3", "`sh -c {}` failed: in vain."),
        ("echo in vain; exit 3", "`sh -c {}` failed: in vain."),
        ("exit 3", "`sh -c {}` failed: 3."),
    ],
)
def test_program_that_fails_is_told_with_the_last_line_of_its_complaint(
    computer: Host, program: str, says: str
) -> None:
    with pytest.raises(Refused) as refused:
        computer.run("sh", "-c", program, "beyond")
    assert str(refused.value) == says.format(program)


def test_program_that_is_not_there_is_named(computer: Host) -> None:
    with pytest.raises(Refused, match=r"^There is no `no-such-program` on this computer\.$"):
        computer.run("no-such-program", "all")


def test_program_that_does_not_end_is_not_waited_for(computer: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "PATIENCE", 0.02)
    with pytest.raises(Refused, match=r"^`tail` did not end within 0 s\.$"):
        computer.run("tail", "-f", "/dev/null")


def test_program_hears_nothing_and_speaks_english(computer: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("FRONTDESK_DATA", "/elsewhere")
    assert computer.run("sh", "-c", "cat; echo $LC_ALL $FRONTDESK_DATA") == "C\n"
