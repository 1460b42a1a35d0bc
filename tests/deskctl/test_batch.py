"""Many boxes from one file: each gets its row, passwords survive a break, nobody else reads them."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from deskctl import batch, passwords, plugging
from deskctl.batch import NoRow, Progress
from deskctl.cli import BAD_COMMAND, DONE, REFUSED, main
from deskctl.office import OfficeError
from deskctl.office import read as read_office
from deskctl.ports import Found
from tests.deskctl.conftest import Boxes
from tests.deskctl.pty_box import PtyBox

CSV = """\
serial,hostname,range,label,address
A1,north,101-103,North wing,192.0.2.10/24
,south,201-202,,dhcp
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "boxes.csv"
    path.write_text(CSV)
    return path


def users(box: PtyBox) -> list[str]:
    return [row["user"] for row in box.verb("account list")]


def provision(file: Path, *boxes: PtyBox, password: str = "open sesame") -> int:
    word = file.with_name("password")
    word.write_text(password)
    told = ["--password-file", str(word), *(argument for box in boxes for argument in ("--port", box.port))]
    return main(["provision", "--batch", str(file), "--yes", "--no-admin-password", *told])


def test_each_box_gets_its_row(boxes: Boxes, file: Path) -> None:
    south, north = boxes(serial="Z9"), boxes(serial="A1")
    assert provision(file, south, north) == DONE
    assert users(north) == ["101", "102", "103"] and users(south) == ["201", "202"]
    assert north.verb("config get", key="hostname") == "north"


def test_sheet_has_each_box_with_its_passwords(boxes: Boxes, file: Path) -> None:
    north, south = boxes(serial="A1"), boxes(serial="Z9")
    provision(file, north, south)
    sheet = Path(f"{file}.sheet.txt")
    first, second = sheet.read_text().split("\f")
    assert first.startswith("North wing\n") and second.startswith("south\n") and "Z9" in second
    assert "Each phone's server is 192.0.2.10;" in first and "server" not in second
    [line] = [line for line in first.splitlines() if line.startswith("101 ")]
    kept = north.do(lambda: north.desk.box.account("101").secrets)
    north.verb("account passwd", user="101", password=line.split()[1])
    assert north.do(lambda: north.desk.box.account("101").secrets) == kept
    for name in (sheet, Path(f"{file}.state")):
        assert stat.S_IMODE(name.stat().st_mode) == 0o600


def test_done_boxes_are_not_asked_again(boxes: Boxes, file: Path) -> None:
    north, south = boxes(serial="A1"), boxes(serial="Z9")
    provision(file, north, south)
    south.do(south.unplug)
    assert provision(file, north) == DONE


# -- a box that is passed over -----------------------------------------------------------------------------------------


def test_box_with_another_admin_password_is_told_and_the_next_one_comes(
    boxes: Boxes, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other, south = boxes("another one", serial="A1"), boxes("open sesame", serial="Z9")
    assert provision(file, other, south) == REFUSED
    out, err = capsys.readouterr()
    [line] = err.splitlines()
    assert line.startswith("deskctl: North wing: That is not the admin password. The box with the serial number A1 is")
    assert out.endswith("1 of 2 boxes are done. Not done: North wing.\n")
    assert users(other) == [] and users(south) == ["201", "202"]
    assert provision(file, other, south, password="another one") == DONE
    assert users(other) == ["101", "102", "103"]


def test_row_of_a_box_that_was_left_as_it_was_is_for_another_one_too(boxes: Boxes, tmp_path: Path) -> None:
    file = tmp_path / "boxes.csv"
    file.write_text("label,range\nnorth,101-102\nsouth,201-202\n")
    other, south, spare = boxes("another one", serial="A1"), boxes(serial="B2"), boxes(serial="C3")
    assert provision(file, other, south) == REFUSED
    assert provision(file, other, south, spare, password="wrong") == REFUSED
    assert provision(file, south, spare) == DONE
    assert users(south) == ["201", "202"] and users(spare) == ["101", "102"]


def test_box_that_refuses_its_row_is_passed_over(
    boxes: Boxes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "boxes.csv"
    file.write_text("serial,range,address\nA1,101-102,nowhere\nB2,201-202,\nC3,301-302,\n")
    first, second, third = boxes(serial="A1"), boxes(serial="B2"), boxes(serial="C3")
    second.verb("account add", user="9")
    second.verb("alias add", user="9", alias="201")
    assert provision(file, first, second, third) == REFUSED
    out, err = capsys.readouterr()
    refused, contradiction = err.splitlines()
    assert "A1: Step 1 of " in refused and "Nothing was done." in refused
    assert "B2: " in contradiction and "On the box '201' is an alias of '9'." in contradiction
    assert "1 of 3 boxes are done. Not done: A1, B2." in out
    assert (users(first), users(second), users(third)) == ([], ["9"], ["301", "302"])


def test_box_with_no_row_left_is_told_and_the_next_one_comes(
    boxes: Boxes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "boxes.csv"
    file.write_text("serial,range\nC3,301-302\n")
    assert provision(file, boxes(serial="B2"), boxes(serial="C3")) == DONE
    assert "No row is left for the box with the serial number B2" in capsys.readouterr().err


def test_pulled_cable_is_the_same_box_again(boxes: Boxes, tmp_path: Path) -> None:
    file = tmp_path / "boxes.csv"
    file.write_text("serial,range\nA1,101-140\n")
    box = boxes(serial="A1")
    box.unplug_after = 1500
    assert provision(file, box) == DONE
    assert len(users(box)) == 40
    assert len(Path(f"{file}.sheet.txt").read_text().split("\f")) == 1


def test_box_at_the_cable_of_another_gets_its_own_row(
    boxes: Boxes, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("serial,range,domain\nA1,101-140,North.Example\nZ9,201-202,South.Example\n")
    north, south = boxes(serial="A1"), boxes(serial="Z9")

    def put_back(seconds: float) -> None:
        Path(north.port).unlink()
        north.do(north.plug)

    monkeypatch.setattr(plugging, "time", SimpleNamespace(sleep=put_back))  # nothing is left to do at the cable
    north.unplug_after, north.instead = 1500, south
    assert provision(file, north) == DONE
    assert (users(south), len(users(north))) == (["201", "202"], 40)
    assert (south.verb("domain get"), north.verb("domain get")) == ("south.example", "north.example")
    first, second = Path(f"{file}.sheet.txt").read_text().split("\f")
    assert "NOT FINISHED" not in first + second


@pytest.mark.parametrize("serial", ["A1", ""])
def test_row_that_was_changed_is_done_again(boxes: Boxes, file: Path, serial: str) -> None:
    file.write_text(f"serial,label,range\n{serial},North,101-102\n")
    north = boxes(serial="A1")
    assert provision(file, north) == DONE
    before = Path(f"{file}.sheet.txt").read_text()
    file.write_text(f"serial,label,range\n{serial},North,101-103\n")
    rows = batch.read(file.read_text(), "b.csv", None)
    assert Progress(file, rows).not_done == ["North"] and not Progress(file, rows).is_over("A1")
    assert provision(file, north) == DONE
    assert users(north) == ["101", "102", "103"]
    assert set(before.split()) < set(Path(f"{file}.sheet.txt").read_text().split()), "what was printed stays good"


def test_row_whose_host_name_was_changed_is_done_again(boxes: Boxes, file: Path) -> None:
    file.write_text("serial,hostname,range\nA1,north,101-102\n")
    north = boxes(serial="A1")
    assert provision(file, north) == DONE
    before = Path(f"{file}.sheet.txt").read_text()
    file.write_text("serial,hostname,range\nA1,south,101-102\n")
    assert provision(file, north) == DONE and north.verb("config get", key="hostname") == "south"
    assert Path(f"{file}.sheet.txt").read_text() == before.replace("north", "south"), "phones keep their passwords"


def test_box_that_replaces_another_gets_the_same_passwords(boxes: Boxes, file: Path) -> None:
    file.write_text("serial,label,range\nA1,North,101-102\n")
    assert provision(file, boxes(serial="A1")) == DONE
    before = Path(f"{file}.sheet.txt").read_text()
    file.write_text("serial,label,range\nB2,North,101-102\n")
    new = boxes(serial="B2")
    assert provision(file, new) == DONE
    assert users(new) == ["101", "102"]
    assert Path(f"{file}.sheet.txt").read_text() == before.replace("A1", "B2")


def test_domain_in_capitals_is_the_same_one(boxes: Boxes, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("serial,range,domain\nA1,101-102,Office.Example\n")
    north = boxes(serial="A1")
    assert provision(file, north) == DONE and north.verb("domain get") == "office.example"
    Path(f"{file}.state").unlink()
    assert provision(file, north) == DONE
    file.write_text("serial,range,domain\nA1,101-102,other.example\n")
    assert provision(file, north) == REFUSED
    assert f"{file}:2: The box has accounts in the domain office.example" in capsys.readouterr().err


def test_dry_run_shows_the_rows(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", "--batch", str(file), "--dry-run"]) == DONE
    assert "North wing" in capsys.readouterr().out
    assert main(["provision", "--batch", str(file), "--dry-run", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)[0]["accounts"] == ["101", "102", "103"]
    assert not Path(f"{file}.state").exists()


def test_batch_takes_no_sheet_of_another_name(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provision", "--batch", str(file), "--yes", "--sheet", "phones.txt"]) == BAD_COMMAND
    assert "leave --sheet out" in capsys.readouterr().err


def test_neither_file_nor_batch_is_a_wrong_command() -> None:
    assert main(["provision", "--port", "/dev/there-is-none"]) == BAD_COMMAND


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_password_is_the_same_after_a_break(file: Path) -> None:
    rows = batch.read(CSV, "b.csv", None)
    before = Progress(file, rows)
    password = before.password(rows[1], "201")
    before.begin(rows[1], "Z9", {"201": password})
    after = Progress(file, rows)
    assert after.row_for("Z9") == rows[1] and after.password(rows[1], "201") == password
    assert "NOT FINISHED YET" in after.sheet.read_text()
    assert not after.is_over("Z9")
    after.finish(rows[1], "Z9")
    assert Progress(file, rows).is_over("Z9") and Progress(file, rows).done == 1
    assert password in after.sheet.read_text()


def test_row_with_a_serial_number_is_for_that_box_alone(file: Path) -> None:
    progress = Progress(file, batch.read("serial,label\nA1,x\n", "b.csv", None))
    with pytest.raises(NoRow, match="Z9"):
        progress.row_for("Z9")


def test_damaged_state_is_not_taken_for_none(file: Path) -> None:
    Path(f"{file}.state").write_text("{")
    with pytest.raises(OfficeError, match="damaged"):
        Progress(file, [])


# -- the file ----------------------------------------------------------------------------------------------------------


def test_row_comes_on_top_of_what_is_the_same_for_all() -> None:
    base = read_office('[box]\ndomain = "all.example"\n[[account]]\nuser = "door"\n', "o.toml")
    first = "label,domain,range,address,gateway,dns"
    text = f'{first}\nx,,7-8,192.0.2.1/24,192.0.2.254,"192.0.2.2, 192.0.2.3"\ny,y.example,,,,\n'
    x, y = batch.read(text, "b.csv", base)
    assert (x.office.domain, y.office.domain) == ("all.example", "y.example")
    assert list(x.office.accounts) == ["door", "7", "8"] and list(y.office.accounts) == ["door"]
    network = {"net.address": "192.0.2.1/24", "net.gateway": "192.0.2.254", "net.dns": "192.0.2.2, 192.0.2.3"}
    assert x.office.settings == network and y.office.settings == {}
    assert x.serial == ""


def test_spreadsheet_may_write_semicolons_between_values_and_rows_without_any() -> None:
    text = "label;hostname;dns\nx;north;192.0.2.2, 192.0.2.3\n;;\n"
    [row] = batch.read(text, "b.csv", None)
    assert row.label == "x" and row.office.settings == {"hostname": "north", "net.dns": "192.0.2.2, 192.0.2.3"}


def test_a_range_takes_nothing_from_what_is_said_of_an_account() -> None:
    base = read_office('[[account]]\nuser = "101"\nname = "Front desk"\naliases = ["desk"]\n', "o.toml")
    [row] = batch.read("label,range\nx,101-102\n", "b.csv", base)
    assert [(each.user, each.name, each.aliases) for each in row.office.accounts.values()] == [
        ("101", "Front desk", ["desk"]),
        ("102", None, []),
    ]


def test_a_range_over_an_alias_is_a_mistake_before_any_box_is_asked() -> None:
    base = read_office('[[account]]\nuser = "100"\naliases = ["9"]\n', "o.toml")
    with pytest.raises(OfficeError, match=r"^b\.csv:2: 9 of the range is an alias of 100 already\.$"):
        batch.read("label,range\nx,5-10\n", "b.csv", base)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "b.csv:1: The first line names columns out of serial, hostname"),
        ("serial,label\n\n", "b.csv:2: There is no box below the first line."),
        ("serial,colour\n", "b.csv:1: The first line names columns"),
        ("label,range,label\nA1,5-6,x\n", "b.csv:1: The first line names a column twice."),
        ("serial,range\nA1,5-3\n", "b.csv:2: A range is such as"),
        ("serial,range\nA1\n", "b.csv:2: It has another number of values"),
        ("serial,range\n,5-6\n", "b.csv:2: A box needs a label"),
        ("label,hostname\nx,default\n", "b.csv:2: A box shows no 'default' for hostname: write the value itself"),
        ("serial,label\nA1,x\nA1,y\n", "b.csv: The serial 'A1' stands there twice."),
        ("serial,label\nA1,x\nA2,x\n", "b.csv: The label 'x' stands there twice."),
        ("serial,hostname\nA1,north\nA2,North\n", "b.csv: The hostname 'north' stands there twice."),
        (
            "serial,address\nA1,192.0.2.10/24\nA2,192.0.2.10/25\n",
            "b.csv: The address '192.0.2.10' stands there twice.",
        ),
    ],
)
def test_mistake_is_named_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(OfficeError) as caught:
        batch.read(text, "b.csv", None)
    assert str(caught.value).startswith(complaint)


def test_list_in_another_encoding_is_told_in_which_to_save_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes("label\nBüro\n".encode("cp1252"))
    assert provision(file) == BAD_COMMAND
    assert "boxes.csv is not text in UTF-8: save it once more as that" in capsys.readouterr().err


def test_what_is_the_same_for_all_and_dhcp_may_stand_there_many_times() -> None:
    base = read_office('[box]\nhostname = "desk"\n', "o.toml")
    assert len(batch.read("serial,address\nA1,dhcp\nA2,dhcp\n", "b.csv", base)) == 2


def test_silent_port_is_no_box() -> None:
    assert not Found("x", "", "silent").is_box


def test_mistyped_password_is_asked_for_again_and_becomes_no_new_boxs(
    boxes: Boxes, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["opne sesame", "open sesame", "open sesame"]
    monkeypatch.setattr(passwords, "getpass", lambda prompt: lines.pop(0))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    north, south = boxes("open sesame", serial="A1"), boxes(serial="Z9")
    told = ["--port", north.port, "--port", south.port]
    assert main(["provision", "--batch", str(file), "--yes", *told]) == REFUSED
    assert lines == [] and "1 of 2 boxes are done" in capsys.readouterr().out
    assert south.do(lambda: south.desk.box.admin.is_set)
    monkeypatch.setattr(passwords, "getpass", lambda prompt: "open sesame")
    assert main(["provision", "--batch", str(file), "--yes", *told]) == DONE
