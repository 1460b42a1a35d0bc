"""Registrations that no phone in its senses sends, as SIPp scenarios: RFC 3261 section 10.3."""

import pytest

from tests.e2e.stage import Stage

DESK, DOOR = "sip:desk@127.0.0.1:6001", "sip:door@127.0.0.1:6002"


def bound_contacts(stage: Stage, user: str) -> set[str]:
    """What a query (no Contact) is answered with, less the parameters of the header."""
    answer = stage.client(user).register(contact="")
    assert answer.status == 200, answer.raw.decode()
    contacts = ",".join(answer.all("Contact")).split(",")
    return {contact.partition("<")[2].partition(">")[0] for contact in contacts if contact}


def two_phones(stage: Stage) -> str:
    user = stage.account()
    stage.registers(user, "register", headers=f"Contact: <{DESK}>\n", status="200")
    stage.registers(user, "register", headers=f"Contact: <{DOOR}>\n", status="200")
    assert bound_contacts(stage, user) == {DESK, DOOR}
    return user


def test_star_with_expires_zero_removes_all_phones(stage: Stage) -> None:
    user = two_phones(stage)
    stage.registers(user, "register", headers="Contact: *\nExpires: 0\n", status="200")
    assert bound_contacts(stage, user) == set()


@pytest.mark.parametrize(
    "lines",
    [
        "Contact: *\n",
        "Contact: *\nExpires: 60\n",
        f"Contact: *, <{DESK}>\nExpires: 0\n",
        f"Contact: <{DESK}>\nContact: *\nExpires: 0\n",
    ],
    ids=["no Expires", "Expires 60", "in a list", "in a second line"],
)
def test_star_otherwise_is_refused_and_removes_nobody(stage: Stage, lines: str) -> None:
    user = two_phones(stage)
    stage.registers(user, "register", headers=lines, status="400")
    assert bound_contacts(stage, user) == {DESK, DOOR}


def test_several_contacts_in_one_request_are_all_bound(stage: Stage) -> None:
    user = stage.account()
    stage.registers(user, "register", headers=f"Contact: <{DESK}>, <{DOOR}>;q=0.5\n", status="200")
    assert bound_contacts(stage, user) == {DESK, DOOR}


def test_contact_with_expires_zero_removes_only_itself(stage: Stage) -> None:
    user = two_phones(stage)
    stage.registers(user, "register", headers=f"Contact: <{DESK}>;expires=0\n", status="200")
    assert bound_contacts(stage, user) == {DOOR}


def test_interval_too_brief_is_refused_with_min_expires(stage: Stage) -> None:
    user = stage.account()
    headers = f"Contact: <{DESK}>\nExpires: 5\n"
    stage.registers(user, "register", headers=headers, status="423", answer="Min-Expires: *[0-9]+")
    assert bound_contacts(stage, user) == set()


def test_required_extension_that_is_unknown_is_refused_by_its_name(stage: Stage) -> None:
    user = stage.account()
    unknown = stage.client(user).register("Require: time-travel")
    assert unknown.status == 420, unknown.raw.decode()
    assert unknown.first("Unsupported") == "time-travel"
    assert bound_contacts(stage, user) == set()


def test_late_duplicate_with_a_lower_cseq_changes_nothing(stage: Stage) -> None:
    user = stage.account()
    stage.registers(user, "register_late_duplicate", headers=f"Contact: <{DESK}>\n", cseq="7")
    assert bound_contacts(stage, user) == {DESK}


def test_lower_cseq_after_a_reboot_is_accepted_with_a_newer_nonce(stage: Stage) -> None:
    user = stage.account()
    for cseq, contact in (("9", DESK), ("1", DESK)):
        headers = f"Contact: <{contact}>\n"
        stage.registers(user, "register", call_id="after-a-reboot-%u", cseq=cseq, headers=headers, status="200")
    assert bound_contacts(stage, user) == {DESK}


def test_registrations_get_through_though_one_message_in_ten_is_lost(stage: Stage) -> None:
    user = stage.account()
    headers = f"Contact: <{DESK}>\n"
    stage.registers(user, "register", times=15, lose=' lost="10"', headers=headers, status="200")
    assert bound_contacts(stage, user) == {DESK}
