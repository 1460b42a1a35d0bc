"""The admin's password, the first-boot code, and the way back in."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from frontdesk.control import Role, VerbError, scrypt
from frontdesk.control.admin import AT_ONCE, LONGEST, RESTRICTED, Admin, on_the_spot
from frontdesk.control.administration import recover, recovery_offered
from frontdesk.control.first_boot_code import LETTERS, MOST_TRIES, TRIES, Closed, FirstBootCode
from frontdesk.control.throttle import FREE, SERIAL_LINE, SOURCES, WELCOME, Crowded, Throttle, Throttled
from tests.control.desk import Desk
from tests.store.rows import NOW

PASSWORD = "correct horse"


def done(verb: Awaitable[Any]) -> Any:
    """Its result; it does not wait."""
    assert isinstance(verb, Coroutine)
    with pytest.raises(StopIteration) as end:
        verb.send(None)
    return end.value.value


@pytest.fixture
def admin(desk: Desk) -> Admin:
    desk.do("passwd admin", password=PASSWORD)
    return desk.box.admin


# -- the password ------------------------------------------------------------------------------------------------------


def test_no_password_is_good_before_one_is_set(desk: Desk) -> None:
    assert not desk.box.admin.is_set
    for password in ("", "admin", "frontdesk"):
        assert not done(desk.box.admin.check(password, "console"))


def test_password_is_kept_as_a_salted_hash_alone(desk: Desk, admin: Admin) -> None:
    assert done(admin.check(PASSWORD, "console")) and not done(admin.check(PASSWORD + "x", "console"))
    again = desk.restart().box.admin
    assert again.is_set and done(again.check(PASSWORD, "console"))
    kept = again.kept
    desk.do("passwd admin", password=PASSWORD)
    assert admin.kept != kept
    assert all(PASSWORD.encode() not in path.read_bytes() for path in desk.path.rglob("*") if path.is_file())


def test_accents_may_be_typed_either_way(desk: Desk) -> None:
    desk.do("passwd admin", password="Stra\u00dfe caf\u00e9")
    assert done(desk.box.admin.check("Stra\u00dfe cafe\u0301", "console"))


@pytest.mark.parametrize("password", ["", "seven77", "x" * (LONGEST + 1), "with\ttabulator"])
def test_password_that_cannot_be_is_refused(desk: Desk, password: str) -> None:
    with pytest.raises(VerbError, match="characters"):
        desk.do("passwd admin", password=password)
    assert not desk.box.admin.is_set


def test_password_that_is_not_on_disk_is_not_set(desk: Desk) -> None:
    desk.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("passwd admin", password=PASSWORD)
    assert not desk.box.admin.is_set


def test_other_password_ends_all_sessions(desk: Desk, admin: Admin) -> None:
    epoch = admin.epoch
    desk.do("passwd admin", password="another horse")
    assert admin.epoch > epoch and not done(admin.check(PASSWORD, "console"))


def test_password_is_checked_off_the_loop(desk: Desk, admin: Admin) -> None:
    threads = set()

    async def off_loop(work: Any) -> Any:
        def noted() -> Any:
            threads.add(threading.get_ident())
            return work()

        return await asyncio.to_thread(noted)

    other = Admin(desk.box.records, {"admin": admin.kept or ""}, desk.path, lambda: NOW, off_loop)
    assert asyncio.run(other.check(PASSWORD, "console"))
    assert threads and threading.get_ident() not in threads


@pytest.mark.parametrize(
    "kept", ["", "md5 1 1 1 00 00", "scrypt 1073741824 8 1 00 " + "0" * 64, "scrypt 3 8 1 00 " + "0" * 64, "scrypt 4"]
)
def test_hash_that_is_none_or_too_dear_is_not_tried(kept: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        scrypt.parse(kept)


# -- the throttle ------------------------------------------------------------------------------------------------------


def test_wrong_passwords_cost_time_and_the_right_one_ends_it(desk: Desk, admin: Admin) -> None:
    for _ in range(FREE):
        assert not done(admin.check("wrong password", "console"))
    with pytest.raises(Throttled, match="wait 1 s"):
        done(admin.check(PASSWORD, "console"))
    assert done(admin.check(PASSWORD, "elsewhere"))
    desk.now += 1
    assert not done(admin.check("wrong password", "console"))
    desk.now += 2
    assert done(admin.check(PASSWORD, "console"))
    assert not done(admin.check("wrong password", "console"))
    assert done(admin.check(PASSWORD, "console"))


def test_who_tries_while_others_do_is_told_to_come_back_but_for_the_console(desk: Desk, admin: Admin) -> None:
    """Trying takes a second of a small board: many at once, from many addresses, would hold up every page."""

    async def waiting(work: object) -> bool:
        await asyncio.sleep(0)
        return False

    admin.off_loop = waiting  # type: ignore[assignment]
    tries = [admin.check("wrong password", f"192.0.2.{number}") for number in range(AT_ONCE)]
    for each in tries:
        each.send(None)
    with pytest.raises(Crowded, match="Too many log in at once"):
        done(admin.check(PASSWORD, "192.0.2.99"))
    admin.check("wrong password", SERIAL_LINE).send(None)
    for each in tries:
        with pytest.raises(StopIteration):
            each.send(None)
    admin.off_loop = on_the_spot
    assert done(admin.check(PASSWORD, "192.0.2.99"))


def test_who_has_logged_in_from_there_before_is_not_kept_out_by_strangers(desk: Desk, admin: Admin) -> None:
    assert done(admin.check(PASSWORD, "192.0.2.99"))
    admin._trying = AT_ONCE
    assert done(admin.check(PASSWORD, "192.0.2.99"))
    with pytest.raises(Crowded):
        done(admin.check(PASSWORD, "192.0.2.99", Role.VIEWER))
    for _ in range(FREE):
        assert not done(admin.check("wrong password", "192.0.2.99"))
    with pytest.raises(Throttled):
        done(admin.check("wrong password", "192.0.2.99"))


def test_throttle_knows_so_many_who_have_logged_in() -> None:
    throttle = Throttle()
    for number in range(WELCOME):
        throttle.succeeded(str(number))
    for source in ("0", "another"):
        throttle.succeeded(source)
    assert [throttle.welcomes(each) for each in ("0", "1", "2", "stranger")] == [True, False, True, False]


def test_wait_doubles_up_to_a_minute() -> None:
    throttle, now, waits = Throttle(), 0.0, []
    for _ in range(12):
        throttle.admit("console", now)
        try:
            throttle.admit("console", now)
        except Throttled as throttled:
            waits.append(throttled.seconds)
            now += throttled.seconds
    assert waits[-9:-2] == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_throttle_remembers_so_many_sources() -> None:
    throttle = Throttle()
    for _ in range(FREE):
        throttle.admit("here", 0.0)
    for number in range(SOURCES - 1):
        throttle.admit(str(number), 0.0)
    with pytest.raises(Throttled):
        throttle.admit("here", 0.0)
    for number in range(SOURCES):
        throttle.admit(f"b{number}", 0.0)
    throttle.admit("here", 0.0)


# -- the first-boot code -----------------------------------------------------------------------------------------------


def test_code_is_there_until_there_is_a_password(desk: Desk) -> None:
    admin, file = desk.box.admin, desk.path / "first-boot-code"
    admin.settle_code()
    code = admin.code
    assert code is not None and re.fullmatch(f"[{LETTERS}]{{8}}", code)
    assert (file.read_text(), file.stat().st_mode & 0o777) == (f"{code}\n", 0o600)
    admin.settle_code()
    assert admin.code == code == desk.do("status")["first_boot_code"]
    assert admin.first_boot.check(f"{code[:4]}-{code[4:]}".lower(), "page")
    assert not admin.first_boot.check("00000000" if code != "00000000" else "1" * 8, "page")
    desk.do("passwd admin", password=PASSWORD)
    assert not file.exists() and not admin.first_boot.check(code, "page")
    assert "first_boot_code" not in desk.do("status")


def test_code_that_outlived_a_power_cut_is_dead(desk: Desk, admin: Admin) -> None:
    (desk.path / "first-boot-code").write_text("01234567\n")
    again = desk.restart().box.admin
    assert again.code is None
    again.settle_code()
    assert not (desk.path / "first-boot-code").exists()


@pytest.mark.parametrize(
    ("numbers", "bearable"),
    [
        ((1 << 14, 8, 16), True), ((1 << 14, 8, 17), False), ((1 << 14, 8, 0), False), ((1 << 14, 32, 1), True),
        ((1 << 13, 33, 1), False), ((1 << 15, 32, 1), False), ((1 << 14, 0, 1), False), ((2, 8, 1), True),
        ((1, 8, 1), False), ((3 << 12, 8, 1), False), ((0, 8, 1), False),
    ],
)  # fmt: skip
def test_cost_is_bearable_up_to_64_mebibytes_and_a_minute(numbers: tuple[int, int, int], bearable: bool) -> None:
    assert scrypt.Cost(*numbers).bearable is bearable


@pytest.mark.parametrize("held", [b"", b"\n", b"\xff\xff\n"])
def test_file_that_lost_its_code_to_a_power_cut_lets_nobody_in(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "first-boot-code").write_bytes(held)
    code = FirstBootCode(tmp_path)
    assert not code.check("", "192.0.2.9") and not code.check(held.decode("latin-1"), "192.0.2.9")
    code.settle()
    assert len(code.text or "") == 8


def test_too_many_wrong_codes_from_one_address_close_it_until_somebody_is_at_the_box(admin: Admin) -> None:
    code = FirstBootCode(admin.first_boot._file.parent)
    code.settle()
    old = code.text
    assert old is not None
    for _ in range(TRIES):
        assert not code.check("wrong", "192.0.2.9")
    with pytest.raises(Closed):
        code.check(old, "192.0.2.9")
    assert code.check(old, "192.0.2.8")
    code.renew()
    assert code.text not in (None, old)
    assert code.check(code.text or "", "192.0.2.9") and not code.check(old, "192.0.2.9")


def test_wrong_codes_of_many_addresses_close_it_for_all(admin: Admin) -> None:
    code = FirstBootCode(admin.first_boot._file.parent)
    code.settle()
    for number in range(MOST_TRIES):
        assert not code.check("wrong", f"192.0.2.{number}")
    with pytest.raises(Closed):
        code.check(code.text or "", "198.51.100.1")
    old = code.text
    code.renew()
    assert code.text != old and code.check(code.text or "", "198.51.100.1")


def test_code_lives_again_where_no_other_can_be_written(admin: Admin) -> None:
    code = FirstBootCode(admin.first_boot._file.parent)
    code.settle()
    for _ in range(TRIES):
        code.check("wrong", "192.0.2.9")
    (code._file.with_suffix(".tmp") / "in the way").mkdir(parents=True)
    code.renew()
    assert code.check(code.text or "", "192.0.2.9")


def test_box_starts_though_no_code_can_be_written_or_taken_away(desk: Desk) -> None:
    file = desk.path / "first-boot-code"
    (file.with_name("first-boot-code.tmp") / "in the way").mkdir(parents=True)
    desk.box.admin.settle_code()
    assert desk.box.admin.code is None
    (file / "in the way").mkdir(parents=True)
    desk.do("passwd admin", password=PASSWORD)
    desk.restart().box.admin.settle_code()


def test_code_that_is_not_closed_stays_the_same(admin: Admin) -> None:
    code = FirstBootCode(admin.first_boot._file.parent)
    code.settle()
    old = code.text
    code.check("wrong", "192.0.2.9")
    code.renew()
    assert code.text == old


def test_viewer_has_a_password_of_his_own(desk: Desk, admin: Admin) -> None:
    assert not done(admin.check(PASSWORD, "here", Role.VIEWER))
    desk.do("passwd viewer", password="only looking")
    epoch = admin.epoch
    for each in (admin, desk.restart().box.admin):
        assert done(each.check("only looking", "a", Role.VIEWER)) and done(each.check(PASSWORD, "b"))
        assert not done(each.check("only looking", "c")) and not done(each.check(PASSWORD, "d", Role.VIEWER))
    desk.do("passwd viewer", password="")
    assert not done(admin.check("only looking", "e", Role.VIEWER)) and admin.epoch > epoch


# -- a lost password ---------------------------------------------------------------------------------------------------


def test_recovery_takes_the_password_away_and_raises_an_alarm(desk: Desk, admin: Admin) -> None:
    epoch = admin.epoch
    assert recovery_offered(desk.box)
    done(recover(desk.box))
    assert (admin.is_set, admin.epoch > epoch, len(admin.code or "")) == (False, True, 8)
    assert "recovered" in desk.restart().do("status")["notices"][0]
    desk.do("acknowledge")
    assert "notices" not in desk.do("status")
    with pytest.raises(VerbError, match="no alarm"):
        desk.do("acknowledge")


def test_no_secret_leaves_the_box_for_72_hours_of_uptime(desk: Desk, admin: Admin) -> None:
    admin.refuse_secrets()
    done(recover(desk.box))
    desk.now += RESTRICTED / 2
    with pytest.raises(VerbError, match="for 36 h"):
        admin.refuse_secrets()
    done(admin.keep_restricted())
    again = desk.restart()
    again.now += RESTRICTED / 2 - 1
    with pytest.raises(VerbError, match="for 1 h"):
        again.box.admin.refuse_secrets()
    again.now += 1
    again.box.admin.refuse_secrets()
    done(again.box.admin.keep_restricted())
    assert "restricted" not in done(again.box.records.pairs("meta"))


def test_recovery_can_be_locked(desk: Desk, admin: Admin) -> None:
    desk.do("config set", key="console.recovery", value="off")
    assert not recovery_offered(desk.box)
    with pytest.raises(VerbError, match="locked"):
        done(recover(desk.box))
    assert admin.is_set


def test_good_hash_is_as_dear_as_it_is_meant_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    start = time.process_time()
    assert scrypt.matches(scrypt.keep(PASSWORD), PASSWORD)
    assert time.process_time() - start > 0.02 and scrypt.COST.bearable
