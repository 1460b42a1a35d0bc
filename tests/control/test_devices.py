"""Devices: one lost phone is one to revoke."""

from __future__ import annotations

import pytest

from frontdesk.control import VerbError
from frontdesk.model import MAX_SECRETS
from tests.control.desk import Desk, phone


def test_revoke_takes_one_device_and_leaves_the_others(desk: Desk) -> None:
    for device in ("desk", "mobile"):
        desk.do("device add", user="101", device=device)
        phone(desk, device=device, contact=f"sip:{device}@192.0.2.9")
    phone(desk, contact="sip:main@192.0.2.9")
    desk.do("device revoke", user="101", device="desk")
    assert desk.contacts() == ["sip:mobile@192.0.2.9", "sip:main@192.0.2.9"]
    again = desk.restart()
    assert len(again.contacts()) == 2
    assert [secret.name for secret in again.box.account("101").secrets] == ["", "mobile"]


def test_list_tells_which_are_there(desk: Desk) -> None:
    desk.do("device add", user="101", device="desk")
    desk.do("device add", user="101", device="mobile")
    phone(desk, device="mobile")
    rows = [("desk", 0), ("mobile", 1)]
    assert [(row["device"], row["bindings"]) for row in desk.do("device list", user="101")] == rows
    assert [(row["device"], row["bindings"]) for row in desk.do("device list")] == rows


def test_number_of_secrets_is_fixed(desk: Desk) -> None:
    for number in range(MAX_SECRETS - 1):
        desk.do("device add", user="101", device=str(number))
    with pytest.raises(VerbError, match="more are not possible"):
        desk.do("device add", user="101", device="x")


@pytest.mark.parametrize("device", ["", "desk"])
def test_main_secret_and_unknown_devices_are_not_revoked(desk: Desk, device: str) -> None:
    with pytest.raises(VerbError, match="no device"):
        desk.do("device revoke", user="101", device=device)


def test_device_is_not_added_twice(desk: Desk) -> None:
    desk.do("device add", user="101", device="desk")
    with pytest.raises(VerbError, match="already"):
        desk.do("device add", user="101", device="desk")
