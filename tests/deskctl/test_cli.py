"""deskctl's commands against boxes at ptys: what they do, say and exit with."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from deskctl.cable import BAUD
from deskctl.cli import BAD_COMMAND, DONE, NO_BOX, REFUSED, build_parser, main
from deskctl.passwords import AdminPassword
from frontdesk.events import Event, Kind, Wording
from frontdesk.model import Sentence
from tests.deskctl.conftest import Boxes, Run
from tests.deskctl.pty_box import PtyBox

OFFICE = """\
[settings]
default-expires = "600s"
[[account]]
user = "101"
name = "Front desk"
aliases = ["desk"]
[[account]]
range = "102-120"
[peers]
"192.0.2.9" = "Provider"
"""


@pytest.fixture
def office(tmp_path: Path) -> Path:
    file = tmp_path / "office.toml"
    file.write_text(OFFICE)
    return file


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("open sesame\nnot read\n")
    return file


OPEN = "--no-admin-password"


def users(box: PtyBox) -> list[str]:
    return [row["user"] for row in box.verb("account list")]


# -- provision ---------------------------------------------------------------------------------------------------------


def test_box_becomes_what_the_file_says_and_stays_so(boxes: Boxes, office: Path, run: Run) -> None:
    box = boxes()
    status, out, _ = run("provision", office, "--port", box.port, "--yes", OPEN)
    assert status == DONE and "+ account 101  Front desk" in out and "23 steps" in out
    assert box.received + box.sent < 400_000
    assert users(box) == [str(number) for number in range(101, 121)]
    assert box.verb("alias list") == [{"alias": "desk", "user": "101"}]
    assert box.verb("config get", key="default-expires") == "10m"
    status, out, _ = run("provision", office, "--port", box.port, "--yes", OPEN)
    assert status == DONE and "nothing is to be done" in out and "password" not in out


def test_what_the_box_notes_is_told(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "office.toml"
    file.write_text('[box]\nhostname = "lobby"\n')
    box = boxes("open sesame")
    (tmp_path / "password").write_text("open sesame\n")
    _, out, _ = run("provision", file, "--port", box.port, "--yes", "--password-file", tmp_path / "password")
    assert "\x1b" not in run("provision", "no\x1b[2Jfile.toml")[2]
    assert "Note: hostname: kept, but not used here: managed by this computer." in out


def test_passwords_that_are_shown_are_those_of_the_phones(boxes: Boxes, office: Path, run: Run) -> None:
    box = boxes()
    told = json.loads(run("provision", office, "--port", box.port, "--yes", OPEN, "--json")[1])
    assert told["done"] and set(told["passwords"]) == set(users(box)) and len(told["steps"]) == 23
    kept = box.do(lambda: box.desk.box.account("101").secrets)
    box.verb("account passwd", user="101", password=told["passwords"]["101"])
    assert box.do(lambda: box.desk.box.account("101").secrets) == kept


def test_sheet_is_private_and_keeps_passwords_off_the_screen(
    boxes: Boxes, office: Path, run: Run, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet"
    _, out, _ = run("provision", office, "--port", boxes().port, "--yes", OPEN, "--sheet", sheet)
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    [line] = [line for line in sheet.read_text().splitlines() if line.startswith("101 ")]
    assert line.endswith("Front desk") and line.split()[1] not in out


def test_sheet_is_written_before_anything_is_sent(boxes: Boxes, office: Path, run: Run, tmp_path: Path) -> None:
    box = boxes()
    status, _, err = run("provision", office, "--port", box.port, "--yes", OPEN, "--sheet", tmp_path / "no" / "sheet")
    assert status == BAD_COMMAND and "sheet" in err
    assert users(box) == []


def test_sheet_of_before_stays(boxes: Boxes, office: Path, run: Run, tmp_path: Path) -> None:
    box, sheet = boxes(), tmp_path / "sheet"
    sheet.write_text("the passwords of others")
    status, _, err = run("provision", office, "--port", box.port, "--yes", OPEN, "--sheet", sheet)
    assert status == BAD_COMMAND and f"{sheet}: There is such a file already" in err
    assert sheet.read_text() == "the passwords of others" and users(box) == []


def test_folder_that_is_not_there_is_told_before_the_box_is_asked(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    box = boxes()
    status, _, err = run("export", "--output", tmp_path / "none" / "export", "--port", box.port)
    assert status == BAD_COMMAND and f"{tmp_path}/none: There is no such folder." in err and box.received < 500


def test_export_of_before_stays(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    box, file = boxes(), tmp_path / "export"
    link = tmp_path / "link"
    link.symlink_to(file)
    for old in (link, tmp_path):  # whatever it is: a device is no file, and would be replaced as well
        status, _, err = run("export", "--output", old, "--port", box.port)
        assert status == BAD_COMMAND and "There is such a file already" in err
    assert link.is_symlink() and not file.exists()


def test_dry_run_changes_nothing(boxes: Boxes, office: Path, run: Run) -> None:
    box = boxes()
    status, out, _ = run("provision", office, "--port", box.port, "--dry-run")
    assert status == DONE and "+ account 101" in out
    assert users(box) == []


def test_nobody_to_ask_is_a_no(boxes: Boxes, office: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    box = boxes()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    status, _, err = run("provision", office, "--port", box.port)
    assert status == REFUSED and "--yes" in err
    assert users(box) == []


def test_mistake_in_the_file_is_named_before_a_box_is_asked(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "o.toml"
    file.write_text('[[account]]\nuser = "a b"\n')
    status, _, err = run("provision", file, "--port", "/dev/there-is-none")
    assert status == BAD_COMMAND and f"{file}:2: " in err
    assert run("provision", tmp_path / "none")[0] == BAD_COMMAND


def test_value_that_the_box_refuses_is_told(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "o.toml"
    file.write_text('[settings]\nmax-bindings = 0\n[[account]]\nuser = "101"\n')
    box = boxes()
    status, _, err = run("provision", file, "--port", box.port, "--yes", OPEN)
    assert status == REFUSED and "max-bindings is at least 1" in err
    assert users(box) == []


def test_passwords_that_no_box_has_are_handed_to_nobody(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    """Whoever typed them into phones would have two sheets, and with the file mended the command would be refused."""
    file, sheet, box = tmp_path / "o.toml", tmp_path / "sheet", boxes()
    file.write_text('[settings]\ndefault-expires = "2d"\n[[account]]\nuser = "101"\n')
    told = ["provision", file, "--port", box.port, "--yes", OPEN]
    status, out, err = run(*told)
    assert status == REFUSED and "Nothing was done." in err and "password" not in out
    status, out, _ = run(*told, "--sheet", sheet)
    assert status == REFUSED and not sheet.exists() and "sheet" not in out
    file.write_text('[[account]]\nuser = "101"\n')
    assert run(*told, "--sheet", sheet)[0] == DONE
    assert "101" in sheet.read_text() and users(box) == ["101"]


def test_refused_setting_leaves_the_box_as_it_was(
    boxes: Boxes, run: Run, tmp_path: Path, password_file: Path
) -> None:
    file = tmp_path / "o.toml"
    file.write_text('[box]\ndomain = "o.test"\n[settings]\nweb = false\nmax-bindings = 0\n[[account]]\nuser = "1"\n')
    box = boxes()
    before = box.desk.box.directory.realm
    status, _, err = run("provision", file, "--port", box.port, "--yes", "--password-file", password_file)
    assert status == REFUSED and err.rstrip().endswith("Nothing was done.")
    assert not box.desk.box.candidate.texts and not box.desk.box.admin.is_set
    assert (users(box), box.desk.box.directory.realm) == ([], before)


def test_settings_that_cannot_stand_together_are_staged_no_longer(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "o.toml"
    file.write_text('[settings]\nmin-expires = "2h"\n[[account]]\nuser = "101"\n')
    box = boxes()
    status, _, err = run("provision", file, "--port", box.port, "--yes", OPEN)
    assert status == REFUSED and "must stand in this order. Nothing was done." in err
    assert not box.desk.box.candidate.texts and users(box) == []


def test_password_from_a_file_opens_the_box(boxes: Boxes, office: Path, password_file: Path, run: Run) -> None:
    box = boxes("open sesame")
    status, _, _ = run("provision", office, "--port", box.port, "--yes", "--password-file", password_file)
    assert status == DONE and len(users(box)) == 20


def test_box_without_an_admin_password_gets_one(boxes: Boxes, office: Path, password_file: Path, run: Run) -> None:
    box = boxes()
    status, out, _ = run("provision", office, "--port", box.port, "--yes", "--password-file", password_file)
    assert status == DONE and "+ admin password" in out and "sesame" not in out
    assert box.desk.box.admin.is_set and len(users(box)) == 20
    status, out, _ = run("provision", office, "--port", box.port, "--yes", "--password-file", password_file)
    assert status == DONE and "nothing is to be done" in out


def test_admin_password_that_the_box_refuses_is_refused_first(
    boxes: Boxes, office: Path, run: Run, tmp_path: Path
) -> None:
    short = tmp_path / "short"
    short.write_text("short\n")
    box = boxes()
    status, _, err = run("provision", office, "--port", box.port, "--yes", "--password-file", short)
    assert status == REFUSED and "8 to 128 characters" in err
    assert users(box) == []


def test_wrong_or_no_password_changes_nothing(
    boxes: Boxes, office: Path, password_file: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = boxes("another one")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    status, _, err = run("provision", office, "--port", box.port, "--yes", "--password-file", password_file)
    assert status == REFUSED and "not the admin password" in err
    status, _, err = run("provision", office, "--port", box.port, "--yes", OPEN)
    assert status == BAD_COMMAND and "--password-file" in err
    assert users(box) == []


# -- export and restore ------------------------------------------------------------------------------------------------


def test_box_is_written_down_and_read_back_the_same(boxes: Boxes, office: Path, run: Run, tmp_path: Path) -> None:
    one, other = boxes(serial="A1"), boxes(serial="A2")
    run("provision", office, "--port", one.port, "--yes", OPEN)
    file = tmp_path / "export"
    status, out, _ = run("export", "--secrets", "--output", file, "--port", one.port)
    assert status == DONE and "lines" in out and stat.S_IMODE(file.stat().st_mode) == 0o600
    status, out, _ = run("restore", file, "--port", other.port)
    assert status == DONE and out.startswith("20 accounts are new, 0 were changed.")
    assert run("export", "--secrets", "--port", other.port)[1] == file.read_text()


def test_export_for_programs_is_one_json_document(boxes: Boxes, run: Run) -> None:
    box = boxes()
    assert json.loads(run("export", "--port", box.port, "--json")[1]) == {"text": run("export", "--port", box.port)[1]}


def test_accounts_without_a_password_are_named(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    box = boxes()
    file = tmp_path / "export"
    file.write_text('frontdesk-export 1\naccount 101 "Front desk"\n')
    assert "Without a password: 101" in run("restore", file, "--port", box.port)[1]
    assert json.loads(run("restore", file, "--port", box.port, "--json")[1])["changed"] == 0


def test_backup_is_sealed_and_replaces_another_box(boxes: Boxes, run: Run, office: Path, tmp_path: Path) -> None:
    one, other = boxes(serial="ONE"), boxes(serial="OTHER")
    run("provision", office, "--port", one.port, "--yes", OPEN)
    file, passphrase = tmp_path / "backup", tmp_path / "passphrase"
    passphrase.write_text("four words of mine\n")
    with_it = ("--passphrase-file", passphrase)
    status, out, _ = run("backup", *with_it, "--output", file, "--port", one.port)
    assert status == DONE and str(file) in out and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("restore", file, *with_it, "--port", other.port)[0] == REFUSED, "nobody has agreed"
    assert users(other) == []
    passphrase.write_text("another passphrase\n")
    status, _, error = run("restore", file, *with_it, "--yes", "--port", other.port)
    assert status == REFUSED and "The passphrase is not the one" in error and users(other) == []
    passphrase.write_text("four words of mine\n")
    assert "20 accounts" in run("restore", file, *with_it, "--yes", "--port", other.port)[1]
    assert run("export", "--secrets", "--port", other.port)[1] == run("export", "--secrets", "--port", one.port)[1]


@pytest.mark.parametrize("before", ["", "correct horse"])
@pytest.mark.parametrize("command", [["export", "--secrets"], ["backup"]])
def test_restore_that_brings_another_admin_password_is_told_as_done(
    boxes: Boxes, run: Run, password_file: Path, tmp_path: Path, before: str, command: list[str]
) -> None:
    one, other = boxes("open sesame", "ONE"), boxes(before, "OTHER")
    file, passphrase, old = tmp_path / "file", tmp_path / "passphrase", tmp_path / "old"
    passphrase.write_text("four words of mine\n")
    old.write_text(f"{before}\n")
    with_it = ["--passphrase-file", passphrase] if command == ["backup"] else []
    run(*command, *with_it, "--output", file, "--port", one.port, "--password-file", password_file)
    with_it += ["--passphrase-file", passphrase, "--yes"]
    status, out, err = run("restore", file, *with_it, "--port", other.port, "--password-file", old)
    assert (status, err) == (DONE, "") and "0 accounts" in out
    assert run("export", "--port", other.port, "--password-file", password_file)[0] == DONE


def test_damaged_export_changes_nothing(boxes: Boxes, run: Run, tmp_path: Path) -> None:
    box = boxes()
    box.verb("account add", user="101", password="secret")
    text = run("export", "--port", box.port)[1]
    file = tmp_path / "export"
    file.write_text(text.replace("101", "102"))
    status, _, err = run("restore", file, "--port", box.port)
    assert status == REFUSED and err and users(box) == ["101"]
    file.write_text("something else\n")
    assert run("restore", file, "--port", box.port)[0] == BAD_COMMAND


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_ports_shows_boxes_and_what_is_none(boxes: Boxes, run: Run) -> None:
    open_box, locked = boxes(serial="A1"), boxes("open sesame", "A2")
    asked = ["ports", "--port", open_box.port, "--port", locked.port, "--port", "/dev/there-is-none"]
    status, out, _ = run(*asked, "--json")
    rows = {row["port"]: row for row in json.loads(out)}
    assert status == DONE
    assert [rows[box.port]["serial"] for box in (open_box, locked)] == ["A1", "A2"]
    assert [rows[box.port]["login"] for box in (open_box, locked)] == [False, True]
    assert "cannot be opened" in rows["/dev/there-is-none"]["state"]
    status, out, _ = run(*asked)
    assert "A1" in out and "A2" in out and len(out.splitlines()) == 4
    assert run("ports", "--port", "/dev/there-is-none")[0] == NO_BOX


def test_the_only_box_needs_no_port(boxes: Boxes, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def there(*found: PtyBox) -> None:
        comports: list[Any] = [type("Port", (), {"device": box.port, "description": "pty"}) for box in found]
        monkeypatch.setattr("deskctl.ports.list_ports.comports", lambda: comports)

    one, other = boxes(serial="A1"), boxes(serial="A2")
    there(one)
    assert run("doctor")[0] == DONE
    there(one, other)
    status, _, err = run("doctor")
    assert status == NO_BOX and one.port in err and other.port in err
    there()
    assert "No box answers" in run("doctor")[2]


def test_doctor_finds_a_good_box_good(boxes: Boxes, run: Run) -> None:
    status, out, _ = run("doctor", "--port", boxes().port)
    assert status == DONE and "BAD" not in out
    assert "serial number B0X" in out and "0 frames" in out and "0 accounts" in out
    assert "There is no admin password yet" in out


def test_doctor_names_what_is_bad(boxes: Boxes, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    box = boxes("open sesame")
    box.desk.box.notices.append(Sentence("The disk is old."))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    status, out, _ = run("doctor", "--port", box.port, "--json")
    found = {row["subject"]: row for row in json.loads(out)}
    assert status == REFUSED and not found["login"]["good"] and found["cable"]["good"]
    monkeypatch.setattr(AdminPassword, "there", lambda self: "open sesame")
    monkeypatch.setattr("deskctl.doctor.own_version", lambda: "0.0.1")
    status, out, _ = run("doctor", "--port", box.port)
    assert "BAD notice    The disk is old." in out and "BAD versions" in out
    box.verb("account add", user="101")
    refused = Event(box.desk.now, Kind.REFUSED, "101", Wording("refused"), (), "192.0.2.9:5060/udp", "wrong-password")
    box.do(lambda: box.desk.core.events.add(refused))
    status, out, _ = run("doctor", "--port", box.port)
    assert "BAD problem   The disk is old." in out
    assert "BAD problem   192.0.2.9 answers with a password that is not 101's. Type the account's" in out
    status, out, _ = run("doctor", "--port", "/dev/there-is-none")
    assert status == REFUSED and "BAD port" in out


def test_option_may_stand_before_the_command_or_after_it() -> None:
    for words in (["--port", "P", "--baud", "9600", "--json", "doctor"],
                  ["doctor", "--port", "P", "--baud", "9600", "--json"],
                  ["--port", "P", "--json", "doctor", "--baud", "9600"]):  # fmt: skip
        options = build_parser().parse_args(words)
        assert (options.port, options.baud, options.json) == (["P"], 9600, True)
    options = build_parser().parse_args(["doctor"])
    assert (options.port, options.baud, options.json) == ([], BAUD, False)


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "9" * 9])
def test_speed_that_cannot_be_is_told(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["ports", "--baud", speed])
    assert end.value.code == BAD_COMMAND and "a speed is 1 to 4000000 baud" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["restore"], ["doctor", "--password", "open sesame"], ["panel", "flash", "--por", "/dev/null"]],
)
def test_wrong_command_line_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == BAD_COMMAND
