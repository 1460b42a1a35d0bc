"""Each figure of RFC 3261 section 17 is whole: every (state, event) has its arrow or is listed as ignored."""

from __future__ import annotations

from enum import StrEnum
from itertools import product

import pytest

from frontdesk.sip.client_transaction import NonInviteClientEvent, NonInviteClientState, NonInviteClientTransaction
from frontdesk.sip.invite_client_transaction import InviteClientEvent, InviteClientState, InviteClientTransaction
from frontdesk.sip.invite_server_transaction import InviteServerEvent, InviteServerState, InviteServerTransaction
from frontdesk.sip.server_transaction import NonInviteServerEvent, NonInviteServerState, NonInviteServerTransaction
from frontdesk.sip.transaction import Transaction

FIGURES: list[tuple[type[Transaction], type[StrEnum], type[StrEnum]]] = [
    (InviteClientTransaction, InviteClientState, InviteClientEvent),
    (NonInviteClientTransaction, NonInviteClientState, NonInviteClientEvent),
    (InviteServerTransaction, InviteServerState, InviteServerEvent),
    (NonInviteServerTransaction, NonInviteServerState, NonInviteServerEvent),
]


@pytest.mark.parametrize(("machine", "states", "events"), FIGURES)
def test_every_event_in_every_state_is_an_arrow_or_ignored(
    machine: type[Transaction], states: type[StrEnum], events: type[StrEnum]
) -> None:
    assert set(machine.ARROWS) | machine.IGNORED == set(product(states, events))


@pytest.mark.parametrize(("machine", "states", "events"), FIGURES)
def test_nothing_is_both_an_arrow_and_ignored(
    machine: type[Transaction], states: type[StrEnum], events: type[StrEnum]
) -> None:
    assert not set(machine.ARROWS) & machine.IGNORED


@pytest.mark.parametrize(("machine", "states", "events"), FIGURES)
def test_no_arrow_leaves_terminated(
    machine: type[Transaction], states: type[StrEnum], events: type[StrEnum]
) -> None:
    assert not [state for state, _ in machine.ARROWS if state == "Terminated"]
