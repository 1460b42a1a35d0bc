"""Settings that are staged, taken into use together, tried out, and go back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from frontdesk.config import OWED, text_of
from frontdesk.control import Box, VerbError
from frontdesk.control.box import Box as BoxType
from frontdesk.control.candidate import CONSOLE, EDITOR
from frontdesk.control.host import ManagedElsewhere
from frontdesk.control.owed import read
from frontdesk.control.start import started
from frontdesk.model import Settings
from tests.control.desk import Desk, finish
from tests.store.rows import NOW


class Machine(ManagedElsewhere):
    """Takes what it is given, and notes it; or refuses."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.refuses = ""
        self.then: Callable[[], None] = lambda: None

    async def apply(self, settings: Settings, keys: Sequence[str]) -> list[str]:
        if self.refuses:
            raise VerbError(self.refuses)
        self.addresses.append(settings.net_address)
        self.then()
        return []


@pytest.fixture
def machine(desk: Desk) -> Machine:
    desk.box.system = machine = Machine()
    return machine


def stage(desk: Desk, **settings: str) -> list[str]:
    """The warnings."""
    keys = {key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()}
    return [desk.do("config stage", key=key, value=value)["warning"] for key, value in keys.items()]


def cut_after(desk: Desk, changes: int) -> None:
    """The power goes behind so many changes by hand: no further one reaches the disk."""
    real, done = desk.records._execute, []

    async def execute(write: Any, **how: bool) -> Any:
        if how.get("snapshot", True):
            done.append(write)
            if len(done) > changes:
                raise OSError("no power")
        return await real(write, **how)

    desk.records._execute = execute


def used(desk: Desk, key: str) -> str:
    return text_of(desk.box.settings, key)


def notices(desk: Desk) -> str:
    return "\n".join(desk.do("status").get("notices", ()))


# -- staging -----------------------------------------------------------------------------------------------------------


def test_what_is_staged_is_shown_and_not_in_use(desk: Desk) -> None:
    stage(desk, max_expires="2h", net__address="192.0.2.10/24")
    assert used(desk, "max-expires") == "1d"
    assert desk.do("config diff") == [
        {"key": "max-expires", "old": "1d", "new": "2h"},
        {"key": "net.address", "old": "dhcp", "new": "192.0.2.10/24"},
    ]
    assert not desk.taken
    assert "The command line staged changes of settings 0s ago" in notices(desk)


def test_value_that_is_in_use_is_no_difference(desk: Desk) -> None:
    stage(desk, max_expires="2h")
    stage(desk, max_expires="1d")
    assert desk.do("config diff") == []
    with pytest.raises(VerbError, match="Nothing is staged"):
        desk.do("config commit")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("no-such", "1", "There is no setting 'no-such'"),
        ("max-expires", "never", "is a duration"),
        ("max-expires", "0s", "is at least 1s"),
    ],
)
def test_bad_value_changes_nothing_of_what_is_staged(desk: Desk, key: str, value: str, sentence: str) -> None:
    stage(desk, flush="5m")
    with pytest.raises(VerbError, match=sentence):
        desk.do("config stage", key=key, value=value)
    assert desk.do("config diff") == [{"key": "flush", "old": "10m", "new": "5m"}]


def test_second_editor_is_warned(desk: Desk) -> None:
    token = EDITOR.set(CONSOLE)
    assert stage(desk, flush="5m", max_expires="2h") == ["", ""]
    EDITOR.reset(token)
    (warning,) = stage(desk, max_bindings="3")
    assert warning.startswith("The console staged changes of settings 0s ago too")


def test_nothing_is_staged_where_no_box_serves(desk: Desk) -> None:
    box = desk.box
    alone: BoxType = Box(box.directory, box.location, box.records, box.settings, box.clock, admin=box.admin)
    desk.box = alone
    with pytest.raises(VerbError, match="Settings are staged where the box serves"):
        stage(desk, flush="5m")


def test_settings_are_held_against_each_other_at_the_commit(desk: Desk) -> None:
    stage(desk, min_expires="2h", flush="5m")
    with pytest.raises(VerbError, match="must stand in this order"):
        desk.do("config commit")
    assert used(desk, "flush") == "10m" and not desk.taken
    stage(desk, default_expires="2h")
    desk.do("config commit")
    assert used(desk, "min-expires") == "2h"


# -- commit ------------------------------------------------------------------------------------------------------------


def test_commit_takes_all_into_use_at_once_and_for_good(desk: Desk, machine: Machine) -> None:
    stage(desk, min_expires="90m", default_expires="2h", net__address="192.0.2.10/24", net__gateway="192.0.2.1")
    answer = desk.do("config commit")
    assert answer == {
        "changed": ["min-expires", "default-expires", "net.address", "net.gateway"], "confirm": None, "notes": []
    }  # fmt: skip
    assert [settings.default_expires for settings in desk.taken] == [7200]
    assert machine.addresses == ["192.0.2.10/24"]
    again = desk.restart()
    assert used(again, "min-expires") == "90m" and used(again, "net.gateway") == "192.0.2.1"
    assert desk.do("config diff") == []


def test_default_takes_a_setting_back(desk: Desk) -> None:
    desk.do("config set", key="flush", value="5m")
    stage(desk, flush="default")
    desk.do("config commit")
    assert used(desk, "flush") == "10m" and used(desk.restart(), "flush") == "10m"


def test_machine_that_refuses_leaves_all_as_it_was(desk: Desk, machine: Machine) -> None:
    stage(desk, flush="5m", net__address="192.0.2.10/24")
    machine.refuses = "The network cannot be changed."
    for words in ({}, {"confirm": 60}):
        with pytest.raises(VerbError, match="The network cannot be changed"):
            desk.do("config commit", **words)
        assert used(desk, "flush") == "10m" and not desk.taken
        assert [each["key"] for each in desk.do("config diff")] == ["flush", "net.address"]
        assert desk.box.candidate.trial is None


def test_disk_that_is_full_leaves_the_machine_as_it_is(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24")
    desk.full = True
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("config commit")
    assert machine.addresses == [] and used(desk, "net.address") == "dhcp"


def test_disk_that_fills_up_meanwhile_takes_the_machine_back(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24")
    machine.then = lambda: setattr(desk, "full", True)
    with pytest.raises(VerbError, match="Nothing was changed"):
        desk.do("config commit")
    assert machine.addresses == ["192.0.2.10/24", "dhcp"]
    assert used(desk, "net.address") == "dhcp"


def test_computer_that_is_managed_elsewhere_keeps_what_it_is_told_and_says_so(desk: Desk) -> None:
    stage(desk, hostname="lobby")
    assert desk.do("config commit")["notes"] == ["hostname: kept, but not used here: managed by this computer."]
    assert desk.do("config set", key="hostname", value="attic")["notes"]


def test_accounts_are_never_rolled_back(desk: Desk) -> None:
    stage(desk, flush="5m")
    desk.do("config commit", confirm=60)
    desk.do("account add", user="102")
    desk.do("config rollback")
    assert [account["user"] for account in desk.do("account list")] == ["101", "102"]
    assert used(desk, "flush") == "10m"


def test_listener_that_is_taken_refuses_the_commit_and_the_machine_goes_back(desk: Desk, machine: Machine) -> None:
    async def listen(settings: Settings) -> list[str]:
        raise VerbError("Cannot listen on udp:0.0.0.0:53: Address already in use. Nothing was changed.")

    desk.box.listen = listen
    stage(desk, listen="udp:0.0.0.0:53", net__address="192.0.2.10/24")
    for words in ({}, {"confirm": 60}):
        with pytest.raises(VerbError, match="Address already in use"):
            desk.do("config commit", **words)
        assert used(desk, "listen") == "udp, tcp" and machine.addresses[-1] == "dhcp"


def test_listeners_go_back_with_the_rest(desk: Desk) -> None:
    heard: list[tuple[str, ...]] = []

    async def listen(settings: Settings) -> list[str]:
        heard.append(settings.listen)
        return []

    desk.box.listen = listen
    stage(desk, listen="UDP:[::1]:5070 tcp:192.0.2.1:5070")
    desk.do("config commit", confirm=60)
    desk.ring()
    assert heard == [("udp:[::1]:5070", "tcp:192.0.2.1:5070"), ()]


# -- on trial ----------------------------------------------------------------------------------------------------------


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


def test_what_nobody_confirmed_is_never_taken_for_good_untried(desk: Desk) -> None:
    """The next to commit may not know that it is still staged, nor that it cut somebody off."""
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
    desk.ring()
    stage(desk, flush="5m")
    with pytest.raises(VerbError, match="Nobody confirmed what is staged"):
        desk.do("config commit")
    assert used(desk, "net.address") == "dhcp" and len(desk.do("config diff")) == 2
    desk.do("config commit", confirm=60)
    desk.do("config commit")
    assert used(desk, "net.address") == "192.0.2.10/24" and used(desk, "flush") == "5m" and not notices(desk)


def test_once_it_is_dropped_others_are_taken_for_good(desk: Desk) -> None:
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
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


def test_commit_that_is_confirmed_stays(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
    assert desk.do("config commit")["changed"] == ["net.address"]
    desk.ring()
    assert used(desk, "net.address") == "192.0.2.10/24" and not notices(desk)
    again = desk.restart()
    assert used(again, "net.address") == "192.0.2.10/24"
    assert OWED not in again.store.meta


def test_commit_that_is_confirmed_owes_nothing_in_the_same_transaction(desk: Desk, machine: Machine) -> None:
    """A power cut right behind it must not bring the settings of before back to the computer alone."""
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
    cut_after(desk, 1)
    desk.do("config commit")
    again = desk.restart()
    assert used(again, "net.address") == "192.0.2.10/24" and OWED not in again.store.meta


def test_rollback_is_one_though_the_disk_does_not_take_that_nothing_is_owed(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
    desk.full = True
    desk.do("config rollback")
    assert used(desk, "net.address") == machine.addresses[-1] == "dhcp"


def test_restart_in_the_middle_of_a_trial_goes_back_and_so_does_the_machine(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
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
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
    machine.refuses = "nmcli failed."
    with pytest.raises(VerbError, match="nmcli failed"):
        desk.do("config rollback")
    machine.refuses = ""
    assert used(desk, "net.address") == "192.0.2.10/24" and desk.box.candidate.trial is not None
    desk.do("config commit")
    assert used(desk.restart(), "net.address") == "192.0.2.10/24"


def test_rollback_ends_a_trial_at_once(desk: Desk, machine: Machine) -> None:
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
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
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
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
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
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
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
    desk.do("restore", text=text, passphrase="a long one")
    again = desk.restart()
    assert OWED not in again.store.meta and used(again, "net.address") == "192.0.2.10/24"


@pytest.mark.parametrize("words", ["set", "commit", "rollback", "import"])
def test_what_a_start_could_not_bring_back_is_still_owed_behind_a_change_of_something_else(
    desk: Desk, machine: Machine, words: str
) -> None:
    """Nobody confirmed that network, and the machine refused the way back."""
    stage(desk, net__address="192.0.2.10/24")
    desk.do("config commit", confirm=60)
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
