"""Settings that are staged and taken into use together."""

from __future__ import annotations

import pytest

from frontdesk.control import Box, VerbError
from frontdesk.control.box import Box as BoxType
from frontdesk.control.candidate import CONSOLE, EDITOR
from frontdesk.model import Settings
from tests.control.computer import Machine, notices, stage, used
from tests.control.desk import Desk

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
    assert "staged" not in notices(desk)


def test_what_is_in_use_is_staged_no_longer_whatever_is_set_later(desk: Desk) -> None:
    stage(desk, max_expires="2h")
    desk.do("config commit")
    assert "staged" not in notices(desk)
    desk.do("config set", key="max-expires", value="3h")
    assert desk.do("config diff") == []


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
