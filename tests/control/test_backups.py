"""Backups: sealed, whole, and all or nothing on the way back."""

from __future__ import annotations

import json
import tracemalloc
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.config import DEFAULTS
from frontdesk.control import VerbError, backups, configuration, sealing
from frontdesk.control import text as text_of
from frontdesk.control.administration import recover
from frontdesk.control.configuration import Configuration
from frontdesk.model import HA1_SIZES, Account, Secret
from tests.control.desk import Desk
from tests.control.test_admin import PASSWORD, done
from tests.control.test_exports import elsewhere, filled
from tests.store.rows import REALM

PASSPHRASE = "four words of mine"
LONG = "9" * 5000
"""Digits that int() refuses."""
FORMATS = Path(__file__).parent / "formats"
CALL = {
    "call_id": "a84b4c76e66710", "caller": "sip:101@example.com", "callee": "sip:102@example.com", "started": 1.5,
    "answered": 3.0, "ended": 63.0, "result": 200, "device": "",
}  # fmt: skip


def busy(desk: Desk) -> Desk:
    """With something of everything, calls too."""
    filled(desk)
    done(desk.box.records.change(calls=[CALL, CALL | {"call_id": "2", "answered": None, "result": 486}]))
    return desk


def backup(desk: Desk) -> str:
    text = desk.do("backup", passphrase=PASSPHRASE)
    assert isinstance(text, str)
    return text


def everything(desk: Desk) -> tuple[str, list[dict[str, object]]]:
    return desk.do("export", secrets=True), done(desk.box.records.calls(10))


def test_backup_comes_back_whole_on_another_box(desk: Desk, tmp_path: Path) -> None:
    text = backup(busy(desk))
    other = elsewhere(tmp_path / "other")
    other.do("account add", user="999")
    answer = other.do("restore", text=text, passphrase=PASSPHRASE)
    assert (answer["added"], answer["calls"]) == (2, 2)
    assert "once it registers" in answer["notes"][-1] and "tokens" in answer["notes"][-1]
    assert everything(other) == everything(desk)
    assert everything(other.restart()) == everything(desk)


def test_backup_tells_nothing_to_whoever_finds_it(desk: Desk) -> None:
    text = backup(busy(desk))
    assert text.isascii() and max(map(len, text.splitlines())) < 128
    for word in ("example", "reception", "a84b4c76", "domain", "secret", PASSPHRASE):
        assert word not in "".join(line.partition(" ")[2] for line in text.splitlines()[2:-1])
    assert backup(desk) != text, "each has a salt and a nonce of its own"


@pytest.mark.parametrize("passphrase", ["", "short"])
def test_backup_without_a_good_passphrase_is_refused(desk: Desk, passphrase: str) -> None:
    with pytest.raises(VerbError, match="at least 8 characters"):
        desk.do("backup", passphrase=passphrase)


def test_no_backup_leaves_a_box_whose_password_was_recovered(desk: Desk) -> None:
    busy(desk)
    done(recover(desk.box))
    with pytest.raises(VerbError, match="secrets stay in the box"):
        backup(desk)


def _cut(text: str) -> str:
    return "".join(text.splitlines(keepends=True)[:-1])


def _without_a_line(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:3] + lines[4:])


def _another_byte(text: str) -> str:
    return text.replace("\n3 ", "\n3 A", 1)


def _newer(text: str) -> str:
    return text.replace("frontdesk-backup 1", "frontdesk-backup 2")


@pytest.mark.parametrize(
    ("damage", "passphrase", "sentence"),
    [
        (lambda text: text, "another passphrase", "The passphrase is not the one it was sealed with: type that one"),
        (_cut, PASSPHRASE, "`.` with a checksum is missing: copy all of it once more"),
        (_without_a_line, PASSPHRASE, "Line 3 is missing, line 4 came in its place: copy all of it"),
        (_another_byte, PASSPHRASE, "It came through damaged, its checksum is another: copy all of it"),
        (_newer, PASSPHRASE, r"A newer Frontdesk wrote it .*: update this box first"),
        (lambda text: f"frontdesk-backup {LONG}\n", PASSPHRASE, "It does not begin with `frontdesk-backup 1`"),
        (lambda text: text.replace("backup 1", "backup 0"), PASSPHRASE, "It does not begin with `frontdesk-backup 1`"),
        (lambda text: "frontdesk-export 1\n.\n", PASSPHRASE, "It is no frontdesk-backup: `frontdesk import` reads it"),
        (lambda text: text.replace("\n2 ", f"\n{LONG} "), PASSPHRASE, "Line 2 came through damaged"),
        (lambda text: "", PASSPHRASE, "There is nothing to import: choose what was saved"),
        (lambda text: "frontdesk-backup 1\n1 scrypt\n", PASSPHRASE, "It ends after line 1, .*: copy all of it"),
    ],
)
def test_what_cannot_be_opened_changes_nothing(
    desk: Desk, tmp_path: Path, damage: Callable[[str], str], passphrase: str, sentence: str
) -> None:
    text = damage(backup(busy(desk)))
    other = elsewhere(tmp_path / "other")
    other.do("account add", user="999")
    before = everything(other)
    with pytest.raises(VerbError, match=sentence):
        other.do("restore", text=text, passphrase=passphrase)
    assert everything(other) == before


def test_first_lines_are_under_the_seal(desk: Desk) -> None:
    """Nobody can make a box spend more on a passphrase, or less."""
    from frontdesk.control.configuration import checksum

    text = backup(busy(desk)).replace(" 4 8 1 ", " 8 8 1 ")
    lines = text.splitlines()[:-1]
    text = "".join(f"{line}\n" for line in [*lines, f". {checksum(lines)}"])
    with pytest.raises(VerbError, match="The passphrase is not the one"):
        desk.do("restore", text=text, passphrase=PASSPHRASE)


@pytest.mark.parametrize("cost", ["1048576 8 1", "0 8 1", "16384 8 99999", "x 8 1"])
def test_cost_that_a_board_cannot_bear_is_not_paid(desk: Desk, cost: str) -> None:
    from frontdesk.control.configuration import checksum

    lines = [line.replace(" 4 8 1 ", f" {cost} ") for line in backup(desk).splitlines()[:-1]]
    text = "".join(f"{line}\n" for line in [*lines, f". {checksum(lines)}"])
    with pytest.raises(VerbError, match="sealed"):
        desk.do("restore", text=text, passphrase=PASSPHRASE)


def _sealed(plain: bytes) -> str:
    """A backup that no box has written."""
    words, sealed = sealing.seal(plain, PASSPHRASE, backups.CONTEXT)
    return configuration.numbered(backups.FIRST, [" ".join(words), b64encode(sealed).decode()])


def _row(call: object) -> bytes:
    return json.dumps(call).encode() + b"\n"


EXPORT = configuration.write(Configuration(realm=REALM)).encode()


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"#\n" * (2 << 20),
        b"a" * (2 << 20),
        EXPORT + b"hello\n",
        EXPORT + b"[" * 100_000,
        EXPORT + _row([]),
        EXPORT + _row(CALL | {"caller": None}),
        *(EXPORT + _row(CALL | {key: time}) for key in ("started", "ended") for time in (None, "", 1e300, -1)),
    ],
)
def test_what_is_sealed_and_no_box_changes_nothing(desk: Desk, plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without its times would be in the way of whoever looks at the calls."""
    before = everything(busy(desk))
    monkeypatch.setattr(configuration, "LONGEST", 3 << 20)
    with pytest.raises(VerbError, match=r"What was sealed is no box|There is nothing to import"):
        desk.do("restore", text=_sealed(plain), passphrase=PASSPHRASE)
    assert everything(desk) == before


@pytest.mark.parametrize("result", ["busy", None, {}, 2**70, -1])
def test_call_without_a_status_comes_back_and_can_be_looked_at(desk: Desk, result: object) -> None:
    """The first backups had words there."""
    text = _sealed(EXPORT + _row(CALL | {"result": result}) + _row(CALL | {"result": 486}))
    desk.do("restore", text=text, passphrase=PASSPHRASE)
    calls = desk.do("calls")
    assert [call["result"] for call in calls] == [486, 200] and text_of.calls(calls)


def test_what_was_packed_in_another_way_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zlib.compress", lambda plain, level: plain)
    with pytest.raises(VerbError, match="What was sealed is damaged"):
        desk.do("restore", text=_sealed(EXPORT), passphrase=PASSPHRASE)


def test_small_file_that_is_large_inside_takes_no_memory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more calls than a box keeps the newest come back; and there is a limit to what is read at all."""
    kept = DEFAULTS.call_records
    text = _sealed(EXPORT + b"".join(_row(CALL | {"started": at}) for at in range(20 * kept)))
    tracemalloc.start()
    try:
        assert desk.do("restore", text=text, passphrase=PASSPHRASE)["calls"] == kept
        assert tracemalloc.get_traced_memory()[1] < 20 * kept * len(_row(CALL)) / 2
    finally:
        tracemalloc.stop()
    assert done(desk.box.records.calls(1))[0]["started"] == 20 * kept - 1
    monkeypatch.setattr(sealing, "LONGEST", 10 * kept)
    with pytest.raises(VerbError, match="What was sealed has more than 100000 bytes"):
        desk.do("restore", text=text, passphrase=PASSPHRASE)


def test_disk_that_is_full_keeps_the_box_as_it_was(desk: Desk, tmp_path: Path) -> None:
    text = backup(busy(desk))
    other = elsewhere(tmp_path / "other")
    other.do("account add", user="999")
    before = everything(other)
    other.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        other.do("restore", text=text, passphrase=PASSPHRASE)
    other.full = False
    assert everything(other) == before


def test_largest_box_by_default_can_be_read_back(desk: Desk) -> None:
    some = 500
    for user in range(100_000, 100_000 + some):
        hashes = {algorithm: f"{user:0{2 * size}x}" for algorithm, size in HA1_SIZES.items()}
        desk.box.directory.put(Account(str(user), f"sip:{user}@{REALM}", "Somebody", secrets=(Secret("", hashes),)))
    size = len(desk.do("export", secrets=True))
    assert DEFAULTS.max_accounts / some * size < configuration.LONGEST


def test_nothing_is_written_that_could_not_be_read_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(desk)
    monkeypatch.setattr(configuration, "LONGEST", 100)
    for write in (backup, lambda desk: desk.do("export", secrets=True)):
        with pytest.raises(VerbError, match="more than 0 KiB, the most that can be read back"):
            write(desk)


def test_backup_that_is_too_long_has_fewer_calls_once_fewer_are_to_be_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        done(desk.box.records.change(calls=[CALL | {"call_id": str(number)}]))
    whole = len(backup(desk))
    monkeypatch.setattr(configuration, "LONGEST", whole - 1)
    with pytest.raises(VerbError, match="set `call-records` lower"):
        backup(desk)
    desk.do("config set", key="call-records", value="2")
    assert len(backup(desk)) < whole
    desk.do("config set", key="call-records", value="0")
    monkeypatch.setattr(configuration, "LONGEST", 100)
    with pytest.raises(VerbError, match=r"read back\.$"):
        backup(desk)


def test_box_with_less_room_takes_all_accounts_of_a_backup(desk: Desk, tmp_path: Path) -> None:
    """It takes the place of one that has died."""
    for user in range(201, 206):
        desk.do("account add", user=str(user), password="secret")
    other = elsewhere(tmp_path / "other")
    other.box.defaults = replace(other.box.defaults, max_accounts=3)
    answer = other.do("restore", text=backup(desk), passphrase=PASSPHRASE)
    assert "max-accounts is 6 now" in answer["notes"][0] and answer["added"] == 6
    assert other.box.settings.max_accounts == other.restart().box.settings.max_accounts == 6


def test_version_1_stays_readable(tmp_path: Path) -> None:
    """These files were written when format 1 was made, and are never written again."""
    restored, imported = elsewhere(tmp_path / "restored"), elsewhere(tmp_path / "imported")
    answer = restored.do("restore", text=(FORMATS / "version-1.backup").read_text(), passphrase=PASSPHRASE)
    assert (answer["added"], answer["calls"]) == (2, 2)
    assert done(restored.box.admin.check(PASSWORD, "somebody"))
    imported.do("import", text=(FORMATS / "version-1.export").read_text())
    assert imported.do("export", secrets=True) == restored.do("export", secrets=True)
    assert "auth_key" not in imported.do("export", secrets=True), "nothing needs it any more"
    assert [row["call_id"] for row in done(restored.box.records.calls(10))] == ["2", "a84b4c76e66710"]
