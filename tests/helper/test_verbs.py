"""The verbs of the helper: exactly these, each argument checked, each done by what Debian has for it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from frontdesk_helper.host import Foreign, Refused
from frontdesk_helper.machine import Machine
from frontdesk_helper.networks import FILE
from frontdesk_helper.verbs import VERBS, answer
from tests.helper.recording import Computer

FIXED = {"interface": "eth0", "address": "192.0.2.10/24", "gateway": "192.0.2.1", "servers": ["192.0.2.53"]}
DHCP = {"interface": "eth0", "address": "dhcp", "gateway": "", "servers": []}


def do(computer: Computer, verb: str, **arguments: Any) -> dict[str, Any]:
    return answer(Machine(computer), {"verb": verb, **arguments})


def test_there_are_exactly_these_verbs() -> None:
    assert set(VERBS) == {"network", "hostname", "timezone", "set-clock", "reboot", "poweroff", "factory-reset"}


@pytest.mark.parametrize(
    "request_",
    [
        None, [], 5, "reboot", {}, {"verb": 7}, {"verb": "reboot; id"}, {"verb": "run", "command": "id"},
        {"verb": "reboot", "now": True}, {"verb": "factory-reset", "path": "/"}, {"verb": "network"},
        {"verb": "network", **FIXED, "extra": 1}, {"verb": "network", **FIXED, "interface": "../eth0"},
        {"verb": "network", **FIXED, "interface": "eth0\n[Network]"}, {"verb": "network", **FIXED, "interface": "-h"},
        {"verb": "network", **FIXED, "interface": "eth7"}, {"verb": "network", **FIXED, "interface": "lo"},
        {"verb": "network", **FIXED, "address": "192.0.2.10"}, {"verb": "network", **FIXED, "address": "10.0.0.1/33"},
        {"verb": "network", **FIXED, "address": "127.0.0.1/8"}, {"verb": "network", **FIXED, "address": ["dhcp"]},
        {"verb": "network", **FIXED, "address": "fe80::1%eth0/64"}, {"verb": "network", **FIXED, "gateway": None},
        {"verb": "network", **FIXED, "gateway": "gw\nDNS=1"}, {"verb": "network", **FIXED, "servers": "192.0.2.53"},
        {"verb": "network", **FIXED, "servers": ["192.0.2.53"] * 9},
        {"verb": "network", **FIXED, "address": "192.0.2.0/24"},
        {"verb": "network", **FIXED, "address": "192.0.2.255/24"},
        {"verb": "hostname", "name": "a b", "http": 80, "https": 443},
        {"verb": "hostname", "name": "../x", "http": 80, "https": 443},
        {"verb": "hostname", "name": "x\n", "http": 80, "https": 443},
        {"verb": "hostname", "name": "localhost", "http": 80, "https": 443},
        {"verb": "hostname", "name": "lobby", "http": True, "https": 443},
        {"verb": "hostname", "name": "lobby", "http": 80, "https": 65536}, {"verb": "hostname", "name": "lobby"},
        {"verb": "timezone", "zone": "../../etc/shadow"}, {"verb": "timezone", "zone": "/etc/passwd"},
        {"verb": "timezone", "zone": "Mars/Olympus"}, {"verb": "timezone", "zone": "Europe"},
        {"verb": "set-clock", "wall": "now"}, {"verb": "set-clock", "wall": float("nan")},
        {"verb": "set-clock", "wall": float("inf")}, {"verb": "set-clock", "wall": 0},
        {"verb": "set-clock", "wall": 1e12}, {"verb": "set-clock", "wall": True},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_and_changes_nothing(computer: Computer, request_: Any) -> None:
    before = computer.picture()
    with pytest.raises(Refused, match=r"^[^\n]+\.$"):
        answer(Machine(computer), request_)
    assert (computer.picture(), computer.changes(), computer.clock) == (before, [], [])


# -- network -----------------------------------------------------------------------------------------------------------


def test_networkd_is_given_a_file_of_ours_and_told(computer: Computer) -> None:
    assert do(computer, "network", **FIXED) == {"by": "systemd-networkd", "notes": []}
    lines = computer.read(FILE).splitlines()
    assert {"Name=eth0", "Address=192.0.2.10/24", "Gateway=192.0.2.1", "DNS=192.0.2.53"} <= set(lines)
    assert not any(line.startswith("DHCP=") for line in lines)
    assert computer.ran == ["networkctl reload", "networkctl reconfigure eth0"]
    assert computer.path(FILE).stat().st_mode & 0o777 == 0o644, "networkd is no root"


def test_whose_umask_hides_files_still_writes_what_all_may_read(computer: Computer) -> None:
    before = os.umask(0o077)
    try:
        do(computer, "network", **FIXED)
    finally:
        os.umask(before)
    assert computer.path(FILE).stat().st_mode & 0o777 == 0o644


def test_what_cannot_be_written_is_told_and_nothing_is_run(computer: Computer) -> None:
    (computer.root / "etc/systemd").write_text("in the way")
    with pytest.raises(Refused, match=f"^{FILE} cannot be written: "):
        do(computer, "network", **FIXED)
    assert computer.changes() == []


def test_the_same_once_more_does_nothing(computer: Computer) -> None:
    do(computer, "network", **FIXED)
    computer.ran.clear()
    do(computer, "network", **FIXED)
    assert computer.ran == []


def test_dhcp_is_as_the_computer_was_set_up(computer: Computer) -> None:
    before = computer.picture()
    do(computer, "network", **FIXED)
    computer.ran.clear()
    do(computer, "network", **DHCP)
    assert computer.picture() == before
    assert computer.ran == ["networkctl reload", "networkctl reconfigure eth0"]


def test_dhcp_with_name_servers_of_ones_own_falls_back_to_a_link_local_address(computer: Computer) -> None:
    do(computer, "network", **DHCP | {"servers": ["192.0.2.53"]})
    assert {"DHCP=yes", "LinkLocalAddressing=yes", "DNS=192.0.2.53", "UseDNS=no"} <= set(
        computer.read(FILE).splitlines()
    )


def test_networkd_that_fails_is_as_before(computer: Computer) -> None:
    before = computer.picture()
    computer.fails.add("networkctl reconfigure")
    with pytest.raises(Refused):
        do(computer, "network", **FIXED)
    assert computer.picture() == before


def test_name_servers_without_resolved_are_a_note(computer: Computer) -> None:
    computer.active.discard("systemd-resolved.service")
    assert "resolv.conf" in do(computer, "network", **FIXED)["notes"][0]


def test_network_manager_gets_a_copy_of_the_profile_in_use(managed: Computer) -> None:
    assert do(managed, "network", **FIXED)["by"] == "NetworkManager"
    clone, modify, up = managed.changes()
    assert clone == "nmcli connection clone uuid 1b2c frontdesk"
    for words in ("ipv4.method manual", "ipv4.addresses 192.0.2.10/24", "ipv4.gateway 192.0.2.1", "ipv6.method auto"):
        assert words in modify
    assert up == "nmcli --wait 20 connection up frontdesk ifname eth0"


def test_network_manager_without_a_profile_gets_one_for_a_cable_and_none_for_the_air(managed: Computer) -> None:
    managed.says["nmcli -g GENERAL.CON-UUID"] = "\n"
    do(managed, "network", **FIXED)
    assert managed.changes()[0] == "nmcli connection add type ethernet con-name frontdesk ifname eth0"
    managed.ran.clear()
    with pytest.raises(Refused, match="wlan0 is in no wireless network yet"):
        do(managed, "network", **FIXED | {"interface": "wlan0"})
    assert managed.changes() == []


def test_network_manager_that_fails_is_as_before(managed: Computer) -> None:
    managed.fails.add("nmcli --wait")
    managed.says["nmcli -g NAME"] = "Wired connection 1\nfrontdesk\n"
    with pytest.raises(Refused):
        do(managed, "network", **FIXED)
    assert managed.changes()[-1] == "nmcli connection delete frontdesk"


def test_network_managers_dhcp_is_its_own_profile_again(managed: Computer) -> None:
    do(managed, "network", **DHCP)
    assert managed.changes() == []
    managed.says["nmcli -g NAME"] = "Wired connection 1\nfrontdesk\n"
    do(managed, "network", **DHCP)
    assert managed.changes() == ["nmcli connection delete frontdesk"]


def test_what_another_one_keeps_is_only_looked_at(computer: Computer) -> None:
    assert do(computer, "network", interface="eth0") == {"by": "systemd-networkd"}
    computer.active.clear()
    for arguments in (FIXED, {"interface": "eth0"}):
        with pytest.raises(Foreign, match="neither by NetworkManager nor by systemd-networkd"):
            do(computer, "network", **arguments)
    assert computer.changes() == []


def test_what_network_manager_leaves_alone_is_networkds(managed: Computer) -> None:
    managed.says["nmcli -g DEVICE,STATE"] = "eth0:unmanaged\n"
    managed.active.add("systemd-networkd.service")
    assert do(managed, "network", interface="eth0") == {"by": "systemd-networkd"}


# -- name and time -----------------------------------------------------------------------------------------------------


def test_name_is_the_computers_and_sudo_finds_it(computer: Computer) -> None:
    assert do(computer, "hostname", name="lobby", http=80, https=443) == {}
    assert computer.ran == ["hostnamectl set-hostname lobby"]
    assert "127.0.1.1\tlobby" in computer.read("/etc/hosts").splitlines()
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert computer.ran == ["hostnamectl set-hostname lobby"], "once is enough"


def test_other_names_of_the_computer_stay(computer: Computer) -> None:
    computer.write("/etc/hosts", "127.0.1.1 raspberrypi.home.example raspberrypi nas raspberrypi2 # mine\n")
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert computer.read("/etc/hosts") == "127.0.1.1 lobby.home.example lobby nas raspberrypi2 # mine\n"
    do(computer, "factory-reset")
    assert computer.read("/etc/hosts") == "127.0.1.1 raspberrypi.home.example raspberrypi nas raspberrypi2 # mine\n"
    computer.write("/etc/hosts", "127.0.1.1 nas\n")
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert computer.read("/etc/hosts") == "127.0.1.1\tlobby nas\n"


def test_cloud_init_where_it_is_there_leaves_the_name_until_the_factory_reset(computer: Computer) -> None:
    folder = computer.path("/etc/cloud/cloud.cfg.d")
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert not folder.exists()
    folder.mkdir(parents=True)
    do(computer, "hostname", name="desk", http=80, https=443)
    assert "preserve_hostname: true\n" in (folder / "99-frontdesk.cfg").read_text()
    do(computer, "factory-reset")
    assert not any(folder.iterdir())


def test_what_is_no_utf8_in_a_file_of_the_computer_stays_as_it_is(computer: Computer) -> None:
    computer.path("/etc/hosts").write_bytes(b"192.0.2.7\tprinter # B\xfcro\n127.0.1.1\traspberrypi\n")
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert computer.path("/etc/hosts").read_bytes() == b"192.0.2.7\tprinter # B\xfcro\n127.0.1.1\tlobby\n"


@pytest.mark.parametrize("failing", ["/etc/hosts", "hostnamectl"])
def test_name_that_was_taken_half_way_is_taken_whole_the_next_time(
    computer: Computer, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def write(name: str, text: str) -> bool:
        if name == failing:
            raise Refused("The disk is full.")
        return Computer.write(computer, name, text)

    computer.fails.add(failing)
    with monkeypatch.context() as patched, pytest.raises(Refused):
        patched.setattr(computer, "write", write)
        do(computer, "hostname", name="lobby", http=80, https=443)
    computer.fails.clear()
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert computer.read("/etc/hostname") == "lobby\n"
    assert "127.0.1.1\tlobby" in computer.read("/etc/hosts").splitlines()


def test_name_with_a_domain_is_left_where_it_is_the_same(computer: Computer) -> None:
    computer.write("/etc/hostname", "Lobby.office.test\n")
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert computer.ran == []


def test_avahi_is_told_name_and_page_where_it_runs(computer: Computer) -> None:
    computer.active.add("avahi-daemon.service")
    assert do(computer, "hostname", name="lobby", http=80, https=443) == {}
    told = computer.read("/etc/avahi/services/frontdesk.service")
    assert "<type>_http._tcp</type><port>80</port>" in told and "<type>_https._tcp</type><port>443</port>" in told
    assert "systemctl try-restart avahi-daemon.service" in computer.ran
    do(computer, "hostname", name="lobby", http=0, https=0)
    assert not computer.path("/etc/avahi/services/frontdesk.service").exists()


def test_avahi_that_runs_no_more_finds_nothing_of_ours_when_it_comes_back(computer: Computer) -> None:
    computer.active.add("avahi-daemon.service")
    do(computer, "hostname", name="lobby", http=80, https=443)
    computer.active.discard("avahi-daemon.service")
    do(computer, "hostname", name="lobby", http=80, https=443)
    assert not computer.path("/etc/avahi/services/frontdesk.service").exists()


def test_time_zone(computer: Computer) -> None:
    do(computer, "timezone", zone="Europe/Berlin")
    do(computer, "timezone", zone="Europe/Berlin")
    assert computer.changes() == ["timedatectl set-timezone Europe/Berlin"]


def test_clock_is_set_unless_a_time_server_does(computer: Computer) -> None:
    do(computer, "set-clock", wall=1_800_000_000)
    assert computer.clock == [1_800_000_000.0]
    computer.says["timedatectl show"] = "yes\n"
    with pytest.raises(Refused, match="by a time server already"):
        do(computer, "set-clock", wall=1_900_000_000)
    assert computer.clock == [1_800_000_000.0]


@pytest.mark.parametrize("verb", ["reboot", "poweroff"])
def test_power_is_systemds(computer: Computer, verb: str) -> None:
    do(computer, verb)
    assert computer.ran == [f"systemctl --no-block {verb}"]


def test_factory_reset_leaves_the_computer_as_it_was(computer: Computer) -> None:
    computer.active.add("avahi-daemon.service")
    before = computer.picture()
    do(computer, "network", **FIXED)
    do(computer, "hostname", name="lobby", http=80, https=443)
    do(computer, "hostname", name="attic", http=80, https=443)
    do(computer, "timezone", zone="Europe/Berlin")
    assert computer.picture() != before
    do(computer, "factory-reset")
    assert computer.picture() == before
