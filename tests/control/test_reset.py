"""Factory reset: everything goes, on disk and in memory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from frontdesk.config import CERTIFICATES, OWED
from frontdesk.control import VerbError, owed
from frontdesk.control.day import Day
from frontdesk.control.start import started
from frontdesk.events import Event, Kind, Wording
from frontdesk.model import Changes, Commit, Settings
from frontdesk.proxy.calls import Call
from frontdesk.sip.digest import ha1
from frontdesk.site import Site
from frontdesk.store.errors import StoreError
from frontdesk.store.records import Records
from frontdesk.store.snapshots import Snapshots
from frontdesk.store.wiping import ALL, MARK
from tests.control.computer import notices
from tests.control.desk import Desk, finish, phone
from tests.control.test_exports import filled
from tests.store.rows import REALM
from tests.store.rows import call as a_call
from tests.support.durable_box import durable_box


def test_reset_leaves_nothing_behind(desk: Desk) -> None:
    filled(desk)
    phone(desk)
    secrets = [value.encode() for secret in desk.box.account("101").secrets for value in secret.ha1.values()]
    desk.do("factory-reset", yes=True)
    for each in (desk, desk.restart()):
        assert (each.box.directory.accounts, each.box.directory.peers, list(each.box.location)) == ({}, {}, [])
        assert each.box.settings == Settings() and not each.box.admin.is_set
        assert each.box.directory.realm.startswith("frontdesk-") and each.box.admin.code
    snapshots = [path.read_bytes() for path in (desk.path / "snapshots").iterdir()]
    assert snapshots and not any(secret in snapshot for snapshot in snapshots for secret in secrets)


def test_reset_forgets_neither_what_the_computer_is_owed_nor_which_ids_were_given(desk: Desk) -> None:
    async def meta() -> dict[str, str]:
        return await desk.box.records.pairs("meta")

    asyncio.run(owed.owe(desk.box.records, {"hostname": "lobby"}))
    before = asyncio.run(meta())
    desk.do("factory-reset", yes=True)
    after = asyncio.run(meta())
    assert after["machine"] == before["machine"] and int(after["changes"]) > int(before["changes"])
    assert after.get("binding_ids") == before.get("binding_ids")


def test_no_secret_is_left_in_any_file_while_the_box_runs_on(tmp_path: Path) -> None:
    """Whoever pulls the plug then has what is on the card."""
    with durable_box(tmp_path) as box:
        for user in range(101, 141):
            box.do("account add", user=str(user), password="secret", name=f"Somebody {user}")
        for user in range(101, 121):
            box.do("account remove", user=str(user))
        words = [b"Somebody 105", b"Somebody 135", ha1("MD5", "135", box.store.realm, "secret").encode()]
        assert all(any(word in path.read_bytes() for path in files(tmp_path)) for word in words)
        box.do("factory-reset", yes=True)
        left = [(word, path.name) for path in files(tmp_path) for word in words if word in path.read_bytes()]
        assert left == []
        box.do("account add", user="101", password="secret")
    with durable_box(tmp_path) as box:
        assert [each["user"] for each in box.do("account list")] == ["101"]


def test_power_cut_right_behind_a_reset_leaves_it_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Records._do
    done: list[Any] = []

    async def cut(records: Records, write: Any, **how: bool) -> Any:
        if done:
            raise KeyboardInterrupt
        if write.__name__ == "write":  # not what reads
            done.append(write)
        return await real(records, write, **how)

    with durable_box(tmp_path) as box:
        box.do("account add", user="105", password="secret", name="Somebody 105")
        monkeypatch.setattr(Snapshots, "tidy", lambda *_: None)
        monkeypatch.setattr(Records, "_do", cut)
        with pytest.raises(KeyboardInterrupt):
            box.do("factory-reset", yes=True)
    monkeypatch.undo()
    (tmp_path / CERTIFICATES).mkdir()
    assert any(b"Somebody 105" in path.read_bytes() for path in files(tmp_path))
    with durable_box(tmp_path) as box:
        assert box.do("account list") == []
        assert not any(b"Somebody 105" in path.read_bytes() for path in files(tmp_path))
        assert MARK not in box.store.meta and not (tmp_path / CERTIFICATES).exists()
        assert len(list((tmp_path / "snapshots").iterdir())) == 1


def test_file_that_cannot_be_taken_away_neither_undoes_a_reset_nor_keeps_the_box_down(desk: Desk) -> None:
    """Somebody has put a directory there, or the file is held fast."""
    aside = desk.path / "frontdesk.db.damaged-mine"
    aside.mkdir()
    desk.do("factory-reset", yes=True)
    assert desk.do("account list") == []
    told(desk, aside)
    again = desk.restart()
    assert again.do("account list") == [] and MARK in again.store.meta
    told(again, aside)
    aside.rmdir()
    assert MARK not in again.restart().store.meta


def test_file_that_cannot_be_taken_away_keeps_nothing_else_there(tmp_path: Path) -> None:
    (tmp_path / CERTIFICATES).mkdir()
    with durable_box(tmp_path) as box:
        box.do("account add", user="105", password="secret", name="Somebody 105")
        (tmp_path / "snapshots" / "99999999-mine.db").mkdir()
        for name in ("a", "c"):
            (tmp_path / f"frontdesk.db.damaged-{name}").write_text("Somebody 105")
        (tmp_path / "frontdesk.db.damaged-b").mkdir()
        box.do("factory-reset", yes=True)
        assert not any(b"Somebody 105" in path.read_bytes() for path in files(tmp_path))
        assert not (tmp_path / CERTIFICATES).exists()


def test_next_certificates_stay_though_a_file_of_before_cannot_be_taken_away(desk: Desk) -> None:
    """Browsers have been told to trust them."""
    (desk.path / "frontdesk.db.damaged-mine").mkdir()
    desk.do("factory-reset", yes=True)
    (desk.path / CERTIFICATES).mkdir()
    assert MARK in desk.restart().store.meta
    assert (desk.path / CERTIFICATES).is_dir()


def test_next_certificates_stay_where_a_start_has_taken_those_of_before_away(desk: Desk) -> None:
    (desk.path / "frontdesk.db.damaged-mine").mkdir()
    finish(desk.records.change(pairs=[("meta", MARK, ALL)]))  # as where the power was cut
    (desk.path / CERTIFICATES).mkdir()
    desk.restart()
    assert not (desk.path / CERTIFICATES).exists()
    (desk.path / CERTIFICATES).mkdir()
    desk.restart()
    assert (desk.path / CERTIFICATES).is_dir()


def test_certificates_that_cannot_be_taken_away_are_told(desk: Desk) -> None:
    (desk.path / "elsewhere").mkdir()
    (desk.path / CERTIFICATES).symlink_to(desk.path / "elsewhere")
    desk.do("factory-reset", yes=True)
    told(desk, desk.path / CERTIFICATES)


def told(desk: Desk, path: Path) -> None:
    """What is left of before is named, and what is to be done."""
    (notice,) = (each for each in desk.store.notices if "factory reset" in each)
    assert path.name in notice and "Take it away" in notice.cure


def test_snapshot_that_cannot_be_written_leaves_no_older_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError("no space left")

    filled(desk)
    monkeypatch.setattr(desk.store.snapshots, "write", full)
    desk.do("factory-reset", yes=True)
    assert list((desk.path / "snapshots").iterdir()) == []


def test_certificates_go_where_no_box_runs_too(desk: Desk) -> None:
    (desk.path / CERTIFICATES).mkdir()
    desk.do("restore", text=desk.do("backup", passphrase="a long one"), passphrase="a long one")
    assert (desk.path / CERTIFICATES).is_dir(), "browsers know this box, whatever it holds"
    desk.do("factory-reset", yes=True)
    assert not (desk.path / CERTIFICATES).exists()


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def test_who_comes_next_reads_nothing_of_what_happened(desk: Desk) -> None:
    desk.box.day = Day(lambda: 1, lambda: 0, lambda: desk.now)
    desk.core.events.subscribe(desk.box.day.hear)
    desk.core.events.add(Event(desk.now, Kind.CALLING, "101", Wording("102"), (), "192.0.2.23:5060/udp"))
    desk.core.events.publish()
    desk.box.log.append("101 called 102")
    phone(desk)
    desk.do("factory-reset", yes=True)
    assert desk.do("events") == desk.do("log") == []
    assert sum(desk.do("today")["calls"]) == 0


def test_call_that_was_up_leaves_no_record(desk: Desk) -> None:
    ended, up = (Call((f"{name}@phone", "tag"), "101", "101", "102", "", desk.now) for name in ("ended", "up"))
    for call in (ended, up):
        call.dialogs["callee"] = True
        desk.core.proxy.calls.begin(call)
    desk.core.proxy.calls.hung_up(ended.key, "callee", desk.now)
    desk.do("factory-reset", yes=True)
    desk.core.proxy.calls.hung_up(up.key, "callee", desk.now)
    desk.core.write_records()
    assert desk.core.proxy.calls.active(desk.now) == []
    assert not [each for each in desk.core.take_actions() if isinstance(each, Commit) and each.changes.calls]


@pytest.mark.parametrize(("error", "listed"), [(None, []), (StoreError("full"), ["call-1", "call-2"])])
def test_call_that_ends_meanwhile_leaves_a_record_only_where_nothing_is_reset(
    tmp_path: Path, error: Exception | None, listed: list[str]
) -> None:
    with durable_box(tmp_path) as box:
        change, background = box._box.records.change, box._core.registrations.background

        async def slow(**what: Any) -> None:
            if error is None:
                await change(**what)
            if "wipe" not in what:
                return
            background.write(Changes(calls=[a_call(1)]))
            background.write(Changes(up=[a_call(2, id=1)]))
            box.flush()
            if error is not None:
                raise error

        box._box.records.change = slow  # type: ignore[method-assign]
        with suppress(VerbError):
            box.do("factory-reset", yes=True)
    with durable_box(tmp_path) as box:
        assert sorted(each["call_id"] for each in box.do("calls")) == listed


def test_export_with_secrets_brings_everything_back_byte_for_byte(desk: Desk) -> None:
    text = filled(desk).do("export", secrets=True)
    desk.do("factory-reset", yes=True)
    assert desk.do("export", secrets=True) != text
    desk.do("import", text=text)
    assert desk.do("export", secrets=True) == text == desk.restart().do("export", secrets=True)
    assert desk.do("domain get") == REALM


def test_certificates_of_the_page_go_too(desk: Desk) -> None:
    site = Site(lambda: desk.box.settings, lambda: REALM, desk.box.clock.now)
    gone: list[str] = []
    site.forget = lambda: gone.append("certificates")
    desk.box.site = site
    with pytest.raises(VerbError):
        desk.do("factory-reset")
    assert not gone
    desk.do("factory-reset", yes=True)
    assert gone == ["certificates"]


def test_network_is_kept_where_that_is_said(desk: Desk) -> None:
    filled(desk)
    desk.do("config set", key="web.names", value="phones.example.com")
    desk.do("factory-reset", **{"keep-network": True, "yes": True})
    kept = Settings(net_dns=("192.0.2.1", "192.0.2.2"), web_names=("phones.example.com",))
    assert desk.restart().box.settings == kept


def test_running_box_has_the_names_that_the_computer_has_after_a_reset(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.box.system, "defaults", lambda settings: replace(settings, hostname="raspberrypi"))
    desk.do("factory-reset", yes=True)
    assert desk.taken[-1] == desk.box.settings == Settings(hostname="raspberrypi")


def test_computer_that_cannot_be_reset_now_is_at_the_next_start(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    resets: list[str] = []

    async def refuse() -> None:
        raise VerbError("frontdesk-helper does not answer.")

    async def reset() -> None:
        resets.append("done")

    monkeypatch.setattr(desk.box.system, "reset", refuse)
    desk.do("factory-reset", yes=True)
    assert "not as at first until the next start" in notices(desk)
    again = desk.restart()
    monkeypatch.setattr(again.box.system, "reset", reset)
    finish(started(again.box, owed.read(again.store.meta)))
    assert resets == ["done"] and OWED not in again.restart().store.meta


@pytest.mark.parametrize(("keep_network", "left"), [(False, {owed.RESET: None}), (True, {})])
def test_power_cut_behind_a_reset_leaves_it_to_the_next_start_to_reset_the_computer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, keep_network: bool, left: owed.Owed
) -> None:
    """Whatever was owed before: it is part of what takes the accounts away."""
    asyncio.run(owed.owe(desk.box.records, {owed.RESET: None} if keep_network else {}))

    def cut(certificates: bool) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.records, "_forget_past", cut)
    with pytest.raises(KeyboardInterrupt):
        desk.do("factory-reset", **{"keep-network": keep_network, "yes": True})
    again = desk.restart()
    assert not again.box.directory.accounts and owed.read(again.store.meta) == left


@pytest.mark.parametrize("keep_network", [False, True])
def test_last_reset_says_whether_the_computer_is_reset_at_the_next_start(desk: Desk, keep_network: bool) -> None:
    """Or a network that was kept, or given since, would go at the next power cut."""
    asyncio.run(owed.owe(desk.box.records, {owed.RESET: None, "hostname": "lobby"}))
    desk.do("factory-reset", **{"keep-network": keep_network, "yes": True})
    assert owed.read(desk.restart().store.meta) == {"hostname": "lobby"}


def test_reset_wants_to_be_sure(desk: Desk) -> None:
    text = filled(desk).do("export", secrets=True)
    with pytest.raises(VerbError, match="say --yes"):
        desk.do("factory-reset")
    assert desk.do("export", secrets=True) == text


def test_reset_that_is_on_disk_is_not_denied_where_the_disk_then_takes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(desk)
    change = desk.records.change

    async def last(**what: Any) -> None:
        await change(**what)
        desk.full = "wipe" in what

    monkeypatch.setattr(desk.records, "change", last)
    desk.do("factory-reset", yes=True)
    desk.full = False
    for each in (desk, desk.restart()):
        assert not each.box.directory.accounts and not each.box.admin.is_set


def test_reset_that_is_not_on_disk_did_not_happen(desk: Desk) -> None:
    text = filled(desk).do("export", secrets=True)
    desk.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("factory-reset", yes=True)
    desk.full = False
    assert desk.do("export", secrets=True) == text
