"""One clock everywhere: page, command line, console and log tell the time of where the box stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.control import VerbError, host, text
from frontdesk.control.host import ManagedElsewhere
from frontdesk.control.times import iso
from frontdesk.model import Settings
from frontdesk.process import keep_time
from tests.control.desk import Desk

SUMMER, WINTER = 1_783_000_000.0, 1_800_000_000.0


@pytest.mark.parametrize(
    ("zone", "summer", "winter"),
    [
        ("UTC", "2026-07-02T13:46:40Z", "2027-01-15T08:00:00Z"),
        ("Europe/Berlin", "2026-07-02T15:46:40+02:00", "2027-01-15T09:00:00+01:00"),
        ("America/St_Johns", "2026-07-02T11:16:40-02:30", "2027-01-15T04:30:00-03:30"),
        ("Nowhere/Atall", "2026-07-02T13:46:40Z", "2027-01-15T08:00:00Z"),
    ],
)
def test_a_time_is_that_of_the_zone(zone: str, summer: str, winter: str) -> None:
    keep_time(zone)
    assert (iso(SUMMER), iso(WINTER)) == (summer, winter)


def test_an_ordinary_computer_gives_the_box_its_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    monkeypatch.setattr(host, "LOCALTIME", link)
    assert ManagedElsewhere().defaults(Settings()).timezone == "UTC"
    link.symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    assert ManagedElsewhere().defaults(Settings()).timezone == "Asia/Tokyo"
    monkeypatch.setattr(host, "HERE", "Europe/Berlin")
    assert ManagedElsewhere().defaults(Settings()).timezone == "Europe/Berlin", "as in a container"


def test_people_read_it_without_the_offset() -> None:
    keep_time("Europe/Berlin")
    event = {"at": iso(WINTER), "account": "101", "kind": "called", "text": "rang", "times": 1, "source": ""}
    line = text.events([event])
    assert line.split("  ")[0] == "2027-01-15 09:00:00"


def test_a_zone_is_one_of_this_computers(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for verb in ("config set", "config stage"):
        with pytest.raises(VerbError, match="'Nowhere/Atall' is no time zone"):
            desk.do(verb, key="timezone", value="Nowhere/Atall")
        assert desk.do(verb, key="timezone", value="europe/berlin")["value"] == "Europe/Berlin"
    assert desk.do("config set", key="timezone", value="default")["value"] == "UTC"
    desk.store.close()
