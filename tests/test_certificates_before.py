"""The CA that was there before the clock was ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from frontdesk.certificates import Names, released
from tests.test_certificates import House

NAMES = Names(frozenset({"frontdesk", "frontdesk.local", "localhost"}), frozenset({"127.0.0.1", "192.168.1.5"}))


NOW = released() + timedelta(days=100)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_ca_of_before_the_clock_was_ahead_is_the_ca_again(house: House) -> None:
    house.leaf()
    shown = house.certificates.fingerprint
    for years in (20, 60):
        house.now = NOW + timedelta(days=365 * years)
        house.leaf()
        assert house.certificates.fingerprint != shown and house.verify() == "box.crt: OK"
    house.now = NOW + timedelta(days=1)
    for _ in range(2):
        house.leaf()
        assert house.certificates.fingerprint == shown and house.verify() == "box.crt: OK"
        house.certificates = house.restarted()
    assert not list(house.directory.glob("ca-before*"))


def test_ca_that_was_set_aside_does_not_come_back_once_there_is_one_for_other_names(house: House) -> None:
    house.leaf()
    house.now = NOW + timedelta(days=365 * 20)
    house.leaf()
    house.names = replace(NAMES, hosts=NAMES.hosts | {"desk.example"}, wanted=frozenset({"desk.example"}))
    house.leaf()
    shown = house.certificates.fingerprint
    house.now, house.names = NOW, NAMES
    house.leaf()
    assert house.certificates.fingerprint == shown
