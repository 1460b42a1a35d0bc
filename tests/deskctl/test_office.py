"""office.toml: what is right is read, what is wrong is named with its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from deskctl.office import TABLES, OfficeError, read

README = Path(__file__).parents[2] / "host" / "deskctl" / "README.md"


def mistakes(text: str) -> list[str]:
    with pytest.raises(OfficeError) as caught:
        read(text, "o.toml")
    return str(caught.value).splitlines()


def test_example_of_the_readme_is_right() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    office = read(example, "README.md")
    assert len(office.accounts) == 20 and office.peers and office.settings
    assert office.accounts["101"].aliases
    assert set(tomllib.loads(example)) == set(TABLES)


def test_range_has_all_its_numbers_and_their_names() -> None:
    office = read('[[account]]\nrange = "098-101"\nname = "Room {user}"\n', "o.toml")
    assert list(office.accounts) == ["098", "099", "100", "101"]
    assert office.accounts["099"].name == "Room 099"


def test_values_are_written_as_settings_are_typed() -> None:
    office = read('[settings]\nweb = true\nmax_bindings = 3\ndomains = ["a.example", "b.example"]\n', "o.toml")
    assert office.settings == {"web": "on", "max-bindings": "3", "domains": "a.example, b.example"}


DOTTED = ["[settings]\nconsole.idle", '[settings]\n"console.idle"', "[settings.console]\nidle"]


@pytest.mark.parametrize("written", DOTTED)
def test_setting_with_a_dot_may_be_written_as_toml_has_it(written: str) -> None:
    office = read(f'{written} = "5m"\n', "o.toml")
    assert office.settings == {"console.idle": "5m"}
    assert office.mistake("So.", *office.places["console.idle"]) == "o.toml:2: So."


def test_page_may_be_where_it_is_by_default() -> None:
    assert read('[settings]\n"web.listen" = "default"\n', "o.toml").settings == {"web.listen": "default"}


def test_box_and_network_are_settings_with_a_place_of_their_own() -> None:
    box, network = 'hostname = "x"\ndomain = "d.example"\n', 'address = "dhcp"\ndns = ["192.0.2.1"]\n'
    office = read(f"[box]\n{box}[network]\n{network}", "o.toml")
    assert office.domain == "d.example"
    assert office.settings == {"hostname": "x", "net.address": "dhcp", "net.dns": "192.0.2.1"}


def test_name_may_have_an_emoji_of_several_parts() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert read(f'[[account]]\nuser = "1"\nname = "{family}"\n', "o.toml").accounts["1"].name == family


def test_address_of_a_peer_is_canonical() -> None:
    assert read('[peers]\n"2001:DB8:0::1" = "x"\n', "o.toml").peers == {"2001:db8::1": "x"}
    assert read('[peers]\n"192.0.2.9" = " x "\n', "o.toml").peers == {"192.0.2.9": "x"}, "as the box keeps it"
    assert read('[peers]\n"::ffff:192.0.2.9" = "x"\n', "o.toml").peers == {"192.0.2.9": "x"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a = \n", "o.toml:1: Invalid value."),
        ('\n[[account]]\nuser = "1', "o.toml:3: "),
        ('x = 1\n[acount]\nuser = "1"\n', "o.toml:1: There is no table 'x'"),
        ('\n[acount]\nuser = "1"\n', "o.toml:2: There is no table 'acount'; there are box, network, sett"),
        ('[account]\nuser = "1"\n', "o.toml:1: Accounts are written as [[account]]."),
        ('[[account]]\nuser = "1"\n[[account]]\nname = "x"\n', "o.toml:3: An account needs either a user or a range."),
        ('[[account]]\nuser = "1"\nrange = "1-2"\n', "o.toml:1: An account needs either"),
        ('[[account]]\nuser = "1"\n\nnmae = "x"\n', "o.toml:4: An account has no 'nmae'"),
        ('[[account]]\nuser = "a b"\n', "o.toml:2: 'a b' cannot be a user"),
        ("[[account]]\nuser = 101\n", "o.toml:2: 101 cannot be a user: in quotes"),
        ('[[account]]\nuser = "1"\n[[account]]\nuser = "1"\n', "o.toml:4: '1' is an account already."),
        ('[[account]]\nrange = "5-3"\n', "o.toml:2: A range is such as"),
        ('[[account]]\nrange = "1-2000"\n', "o.toml:2: A range is such as"),
        ("[[account]]\nrange = 5\n", "o.toml:2: A range is such as"),
        ('[[account]]\nuser = "1"\nname = 5\n', "o.toml:3: A name is one line"),
        ('[[account]]\nuser = "1"\nname = "a\\tb"\n', "o.toml:3: A name is one line"),
        ('[[account]]\nuser = "1"\naliases = "x"\n', "o.toml:3: Aliases are a list"),
        ('[[account]]\nuser = "1"\naliases = [5]\n', "o.toml:3: 5 cannot be an alias."),
        ('[[account]]\nuser = "1"\naliases = ["x", "x"]\n', "o.toml:3: 'x' is taken by 1."),
        ('[[account]]\nuser = "1"\naliases = ["2"]\n[[account]]\nuser = "2"\n', "o.toml:3: '2' is taken by 2."),
        ('[[account]]\nrange = "1-2"\naliases = ["x"]\n', "o.toml:3: A range has no aliases"),
        ('[box]\ndomain = ""\n', "o.toml:2: A domain is a name"),
        ('[box]\nhost = "x"\n', "o.toml:2: There is no 'host' in [box]; there are hostname, timezone, domain."),
        ('[network]\naddres = "x"\n', "o.toml:2: There is no 'addres' in [network]; there are address, gateway, dns."),
        ('[network]\ndns = [1]\n', "o.toml:2: dns is a text"),
        ('[box]\nhostname = "x"\n[settings]\nhostname = "y"\n', "o.toml:4: hostname is set in [box] already."),
        ("settings = 5\n", "o.toml:1: settings is a table"),
        ("[settings]\nweb = {}\n", "o.toml:2: web is a text"),
        ("[settings]\n\nconsole.idle = [1]\n", "o.toml:3: console.idle is a text"),
        ("[settings]\n\ndomains = [1]\n", "o.toml:3: domains is a text"),
        ('[settings]\nflush = "default"\n', "o.toml:2: A box shows no 'default' for flush: write the"),
        ('[peers]\n"desk" = "x"\n', "o.toml:2: 'desk' is no IP address"),
        ('[peers]\n"192.0.2.1" = 5\n', "o.toml:2: A peer has a name"),
    ],
)
def test_mistake_is_named_with_its_line(text: str, complaint: str) -> None:
    assert mistakes(text)[0].startswith(complaint)


def test_all_mistakes_are_named_at_once() -> None:
    assert len(mistakes('[[account]]\nuser = "a b"\n[peers]\nx = 1\n[settings]\nweb = {}\n')) == 3
