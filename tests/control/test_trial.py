"""Settings on trial: they go back by themselves, and whatever is cut off in the middle owes the computer nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from frontdesk.config import OWED
from frontdesk.control import VerbError
from frontdesk.control.owed import read
from frontdesk.control.start import started
from frontdesk.model import Settings
from tests.control.computer import Machine, cut_after, notices, stage, used
from tests.control.desk import Desk, finish
from tests.store.rows import NOW


def test_commit_that_nobody_confirms_goes_back_by_itself(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24", flush="5m")
    assert desk.do("config commit", confirm=60)["confirm"] == 60
    assert used(desk, "net.address") == "192.0.2.10/24" and desk.bells[0].seconds == 60
    assert "they go back in 1m 0s unless `commit` keeps them" in notices(desk)
    desk.ring()
    assert used(desk, "net.address") == "dhcp" and used(desk, "flush") == "10m"
    assert machine.addresses == ["192.0.2.10/24", "dhcp"]
    assert [settings.flush for settings in desk.taken] == [300, 600]
    assert "Nobody confirmed the last commit" in notices(desk)
    assert [each["key"] for each in desk.do("config diff")] == ["net.address", "flush"], "it can be mended"


def try_out(desk: Desk) -> None:
    """A fixed address, for a minute."""
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)


def test_what_nobody_confirmed_is_never_taken_for_good_untried(desk: Desk) -> None:
    """The next to commit may not know that it is still staged, nor that it cut somebody off."""
    try_out(desk)
    desk.ring()
    stage(desk, flush="5m")
    with pytest.raises(VerbError, match="Nobody confirmed what is staged"):
        desk.do("config commit")
    assert used(desk, "net.address") == "dhcp" and len(desk.do("config diff")) == 2
    desk.do("config commit", confirm=60)
    desk.do("config commit")
    assert used(desk, "net.address") == "192.0.2.10/24" and used(desk, "flush") == "5m" and not notices(desk)


def test_once_it_is_dropped_others_are_taken_for_good(desk: Desk) -> None:
    try_out(desk)
    desk.ring()
    desk.do("config rollback")
    stage(desk, flush="5m")
    assert desk.do("config commit")["changed"] == ["flush"]


def test_commit_that_is_tried_twice_is_tried_longer_and_not_kept(desk: Desk, machine: Machine) -> None:
    desk.do("config stage", key="flush", value="5m")
    desk.do("config commit", confirm=60)
    desk.now += 50
    again = desk.do("config commit", confirm=60)
    assert (again["changed"], again["confirm"]) == (["flush"], 60)
    first, second = desk.bells
    assert first.cancelled and not second.cancelled and second.seconds == 60
    assert "they go back in 1m 0s" in notices(desk)
    desk.ring()
    assert desk.do("config get", key="flush") == "10m" and "Nobody confirmed" in notices(desk)


def test_alarm_that_waits_for_its_turn_takes_nothing_back_once_the_time_was_renewed(
    desk: Desk, machine: Machine
) -> None:
    stage(desk, flush="5m")
    desk.do("config commit", confirm=60)
    (late,) = desk.bells
    desk.do("config commit", confirm=90)
    finish(late.work())
    assert used(desk, "flush") == "5m" and "they go back in 1m 30s" in notices(desk)
    desk.ring()
    assert used(desk, "flush") == "10m"


def test_way_back_that_the_machine_refuses_is_tried_again_until_it_takes_it(desk: Desk, machine: Machine) -> None:
    try_out(desk)
    for machine.refuses, address in (("nmcli failed.", "192.0.2.10/24"), ("", "dhcp")):
        finish(desk.bells[-1].work())
        assert used(desk, "net.address") == address


def test_commit_that_is_confirmed_stays(desk: Desk, machine: Machine) -> None:
    try_out(desk)
    assert desk.do("config commit")["changed"] == ["net.address"]
    desk.ring()
    assert used(desk, "net.address") == "192.0.2.10/24" and not notices(desk)
    again = desk.restart()
    assert used(again, "net.address") == "192.0.2.10/24"
    assert OWED not in again.store.meta


def test_commit_that_is_confirmed_owes_nothing_in_the_same_transaction(desk: Desk, machine: Machine) -> None:
    """A power cut right behind it must not bring the settings of before back to the computer alone."""
    try_out(desk)
    cut_after(desk, 1)
    desk.do("config commit")
    again = desk.restart()
    assert used(again, "net.address") == "192.0.2.10/24" and OWED not in again.store.meta


def test_rollback_is_one_though_the_disk_does_not_take_that_nothing_is_owed(desk: Desk, machine: Machine) -> None:
    try_out(desk)
    desk.full = True
    desk.do("config rollback")
    assert used(desk, "net.address") == machine.addresses[-1] == "dhcp"


def test_restart_in_the_middle_of_a_trial_goes_back_and_so_does_the_machine(desk: Desk, machine: Machine) -> None:
    try_out(desk)
    again = desk.restart()
    assert used(again, "net.address") == "dhcp"
    again.box.system = machine
    finish(started(again.box, read(again.store.meta)))
    assert machine.addresses[-1] == "dhcp"
    assert OWED not in again.restart().store.meta


EXPORT = "frontdesk-export 1\nset net.address 192.0.2.10/24\n"


@pytest.mark.parametrize(
    ("words", "arguments"),
    [("config set", {"key": "net.address", "value": "192.0.2.10/24"}), ("import", {"text": EXPORT})],
)
def test_power_cut_in_the_middle_of_a_change_brings_the_machine_back(
    desk: Desk, machine: Machine, words: str, arguments: dict[str, str]
) -> None:
    """Whoever is cut off by another address pulls the plug."""

    async def cut(settings: Settings, keys: Sequence[str]) -> list[str]:
        machine.addresses.append(settings.net_address)
        raise KeyboardInterrupt

    machine.apply = cut  # type: ignore[method-assign]
    cut_after(desk, 1)
    with pytest.raises(KeyboardInterrupt):
        desk.do(words, **arguments)
    again = desk.restart()
    again.box.system = back = type(machine)()
    assert read(again.store.meta) == {"net.address": "dhcp"}
    finish(started(again.box, read(again.store.meta)))
    assert back.addresses == ["dhcp"] and OWED not in again.restart().store.meta


def test_change_that_is_kept_owes_nothing(desk: Desk, machine: Machine) -> None:
    desk.do("config set", key="net.address", value="192.0.2.10/24")
    machine.refuses = "nmcli failed."
    with pytest.raises(VerbError, match="nmcli failed"):
        desk.do("config set", key="net.address", value="192.0.2.11/24")
    assert OWED not in desk.restart().store.meta


def test_rollback_that_the_machine_refuses_leaves_the_trial_and_commit_keeps_what_is_tried(
    desk: Desk, machine: Machine
) -> None:
    try_out(desk)
    machine.refuses = "nmcli failed."
    with pytest.raises(VerbError, match="nmcli failed"):
        desk.do("config rollback")
    machine.refuses = ""
    assert used(desk, "net.address") == "192.0.2.10/24" and desk.box.candidate.trial is not None
    desk.do("config commit")
    assert used(desk.restart(), "net.address") == "192.0.2.10/24"


def test_rollback_ends_a_trial_at_once(desk: Desk, machine: Machine) -> None:
    try_out(desk)
    desk.do("config rollback")
    assert machine.addresses == ["192.0.2.10/24", "dhcp"] and desk.do("config diff") == []
    assert all(bell.cancelled for bell in desk.bells)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("config set", {"key": "flush", "value": "1m"}),
        ("config stage", {"key": "flush", "value": "1m"}),
        ("import", {"text": "frontdesk-export 1\n"}),
    ],
)
def test_nobody_else_changes_settings_in_the_middle_of_a_trial(
    desk: Desk, words: str, arguments: dict[str, Any]
) -> None:
    if words == "import":
        arguments = {"text": desk.do("export")}
    stage(desk, flush="5m")
    desk.do("config commit", confirm=60)
    with pytest.raises(VerbError, match="The command line tries settings out, for 1m 0s yet: first `commit`"):
        desk.do(words, **arguments)
    assert used(desk, "flush") == "5m"


def test_restore_that_is_refused_leaves_a_trial_as_it_is(desk: Desk, machine: Machine) -> None:
    """Else nothing would bring the network back."""
    backup = desk.do("backup", passphrase="one two three")
    try_out(desk)
    desk.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("restore", text=backup, passphrase="one two three")
    desk.full = False
    assert used(desk, "net.address") == machine.addresses[-1] == "192.0.2.10/24"
    assert read(finish(desk.records.pairs("meta"))) == {"net.address": "dhcp"}
    desk.ring()
    assert used(desk, "net.address") == machine.addresses[-1] == "dhcp"


def test_restore_in_a_trial_owes_nothing_once_it_is_kept_and_all_of_it_until_then(
    desk: Desk, machine: Machine
) -> None:
    desk.do("config set", key="net.address", value="192.0.2.11/24")
    text = desk.do("backup", passphrase="a long one")
    desk.do("config set", key="net.address", value="dhcp")
    try_out(desk)
    machine.refuses = "nmcli failed."
    with pytest.raises(VerbError, match="nmcli failed"):
        desk.do("restore", text=text, passphrase="a long one")
    assert read(finish(desk.records.pairs("meta"))) == {"net.address": "dhcp"}
    machine.refuses, owed_then = "", []
    machine.then = lambda: owed_then.append(read(finish(desk.records.pairs("meta"))))
    cut_after(desk, 1)
    desk.do("restore", text=text, passphrase="a long one")
    assert owed_then == [{"net.address": "dhcp"}]
    again = desk.restart()
    assert OWED not in again.store.meta and used(again, "net.address") == "192.0.2.11/24"


def test_restore_of_what_is_on_trial_owes_nothing_once_it_is_kept(desk: Desk, machine: Machine) -> None:
    desk.do("config set", key="net.address", value="192.0.2.10/24")
    text = desk.do("backup", passphrase="a long one")
    desk.do("config set", key="net.address", value="dhcp")
    try_out(desk)
    desk.do("restore", text=text, passphrase="a long one")
    again = desk.restart()
    assert OWED not in again.store.meta and used(again, "net.address") == "192.0.2.10/24"


@pytest.mark.parametrize("words", ["set", "commit", "rollback", "import"])
def test_what_a_start_could_not_bring_back_is_still_owed_behind_a_change_of_something_else(
    desk: Desk, machine: Machine, words: str
) -> None:
    """Nobody confirmed that network, and the machine refused the way back."""
    try_out(desk)
    desk = desk.restart()
    desk.box.system = machine
    machine.refuses = "nmcli failed."
    finish(started(desk.box, read(desk.store.meta)))
    machine.refuses = ""
    if words == "set":
        desk.do("config set", key="hostname", value="other")
    elif words == "import":
        desk.do("import", text="frontdesk-export 1\nset hostname other\n")
    else:
        stage(desk, hostname="other")
        desk.do("config commit", confirm=60)
        desk.do(f"config {words}")
    assert read(finish(desk.records.pairs("meta"))) == {"net.address": "dhcp"}


def test_way_back_that_the_machine_refuses_behind_a_disk_that_fails_is_the_next_starts(
    desk: Desk, machine: Machine
) -> None:
    real = desk.records._execute

    async def fail_once(write: Any, **how: bool) -> Any:
        if machine.addresses and how.get("snapshot", True):
            desk.records._execute, machine.refuses = real, "nmcli failed."
            raise OSError("no space left")
        return await real(write, **how)

    desk.records._execute = fail_once
    with pytest.raises(VerbError, match="nmcli failed"):
        desk.do("config set", key="net.address", value="192.0.2.10/24")
    assert used(desk, "net.address") == "dhcp"
    assert read(finish(desk.records.pairs("meta"))) == {"net.address": "dhcp"}


def test_factory_reset_needs_no_end_of_a_trial(desk: Desk) -> None:
    stage(desk, flush="5m")
    desk.do("config commit", confirm=60)
    desk.do("factory-reset", yes=True)
    desk.ring()
    assert used(desk, "flush") == "10m" and desk.box.candidate.trial is None


@pytest.mark.parametrize("seconds", [0, 86_401])
def test_trial_has_a_day_at_most(desk: Desk, seconds: int) -> None:
    stage(desk, flush="5m")
    with pytest.raises(VerbError, match=f"1 to 86400 seconds, not {seconds}"):
        desk.do("config commit", confirm=seconds)
    assert used(desk, "flush") == "10m"


def test_time_is_of_the_box(desk: Desk) -> None:
    stage(desk, flush="5m")
    desk.do("config commit", confirm=60)
    trial = desk.box.candidate.trial
    assert trial is not None and trial.ends_at == NOW + 60
