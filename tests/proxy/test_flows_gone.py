"""A flow whose registration is gone in a call: the call goes on over another flow of its phone (RFC 5626 section
5.3.2), and over nobody else's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frontdesk.proxy.record_route import Dialog
from frontdesk.sip.errors import Rejection
from frontdesk.sip.message import Request
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow
from tests.proxy.box import request, route_set, udp
from tests.proxy.test_flows import NEWER, OLDER, PHONE, Talk


def run_out(talk: Talk) -> None:
    """The registration of the flow that the call came over."""
    box = talk.box
    box.location.extend(box.bindings[2], box.now)
    assert [each.flow for each in box.location.expire(box.now)] == [NEWER]


def unregister(talk: Talk) -> None:
    """The phone takes it away."""
    box = talk.box
    box.location.stage(box.bindings[1].aor, 7, [box.bindings[1]])
    box.location.commit(7)


@pytest.mark.parametrize("goes", [run_out, unregister])
@pytest.mark.parametrize("method", ["BYE", "INVITE", "INFO", "MESSAGE"])
def test_request_in_a_dialog_goes_over_the_flow_that_is_left(method: str, goes: Callable[[Talk], None]) -> None:
    talk = Talk()
    goes(talk)
    talk.ask(method)
    assert list(talk.asked) == [OLDER] and talk.asked[OLDER].uri_text == "sip:102@10.0.0.2"
    talk.answer(OLDER, 200)
    assert talk.statuses[-1] == 200


@pytest.mark.parametrize("reg_ids", [(None, 2), (1, None), (None, None)])
def test_phone_without_outbound_is_reached_where_it_was(reg_ids: tuple[int | None, int | None]) -> None:
    talk = Talk()
    talk.box.bindings[1].reg_id, talk.box.bindings[2].reg_id = reg_ids
    run_out(talk)
    talk.ask("BYE")
    assert list(talk.asked) == [NEWER]


def test_phone_of_another_account_with_the_same_instance_hears_nothing_of_it() -> None:
    talk = Talk()
    older = talk.box.bindings[1]
    talk.box.location.stage(older.aor, 7, [talk.box.bindings[2]])
    talk.box.location.commit(7)
    older.aor = "sip:103@desk.example"
    talk.box.location.add(older)
    run_out(talk)
    talk.ask("BYE")
    assert list(talk.asked) == [NEWER]


def reinvites(talk: Talk, flow: Flow, name: str = "102") -> tuple[Request, Dialog]:
    """The called phone does."""
    text = request(
        "INVITE", "sip:101@192.0.2.11", caller=name, flow=flow, tag="callee", to_tag="caller",
        routes=route_set(talk.ok, callee=True), to="<sip:101@desk.example>",
    )  # fmt: skip
    invite = parse_message(text.encode())
    assert isinstance(invite, Request)
    dialog = talk.box.proxy.preprocess(invite).dialog
    assert dialog is not None
    return invite, dialog


def is_let_in(talk: Talk, flow: Flow) -> bool:
    """Without a password."""
    return talk.box.proxy.sides.lets_in(*reinvites(talk, flow), flow)


def test_phone_may_speak_over_the_flow_that_is_left_and_nobody_else_may() -> None:
    talk = Talk()
    assert not is_let_in(talk, OLDER), "it is where it was"
    run_out(talk)
    assert is_let_in(talk, OLDER) and not is_let_in(talk, udp("192.0.2.66"))


def test_another_device_may_not() -> None:
    talk = Talk()
    talk.box.bindings[1].instance = PHONE + "2"
    run_out(talk)
    assert not is_let_in(talk, OLDER)


def test_phone_that_calls_itself_by_another_of_its_names_is_his_who_has_shown_the_password() -> None:
    talk = Talk()
    account = talk.box.account("102", "200")
    run_out(talk)
    invite, dialog = reinvites(talk, OLDER, "200")
    talk.box.proxy.sides.check(invite, dialog, account, OLDER)
    with pytest.raises(Rejection, match="Not a call of this account"):
        talk.box.proxy.sides.check(invite, dialog, talk.box.account("103"), OLDER)
