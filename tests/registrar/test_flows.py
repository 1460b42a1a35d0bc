"""A phone's flows, by instance and reg-id (RFC 5626 section 6)."""

from __future__ import annotations

import pytest

from frontdesk.sip.errors import ParseError, Rejection
from tests.support.registering import Desk

PHONE = "<sip:101@192.0.2.101:5060>"
OTHER = "<sip:101@192.0.2.102:5060>"
FLOW = f'{PHONE};+sip.instance="<urn:uuid:1>";reg-id=1'
OUTBOUND = ("Supported: outbound",)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize("digits", ["0" * 12 + "1" * 23, "9" * 512, "2147483648"])
def test_reg_id_beyond_its_range_is_refused(desk: Desk, digits: str) -> None:
    with pytest.raises(ParseError, match="not a reg-id"):
        desk.register(f'{PHONE};+sip.instance="<urn:uuid:1>";reg-id={digits}')


@pytest.mark.parametrize("contacts", [(FLOW, OTHER), (OTHER, FLOW), (FLOW, f"{FLOW[:-1]}2")])
def test_reg_id_stands_in_the_only_contact_that_is_to_be_there(desk: Desk, contacts: tuple[str, str]) -> None:
    """A single instance over a single flow; others may go in the same request."""
    with pytest.raises(Rejection) as caught:
        desk.register(*contacts, headers=OUTBOUND)
    assert caught.value.status == 400 and desk.contacts() == []
    desk.register(OTHER)
    desk.register(FLOW, f"{OTHER};expires=0", headers=OUTBOUND, call_id="b@phone")
    assert desk.contacts() == ["sip:101@192.0.2.101:5060"]


@pytest.mark.parametrize(("contact", "headers"), [(FLOW, ()), (f"{PHONE};reg-id=1", OUTBOUND)])
def test_reg_id_that_does_not_count_may_stand_beside_others(
    desk: Desk, contact: str, headers: tuple[str, ...]
) -> None:
    desk.register(contact, OTHER, headers=headers)
    assert len(desk.bindings()) == 2


def test_reg_id_zero_is_refused_and_not_ignored(desk: Desk) -> None:
    with pytest.raises(ParseError):
        desk.register(f'{PHONE};+sip.instance="<urn:uuid:1>";reg-id=0')
