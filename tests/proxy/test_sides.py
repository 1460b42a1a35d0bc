"""Where a side of a dialog is whose registration is gone."""

from __future__ import annotations

import pytest

from frontdesk.proxy.record_route import Side
from frontdesk.proxy.target_set import Candidate
from frontdesk.sip.message import Request
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Destination
from tests.proxy.box import Box, reply, request, route_set, tcp, udp
from tests.proxy.test_dialogs import A, B, Up, call, from_caller


def test_phone_that_has_registered_anew_in_a_call_is_found_by_its_contact() -> None:
    """Its binding of before is gone, and with it the one that the token names."""
    box, back = Box(), tcp("192.0.2.12", 50_001, connection=2)
    box.phone("101", A)
    old = box.phone("102", tcp("192.0.2.12", connection=1), "sip:102@192.0.2.12:5060;transport=tcp")
    up = call(box, A, tcp("192.0.2.12", connection=1))
    box.phone("102", back, old.contact)
    box.bindings.remove(old)
    box.restart()
    assert [target for _, target in from_caller(box, up, "BYE")] == [back]


@pytest.mark.parametrize("method", ["NOTIFY", "INFO"])
def test_dialog_whose_phone_is_gone_leads_to_no_other_host(method: str) -> None:
    """A NOTIFY out of a dialog is refused: phones would start anew, or load settings. Whom To names is the caller's to
    choose."""
    box = Box()
    box.phone("101", A)
    old = box.phone("102", B)
    victim = box.phone("103", udp("192.0.2.66"))
    to = "<sip:103@desk.example>"
    box.receive(request("INVITE", to=to), A)
    invite = box.request("INVITE")
    box.receive(reply(invite, 200), B)
    up = Up(invite, box.responses()[-1], A, B)
    box.bindings.remove(old)
    box.restart()
    up.invite.retarget(victim.contact)
    assert [target for _, target in from_caller(box, up, method, to=to)] == [B]


def test_notify_follows_no_phone_that_has_registered_anew() -> None:
    """It may be another one behind the same router."""
    box = Box()
    box.phone("101", A)
    old = box.phone("102", B)
    up = call(box, A, B)
    other = box.phone("103", udp("192.0.2.12", 5070), "sip:103@192.0.2.12:5070")
    box.bindings.remove(old)
    box.restart()
    up.invite.retarget(other.contact)
    assert [target for _, target in from_caller(box, up, "NOTIFY")] == [B]
    assert [target for _, target in from_caller(box, up, "INFO")] == [udp("192.0.2.12", 5070)]


def test_flow_that_was_heard_by_way_of_another_address_of_its_proxy_is_not_passed_over() -> None:
    box = Box()
    binding = box.phone("102", B)
    silent, heard = (Candidate("sip:102@192.0.2.12", B, Side(binding.id, B)) for _ in range(2))
    box.proxy.sides.passed_over(silent, heard, box.now)
    assert not binding.is_dead


def test_closed_connections_of_peers_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.proxy.sides.MAX_CLOSED", 2)
    found = Box().proxy.sides
    for number in range(5):
        over = Candidate("sip:gw@192.0.2.70", tcp("192.0.2.70", connection=number), Side(0, None))
        found.passed_over(over, over, 0.0)
    assert [flow.connection for flow in found._closed] == [3, 4]


def test_place_of_a_disabled_account_says_nothing_in_its_call_and_hears_its_end() -> None:
    box, door = Box(), udp("192.0.2.40")
    box.phone("101", A)
    box.phone("102", None, "sip:102@192.0.2.40", state="static")
    up = call(box, A, door)
    text = request("INFO", "sip:101@192.0.2.11", flow=door, caller="102", to="<sip:101@desk.example>", tag="callee",
                   to_tag="caller", routes=route_set(up.ok, callee=True))  # fmt: skip
    asked = parse_message(text.encode())
    assert isinstance(asked, Request)
    dialog = box.proxy.preprocess(asked).dialog
    assert dialog is not None and box.proxy.sides.lets_in(asked, dialog, door)
    box.account("102", enabled=False)
    assert not box.proxy.sides.lets_in(asked, dialog, door)
    assert [target for _, target in from_caller(box, up, "BYE")] == [Destination("192.0.2.40", None, None)]
