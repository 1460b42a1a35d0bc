"""Server transactions: RFC 3261 section 17.2, RFC 6026, RFC 4320."""

from __future__ import annotations

import pytest

from frontdesk.core.answer_template import AnswerTemplate
from frontdesk.sip.finished_answers import FinishedAnswers
from frontdesk.sip.message import Request
from frontdesk.sip.server_transaction import ServerTransaction
from frontdesk.sip.timers import Deadlines
from frontdesk.sip.wire import Destination, Flow
from tests.support.bench import TCP, UDP, Bench, request, response


@pytest.fixture
def bench() -> Bench:
    return Bench()


def begin(bench: Bench, method: str = "OPTIONS", flow: Flow = UDP, branch: str = "z9hG4bKphone") -> ServerTransaction:
    return bench.layer.server(request(method, branch), flow, bench.clock.now)


def respond(bench: Bench, server: ServerTransaction, status: int) -> None:
    server.respond(response(server.request, status), bench.clock.now)


def again(bench: Bench, sent: Request) -> bool:
    return bench.layer.receive_request(sent, bench.clock.now)


def ack(branch: str = "z9hG4bKphone", to_tag: str = "314159") -> Request:
    return request("ACK", branch, to_tag=to_tag)


# -- INVITE: Proceeding -----------------------------------------------------------------------------------------------


def test_retransmitted_invite_gets_the_latest_provisional(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    assert again(bench, server.request)
    assert not bench.sent, "nothing to repeat yet"
    for status in (100, 180):
        respond(bench, server, status)
    assert again(bench, server.request)
    assert [line for _, line in bench.lines] == ["100 Trying", "180 Ringing", "180 Ringing"]


def test_ack_before_a_final_response_is_absorbed(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    assert again(bench, ack())
    respond(bench, server, 486)
    assert bench.times("486") == [0]


# -- INVITE: Completed and Confirmed ----------------------------------------------------------------------------------


def test_timer_g_repeats_a_refusal_up_to_t2_and_timer_h_gives_up(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    respond(bench, server, 486)
    bench.clock.advance(100)
    assert bench.times("486") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert len(bench.layer) == 0


def test_refusal_is_not_repeated_over_a_reliable_transport_but_timer_h_runs(bench: Bench) -> None:
    respond(bench, begin(bench, "INVITE", TCP), 486)
    bench.clock.advance(31)
    assert bench.times("486") == [0]
    assert len(bench.layer) == 1
    bench.clock.advance(2)
    assert len(bench.layer) == 0


def test_retransmitted_invite_gets_the_refusal_again(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    respond(bench, server, 486)
    bench.clock.advance(0.1)
    assert again(bench, server.request)
    assert bench.times("486") == [0, 0.1]


def test_ack_stops_the_refusal_and_timer_i_absorbs_more_of_them(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    respond(bench, server, 486)
    assert again(bench, ack())
    bench.clock.advance(4.9)
    assert again(bench, ack())
    assert again(bench, server.request)
    assert bench.times("486") == [0]
    bench.clock.advance(0.2)
    assert not again(bench, ack())
    assert len(bench.layer) == 0


def test_timer_i_is_zero_over_a_reliable_transport(bench: Bench) -> None:
    respond(bench, begin(bench, "INVITE", TCP), 486)
    assert again(bench, ack())
    assert len(bench.layer) == 0


def test_only_one_final_response_counts(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    for status in (486, 200, 603, 180):
        respond(bench, server, status)
    assert [line for _, line in bench.lines] == ["486 Busy Here"]


# -- INVITE: Accepted (RFC 6026) --------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", [UDP, TCP])
def test_accepted_invite_is_absorbed_and_the_user_repeats_the_2xx(bench: Bench, flow: Flow) -> None:
    server = begin(bench, "INVITE", flow)
    respond(bench, server, 200)
    bench.clock.advance(1)
    assert again(bench, server.request)
    assert bench.times("200") == [0]
    respond(bench, server, 200)
    respond(bench, server, 486)
    assert bench.times("200") == [0, 1]
    bench.clock.advance(31.5)
    assert len(bench.layer) == 0


def test_ack_to_a_2xx_is_the_users(bench: Bench) -> None:
    respond(bench, begin(bench, "INVITE"), 200)
    assert not again(bench, ack()), "even where a phone uses the INVITE's branch for it"
    assert not again(bench, ack("z9hG4bKnew"))


def test_transport_error_keeps_the_transaction(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    respond(bench, server, 200)
    bench.layer.transport_failed(server.key, 0.0)
    assert again(bench, server.request)


@pytest.mark.parametrize(("method", "status"), [("INVITE", 180), ("INVITE", 200), ("INVITE", 486), ("OPTIONS", 100)])
def test_response_whose_connection_is_gone_gets_a_new_one_once(bench: Bench, method: str, status: int) -> None:
    server = begin(bench, method, TCP)
    respond(bench, server, status)
    for _ in range(3):
        bench.layer.transport_failed(server.key, 0.0)
    assert [send.target for _, send in bench.sent] == [TCP, Destination("192.0.2.10", 5060, "tcp")]


# -- non-INVITE -------------------------------------------------------------------------------------------------------


def test_retransmission_before_the_answer_is_discarded(bench: Bench) -> None:
    server = begin(bench)
    assert again(bench, server.request)
    assert not bench.sent


def test_finished_answer_is_repeated_until_timer_j(bench: Bench) -> None:
    server = begin(bench)
    respond(bench, server, 200)
    assert len(bench.layer) == 0
    bench.clock.advance(31)
    assert again(bench, server.request)
    respond(bench, server, 500)
    assert bench.times("200") == [0, 31]
    assert not bench.times("500")
    bench.clock.advance(1.1)
    assert not again(bench, server.request)
    assert len(bench.layer.finished) == 0


def test_timer_j_is_zero_over_a_reliable_transport(bench: Bench) -> None:
    server = begin(bench, flow=TCP)
    respond(bench, server, 200)
    assert len(bench.layer) == len(bench.layer.finished) == 0
    assert not again(bench, server.request)


def test_100_comes_when_timer_e_is_at_t2_and_is_repeated(bench: Bench) -> None:
    server = begin(bench)
    bench.clock.advance(10)
    assert bench.lines == [(3.5, "100 Trying")]
    assert bench.message("100").to.tag is None
    assert again(bench, server.request)
    assert bench.times("100") == [3.5, 10]


def test_final_response_follows_the_100(bench: Bench) -> None:
    server = begin(bench)
    bench.clock.advance(4)
    respond(bench, server, 200)
    assert again(bench, server.request)
    assert bench.lines == [(3.5, "100 Trying"), (4.0, "200 OK"), (4.0, "200 OK")]


def test_100_waits_over_udp_and_may_come_at_once_over_tcp(bench: Bench) -> None:
    respond(bench, begin(bench), 100)
    assert not bench.sent
    respond(bench, begin(bench, flow=TCP, branch="z9hG4bKtcp"), 100)
    assert bench.times("100") == [0]


@pytest.mark.parametrize("flow", [UDP, TCP])
def test_no_other_provisional_is_sent_to_a_non_invite(bench: Bench, flow: Flow) -> None:
    server = begin(bench, flow=flow)
    respond(bench, server, 183)
    bench.clock.advance(4)
    respond(bench, server, 180)
    assert [line for _, line in bench.lines] == ["100 Trying"]


@pytest.mark.parametrize("after", [0.0, 4.0])
def test_no_408_is_sent_to_a_non_invite_and_its_retransmissions_are_absorbed(bench: Bench, after: float) -> None:
    server = begin(bench)
    bench.clock.advance(after)
    respond(bench, server, 408)
    assert not bench.times("408")
    assert len(bench.layer) == 0
    before = len(bench.sent)
    assert again(bench, server.request)
    assert len(bench.sent) == before


# -- answer: a request and its answer in one step ---------------------------------------------------------------------


def test_answer_over_udp_is_kept_and_repeated_to_where_it_went(bench: Bench) -> None:
    sent = request("REGISTER")
    bench.layer.answer(sent, UDP, response(sent, 200), 0.0)
    assert again(bench, sent)
    assert [send.target for _, send in bench.sent] == [UDP, UDP]
    assert bench.sent[0][1].data == bench.sent[1][1].data


def test_answer_over_tcp_is_not_kept(bench: Bench) -> None:
    sent = request("REGISTER")
    bench.layer.answer(sent, TCP, response(sent, 200), 0.0)
    assert bench.times("200") == [0]
    assert len(bench.layer.finished) == 0


def test_request_answered_again_after_it_was_forgotten_is_kept_again() -> None:
    deadlines = Deadlines()
    answers = FinishedAnswers(deadlines, max_answers=2)
    for at, key in enumerate("abca"):
        answers.add(key, b"answer", UDP, at)
    assert answers.get("a") is not None
    assert answers.get("b") is None
    deadlines.handle(34.0)
    assert answers.get("c") is None
    assert answers.get("a") is not None
    deadlines.handle(36.0)
    assert len(answers) == answers.bytes == 0
    assert deadlines.next() is None


def test_same_key_added_twice_outlives_the_first_entry() -> None:
    deadlines = Deadlines()
    answers = FinishedAnswers(deadlines)
    answers.add("a", b"first", UDP, 0.0)
    answers.add("a", b"second", UDP, 10.0)
    deadlines.handle(33.0)
    assert answers.get("a") == (b"second", UDP)


def test_finished_answers_are_bounded_by_count_and_by_bytes() -> None:
    answers = FinishedAnswers(Deadlines(), max_answers=10, max_bytes=1000)
    for number in range(100):
        answers.add(str(number), b"x" * 10, UDP, 0.0)
    assert len(answers) == 10
    answers.add("large", b"x" * 995, UDP, 0.0)
    assert len(answers) == 1
    answers.add("too large", b"x" * 1001, UDP, 0.0)
    assert len(answers) == answers.bytes == 0


def test_what_makes_an_answer_counts_with_what_it_has_of_its_own() -> None:
    answers = FinishedAnswers(Deadlines(), max_answers=100, max_bytes=4000)
    recipe = AnswerTemplate(b"", b"", b"x" * 1000, b"", None)
    for number in range(10):
        answers.add(str(number), (recipe, b"1", None), UDP, 0.0)
    assert len(answers) == 3


# -- matching (17.2.3) ------------------------------------------------------------------------------------------------


def test_request_matches_by_branch_sent_by_and_method(bench: Bench) -> None:
    begin(bench, "INVITE")
    assert again(bench, request("INVITE", "z9hG4bKphone"))
    assert not again(bench, request("INVITE", "z9hG4bKother"))
    assert not again(bench, request("INVITE", "z9hG4bKphone", sent_by="192.0.2.11"))
    assert not again(bench, request("INVITE", "z9hG4bKphone", sent_by="192.0.2.10:5062"))
    assert not again(bench, request("MESSAGE", "z9hG4bKphone"))


def test_cancel_is_not_absorbed_but_its_retransmission_is(bench: Bench) -> None:
    begin(bench, "INVITE")
    cancel = request("CANCEL", "z9hG4bKphone")
    assert not again(bench, cancel)
    bench.layer.answer(cancel, UDP, response(cancel, 200), 0.0)
    assert again(bench, cancel)
    assert bench.times("200") == [0, 0]


def test_cancel_names_its_invite(bench: Bench) -> None:
    server = begin(bench, "INVITE")
    cancel = request("CANCEL", "z9hG4bKphone")
    assert bench.layer.invite(cancel, UDP._replace(remote=("192.0.2.10", 9))) is server
    assert bench.layer.invite(cancel, UDP._replace(remote=("198.51.100.66", 5060))) is None
    assert bench.layer.invite(request("CANCEL", "z9hG4bKother"), UDP) is None


# -- RFC 2543 phones: no magic cookie, or nothing after it ------------------------------------------------------------

OLD_BRANCHES = ["1", "z9hG4bK"]


@pytest.mark.parametrize("branch", OLD_BRANCHES)
def test_old_phone_matches_by_uri_tags_call_id_cseq_and_via(bench: Bench, branch: str) -> None:
    begin(bench, "INVITE", branch=branch)
    assert again(bench, request("INVITE", branch))
    assert not again(bench, request("INVITE", branch, cseq=3))
    assert not again(bench, request("INVITE", branch, to_tag="dialog"))
    assert not again(bench, request("INVITE", branch, sent_by="192.0.2.10:5062"))
    assert not again(bench, request("MESSAGE", branch))
    for change in ("from", "call-id"):
        other = request("INVITE", branch)
        other.replace(change, ["<sip:alice@example.com>;tag=other"])
        assert not again(bench, other)
    other = request("INVITE", branch)
    other.retarget("sip:carol@192.0.2.10")
    assert not again(bench, other)


@pytest.mark.parametrize("branch", OLD_BRANCHES)
@pytest.mark.parametrize("dialog", ["", "314159"])
def test_old_phones_ack_matches_by_the_responses_to_tag(bench: Bench, branch: str, dialog: str) -> None:
    invite = request("INVITE", branch, to_tag=dialog)
    server = bench.layer.server(invite, UDP, 0.0)
    respond(bench, server, 486)
    assert not again(bench, ack(branch, "somebody-elses"))
    assert again(bench, ack(branch))
    bench.clock.advance(1)
    assert bench.times("486") == [0], "the ACK stopped Timer G"


@pytest.mark.parametrize("branch", OLD_BRANCHES)
def test_old_phones_ack_to_a_2xx_is_the_users(bench: Bench, branch: str) -> None:
    server = begin(bench, "INVITE", branch=branch)
    assert not again(bench, ack(branch))
    respond(bench, server, 200)
    assert not again(bench, ack(branch))


@pytest.mark.parametrize("branch", OLD_BRANCHES)
def test_old_phones_cancel_names_its_invite(bench: Bench, branch: str) -> None:
    server = begin(bench, "INVITE", branch=branch)
    assert bench.layer.invite(request("CANCEL", branch), UDP) is server
    assert bench.layer.invite(request("CANCEL", branch, cseq=3), UDP) is None


# -- where a response goes (18.2.2, RFC 3581) -------------------------------------------------------------------------


def target_of(bench: Bench, via: str, flow: Flow) -> object:
    sent = request()
    sent.replace("via", [via])
    return bench.layer.server(sent, flow, 0.0).target


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("SIP/2.0/UDP 10.0.0.9:5070;rport=61022;received=192.0.2.10;branch=z9hG4bKa", 61022),
        ("SIP/2.0/UDP 10.0.0.9:5070;received=192.0.2.10;branch=z9hG4bKa", 5070),
        ("SIP/2.0/UDP 10.0.0.9;received=192.0.2.10;branch=z9hG4bKa", 5060),
        ("SIP/2.0/UDP 192.0.2.10:61022;maddr=203.0.113.5;branch=z9hG4bKa", 61022),
    ],
)
def test_response_over_udp_goes_to_the_source_and_the_right_port(bench: Bench, via: str, port: int) -> None:
    flow = UDP._replace(remote=("192.0.2.10", 61022))
    assert target_of(bench, via, flow) == UDP._replace(remote=("192.0.2.10", port))


def test_response_over_tcp_goes_back_through_the_connection(bench: Bench) -> None:
    assert target_of(bench, "SIP/2.0/TCP 10.0.0.9:5070;branch=z9hG4bKa", TCP) == TCP
