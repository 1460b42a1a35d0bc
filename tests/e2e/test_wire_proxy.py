"""What a proxy must refuse, absorb or end: RFC 3261 sections 16.3, 16.10 and 17.2, RFC 5393."""

from dataclasses import dataclass

import pytest

from tests.e2e.box import Box
from tests.e2e.stage import Stage
from tests.e2e.wire_client import Dialog, Message, WireClient


def invite(caller: WireClient, callee: str, *lines: str) -> bytes:
    """An INVITE with credentials for the callee; what it is challenged with is asked for first."""
    uri, contact = caller.uri_of(callee), f"Contact: <{caller.contact}>"
    asked = caller.exchange(caller.request("INVITE", uri, contact))
    assert asked.status == 407, asked.raw.decode()
    return caller.request("INVITE", uri, contact, caller.credentials(asked, "INVITE", uri), *lines)


@dataclass(slots=True)
class Call:
    """An established call: both ends, the INVITE that the callee got, and each end's view of the dialog."""

    caller: WireClient
    callee: WireClient
    offered: Message
    of_caller: Dialog
    of_callee: Dialog


def call(stage: Stage, *, caller_tcp: bool = False, callee_tcp: bool = False) -> Call:
    caller, callee = stage.client(tcp=caller_tcp), stage.client(tcp=callee_tcp)
    assert callee.register().status == 200
    request = invite(caller, callee.user)
    caller.send(request)
    offered = callee.receive()
    callee.reply(offered, 200, "OK", f"Contact: <{callee.contact}>")
    accepted = caller.final_answer(Message.parse(request))
    assert accepted.status == 200, accepted.raw.decode()
    made = Call(caller, callee, offered, Dialog.of_caller(accepted), Dialog.of_callee(offered, callee.tag))
    caller.cseq -= 1  # the ACK has the number of its INVITE (13.2.2.4)
    caller.send(caller.in_dialog("ACK", made.of_caller))
    assert callee.receive().start.startswith("ACK ")
    return made


def test_retransmitted_invite_reaches_the_callee_once(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    request = invite(caller, callee.user)
    for _ in range(4):
        caller.send(request)
    offered = callee.receive()
    callee.reply(offered, 486, "Busy Here")
    assert callee.receive().start.startswith("ACK ")
    assert caller.final_answer(Message.parse(request)).status == 486
    assert callee.hears_nothing()


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


def test_response_out_of_nowhere_is_dropped(stage: Stage) -> None:
    stranger, victim = stage.client("nobody-here"), stage.client("victim")
    host, port = stage.server
    vias = [f"SIP/2.0/UDP {host}:{port};branch=z9hG4bKmadeup", f"SIP/2.0/UDP {victim.address};branch=z9hG4bKx"]
    lines = ["SIP/2.0 200 OK", *(f"Via: {via}" for via in vias), f"From: <{stranger.aor}>;tag=1"]
    lines += [f"To: <{victim.aor}>;tag=2", "Call-ID: made-up", "CSeq: 1 INVITE", "Content-Length: 0", "", ""]
    stranger.send("\r\n".join(lines).encode())
    assert victim.hears_nothing() and stranger.hears_nothing()


def test_caller_is_told_that_the_box_is_trying(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    caller.send(invite(caller, callee.user))
    assert caller.receive().status == 100


def test_every_answer_of_a_forked_invite_reaches_the_caller(stage: Stage) -> None:
    user = stage.account()
    caller, phones = stage.client(), [stage.client(user), stage.client(user)]
    assert [phone.register().status for phone in phones] == [200, 200]
    caller.send(request := invite(caller, user))
    offers = [phone.receive() for phone in phones]
    for phone, offered in zip(phones, offers, strict=True):
        phone.reply(offered, 200, "OK", f"Contact: <{phone.contact}>")
    accepted = [caller.final_answer(Message.parse(request)) for _ in phones]
    assert {answer.target for answer in accepted} == {phone.contact for phone in phones}


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "INFO", "FOO"])
def test_any_method_reaches_a_phone_with_its_body_untouched(stage: Stage, method: str) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    uri, body = caller.uri_of(callee.user), bytes(range(256))
    asked = caller.exchange(caller.request(method, uri))
    caller.send(request := caller.request(method, uri, caller.credentials(asked, method, uri), body=body))
    heard = callee.receive()
    assert heard.method == method and heard.raw.endswith(body), heard.start
    callee.reply(heard, 202, "Accepted")
    assert caller.final_answer(Message.parse(request)).status == 202


def test_route_to_the_box_that_a_phone_puts_in_itself_is_dropped(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    host, port = stage.server
    caller.send(invite(caller, callee.user, f"Route: <sip:{host}:{port};lr>"))
    assert not callee.receive().all("Route")


def test_name_of_another_account_in_from_is_forbidden(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    answer = caller.exchange(invite(caller, callee.user, f"From: <{callee.aor}>;tag=1"))
    assert answer.status == 403, answer.raw.decode()


def test_ack_out_of_nowhere_is_dropped(stage: Stage) -> None:
    stranger, callee = stage.client("nobody-here"), stage.client()
    assert callee.register().status == 200
    stranger.send(stranger.request("ACK", stranger.uri_of(callee.user), f"To: <{callee.aor}>;tag=made-up"))
    assert stranger.hears_nothing() and callee.hears_nothing()


def test_cancel_without_an_invite_gets_481(stage: Stage) -> None:
    stranger, callee = stage.client("nobody-here"), stage.client()
    assert callee.register().status == 200
    assert stranger.exchange(stranger.request("CANCEL", stranger.uri_of(callee.user))).status == 481
    assert callee.hears_nothing()


def test_max_forwards_of_zero_is_refused_before_any_challenge(stage: Stage) -> None:
    stranger = stage.client("nobody-here")
    for method in ("INVITE", "MESSAGE"):
        assert stranger.exchange(stranger.request(method, stranger.uri_of("x"), "Max-Forwards: 0")).status == 483


def test_required_extension_is_refused_by_its_name_before_any_challenge(stage: Stage) -> None:
    stranger = stage.client("nobody-here")
    answer = stranger.exchange(stranger.request("INVITE", stranger.uri_of("x"), "Proxy-Require: time-travel, magic"))
    assert answer.status == 420, answer.raw.decode()
    assert [name.strip() for name in ",".join(answer.all("Unsupported")).split(",")] == ["time-travel", "magic"]


def test_account_without_a_phone_is_unavailable_and_no_account_is_not_found(stage: Stage) -> None:
    caller = stage.client()
    contact = f"Contact: <{caller.contact}>"
    assert caller.ask("INVITE", caller.uri_of(stage.account()), contact).status == 480
    assert caller.ask("INVITE", caller.uri_of("nobody-there"), contact).status == 404


def test_request_that_a_phone_sends_back_is_a_loop(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    request = invite(caller, callee.user)
    caller.send(request)
    returned = callee.receive()
    via = f"Via: SIP/2.0/UDP {callee.address};branch=z9hG4bKreturned;rport\r\nVia:"
    head = returned.raw.decode().replace(returned.start, f"INVITE {callee.aor} SIP/2.0", 1).replace("Via:", via, 1)
    looped = callee.exchange(head.encode())
    assert looped.status == 482, looped.raw.decode()
    callee.reply(returned, 482, "Loop Detected")
    assert caller.final_answer(Message.parse(request)).status == 482


def test_binding_that_points_at_the_box_itself_is_a_loop(stage: Stage, box: Box) -> None:
    caller, callee = stage.client(), stage.account()
    box.run("binding", "add", "--static", callee, f"sip:{callee}@{box.address()}")
    assert caller.exchange(invite(caller, callee)).status == 482


def test_phone_whose_connection_is_closed_does_not_end_the_call_of_the_other(stage: Stage) -> None:
    user = stage.account()
    caller, gone, here = stage.client(), stage.client(user, tcp=True), stage.client(user)
    assert gone.register().status == here.register().status == 200
    gone.socket.close()
    request = invite(caller, user)
    caller.send(request)
    offered = here.receive()
    here.reply(offered, 200, "OK", f"Contact: <{here.contact}>")
    assert caller.final_answer(Message.parse(request)).status == 200


def test_phone_whose_connection_is_closed_is_unavailable(stage: Stage) -> None:
    caller, gone = stage.client(), stage.client(tcp=True)
    assert gone.register().status == 200
    gone.socket.close()
    assert caller.exchange(invite(caller, gone.user)).status == 480


def test_message_over_the_limit_is_refused_and_the_box_serves_on(stage: Stage) -> None:
    flood, phone = stage.client(tcp=True), stage.client()
    large = flood.request("MESSAGE", flood.uri_of("x"), body=b"x" * (64 * 1024 + 1))
    try:
        flood.send(large)
        answer = flood.receive()
        assert answer.status in (400, 413, 513), answer.raw.decode()
    except (ConnectionResetError, BrokenPipeError):
        pass  # closing the connection is a clear word too
    assert phone.register().status == 200


def test_more_header_lines_than_the_limit_are_refused(stage: Stage) -> None:
    stranger = stage.client("nobody-here")
    request = stranger.request("OPTIONS", f"sip:{stage.domain}", *(f"Subject: {number}" for number in range(300)))
    answer = stranger.exchange(request)
    assert answer.status in (400, 513), answer.raw[:200]
