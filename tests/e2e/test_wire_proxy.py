"""What a proxy must refuse, absorb or end: RFC 3261 sections 16.3, 16.10 and 17.2, RFC 5393."""

import pytest

from tests.e2e.box import Box
from tests.e2e.stage import Stage
from tests.e2e.wire_call import invite
from tests.e2e.wire_client import Message


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


def test_more_branches_than_the_caller_allows_are_refused(stage: Stage) -> None:
    caller, user = stage.client(), stage.account()
    phones = [stage.client(user) for _ in range(3)]
    assert [phone.register().status for phone in phones] == [200] * 3
    assert caller.exchange(invite(caller, user, "Max-Breadth: 2")).status == 440


def test_route_that_leads_elsewhere_is_forbidden_also_for_accounts(stage: Stage) -> None:
    caller, callee, victim = stage.client(), stage.client(), stage.client("victim")
    assert callee.register().status == 200
    assert caller.exchange(invite(caller, callee.user, f"Route: <sip:{victim.address};lr>")).status == 403
    assert victim.hears_nothing()


def test_large_request_to_a_phone_on_udp_goes_by_udp(stage: Stage) -> None:
    caller, callee = stage.client(), stage.client()
    assert callee.register().status == 200
    uri = caller.uri_of(callee.user)
    asked = caller.exchange(caller.request("MESSAGE", uri))
    request = caller.request("MESSAGE", uri, caller.credentials(asked, "MESSAGE", uri), body=b"x" * 20_000)
    caller.send(request)
    heard = callee.receive()
    assert heard.raw.endswith(b"x" * 20_000)
    callee.reply(heard, 200, "OK")
    assert caller.final_answer(Message.parse(request)).status == 200


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
