"""What a proxy must refuse, absorb or end: RFC 3261 sections 16.3, 16.10 and 17.2, RFC 5393."""

import pytest

from tests.e2e.stage import Stage
from tests.e2e.wire_client import Message, WireClient


def invite(caller: WireClient, callee: str, *lines: str) -> bytes:
    """An INVITE with credentials for the callee; what it is challenged with is asked for first."""
    uri, contact = caller.uri_of(callee), f"Contact: <{caller.contact}>"
    asked = caller.exchange(caller.request("INVITE", uri, contact))
    assert asked.status == 407, asked.raw.decode()
    return caller.request("INVITE", uri, contact, caller.credentials(asked, "INVITE", uri), *lines)


def call(stage: Stage) -> tuple[WireClient, WireClient, Message, Message]:
    """An established call: caller, callee, the INVITE that the callee got, and the 200 that the caller got."""
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    request = invite(caller, callee.user)
    caller.send(request)
    offered = callee.receive()
    callee.reply(offered, 200, "OK", f"Contact: <{callee.contact}>")
    accepted = caller.final_answer(Message.parse(request))
    assert accepted.status == 200
    number = accepted.first("CSeq").split()[0]
    caller.cseq = int(number) - 1  # the ACK has the number of its INVITE (13.2.2.4)
    caller.send(caller.in_dialog("ACK", accepted))
    assert callee.receive().start.startswith("ACK ")
    return caller, callee, offered, accepted


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
    caller, callee, offered, _ = call(stage)
    for _ in range(2):
        callee.reply(offered, 200, "OK", f"Contact: <{callee.contact}>")
        assert caller.receive().status == 200


def test_ack_and_bye_follow_the_record_route_both_ways(stage: Stage) -> None:
    caller, callee, _, accepted = call(stage)
    caller.send(bye := caller.in_dialog("BYE", accepted))
    heard = callee.receive()
    assert heard.method == "BYE"
    assert not heard.all("Route"), heard.raw.decode()
    callee.reply(heard, 200, "OK")
    assert caller.final_answer(Message.parse(bye)).status == 200


@pytest.mark.parametrize("forged", ["no Route", "no token", "another token", "token of another call"])
def test_bye_without_the_token_of_its_call_is_challenged_and_never_relayed(stage: Stage, forged: str) -> None:
    (caller, callee, _, accepted), (*_, other) = call(stage), call(stage)
    route = accepted.first("Record-Route")
    routes = {
        "no Route": "Subject: none",
        "no token": f"Route: <{route[1:5]}{route.partition('@')[2]}",
        "another token": "Route: " + route.replace(route[6:12], route[6:12][::-1], 1),
        "token of another call": "Route: " + other.first("Record-Route"),
    }
    answer = caller.exchange(caller.in_dialog("BYE", accepted, routes[forged]))
    assert answer.status == 407, answer.raw.decode()
    assert callee.hears_nothing()


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


def test_contact_that_is_the_box_itself_ends_in_a_refusal(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    host, port = stage.server
    assert callee.register(contact=f"<sip:{callee.user}@{host}:{port}>").status in (200, 400, 403)
    answer = caller.exchange(invite(caller, callee.user)) if callee.hears_nothing(0.1) else None
    assert answer is not None and answer.status in (480, 482, 483, 440), answer and answer.raw.decode()


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
