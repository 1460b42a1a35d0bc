"""Dialogs through the box: what follows its Record-Route, and what must not (RFC 3261 12 and 16.4, RFC 3262)."""

import pytest

from tests.e2e.stage import Stage
from tests.e2e.wire_call import call, invite
from tests.e2e.wire_client import Dialog, Message, WireClient


def test_retransmitted_ok_of_the_callee_reaches_the_caller_each_time(stage: Stage) -> None:
    made = call(stage)
    for _ in range(2):
        made.callee.reply(made.offered, 200, "OK", f"Contact: <{made.callee.contact}>")
        assert made.caller.receive().status == 200


@pytest.mark.parametrize("who", ["caller", "callee"])
@pytest.mark.parametrize(("caller_tcp", "callee_tcp"), [(False, False), (True, False), (False, True), (True, True)])
def test_bye_follows_the_record_route(stage: Stage, who: str, caller_tcp: bool, callee_tcp: bool) -> None:
    made = call(stage, caller_tcp=caller_tcp, callee_tcp=callee_tcp)
    ends = (made.caller, made.of_caller, made.callee), (made.callee, made.of_callee, made.caller)
    leaves, dialog, stays = ends[0] if who == "caller" else ends[1]
    leaves.send(bye := leaves.in_dialog("BYE", dialog))
    heard = stays.receive()
    assert heard.method == "BYE" and not heard.all("Route"), heard.raw.decode()
    stays.reply(heard, 200, "OK")
    assert leaves.final_answer(Message.parse(bye)).status == 200


@pytest.mark.parametrize("forged", ["no Route", "no token", "another token", "token of another call"])
def test_bye_without_the_token_of_its_call_is_challenged_and_never_relayed(stage: Stage, forged: str) -> None:
    made, other = call(stage), call(stage)
    token, _, rest = made.of_caller.routes[0].removeprefix("<sip:").partition("@")
    routes = {
        "no Route": "Subject: none",
        "no token": f"Route: <sip:{rest}",
        "another token": f"Route: <sip:{token.swapcase()}@{rest}",
        "token of another call": "Route: " + other.of_caller.routes[0],
    }
    answer = made.caller.exchange(made.caller.in_dialog("BYE", made.of_caller, routes[forged]))
    assert answer.status == 407, answer.raw.decode()
    assert made.callee.hears_nothing()


def test_stranger_with_a_to_tag_and_a_route_to_the_box_is_not_relayed(stage: Stage) -> None:
    stranger, victim = stage.client("nobody-here"), stage.client("victim")
    host, port = stage.server
    for method in ("BYE", "INVITE", "MESSAGE"):
        lines = (f"To: <sip:victim@{host}>;tag=made-up", f"Route: <sip:{host}:{port};lr>")
        answer = stranger.exchange(stranger.request(method, f"sip:victim@{victim.address}", *lines))
        assert answer.status in (403, 407), answer.raw.decode()
    assert victim.hears_nothing()


def again(stage: Stage, phone: WireClient) -> WireClient:
    """The phone's connection breaks, and it registers over a new one."""
    phone.socket.close()
    back = stage.client(phone.user, tcp=True)
    back.call_id, back.cseq = phone.call_id, phone.cseq
    assert back.register().status == 200
    return back


def test_callee_that_has_reconnected_is_found_again(stage: Stage) -> None:
    made = call(stage, callee_tcp=True)
    back = again(stage, made.callee)
    made.caller.send(made.caller.in_dialog("BYE", made.of_caller))
    assert back.receive().method == "BYE"


def test_caller_that_has_reconnected_is_found_again(stage: Stage) -> None:
    caller, callee = stage.client(tcp=True), stage.client()
    assert caller.register().status == callee.register().status == 200
    request = invite(caller, callee.user)
    caller.send(request)
    offered = callee.receive()
    callee.reply(offered, 200, "OK", f"Contact: <{callee.contact}>")
    assert caller.final_answer(Message.parse(request)).status == 200
    back = again(stage, caller)
    callee.send(callee.in_dialog("BYE", Dialog.of_callee(offered, callee.tag)))
    assert back.receive().method == "BYE"


def test_early_dialog_carries_prack_and_update(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    caller.send(invite(caller, callee.user, "Supported: 100rel"))
    offered = callee.receive()
    callee.reply(offered, 183, "Session Progress", "Require: 100rel", "RSeq: 1", f"Contact: <{callee.contact}>")
    while (progress := caller.receive()).status == 100:
        pass
    for method in ("PRACK", "UPDATE"):
        request = caller.in_dialog(method, Dialog.of_caller(progress))
        caller.send(request)
        heard = callee.receive()
        assert heard.method == method
        callee.reply(heard, 200, "OK")
        assert caller.final_answer(Message.parse(request)).status == 200


def test_answer_that_crosses_the_cancel_reaches_the_caller(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    request = invite(caller, callee.user)
    caller.send(request)
    offered, sent = callee.receive(), Message.parse(request)
    callee.reply(offered, 180, "Ringing")
    while caller.receive().status != 180:
        pass
    number = sent.first("CSeq").split()[0]
    uri, same = sent.start.split()[1], (f"Via: {sent.first('Via')}", f"CSeq: {number} CANCEL")
    caller.send(caller.request("CANCEL", uri, *same))
    callee.reply(offered, 200, "OK", f"Contact: <{callee.contact}>")
    answers = [caller.receive(), caller.receive()]
    assert {(answer.method, answer.status) for answer in answers} == {("CANCEL", 200), ("INVITE", 200)}
