"""Non-INVITE client transactions: RFC 3261 section 17.1.2."""

from __future__ import annotations

import gc
import weakref

import pytest

from frontdesk.sip.message import Request
from frontdesk.sip.wire import Destination
from tests.support.bench import TCP, UDP, Bench, request, response


@pytest.fixture
def bench() -> Bench:
    return Bench()


def answer(bench: Bench, sent: Request, status: int, to_tag: str = "314159") -> bool:
    return bench.layer.receive_response(response(sent, status, to_tag), bench.clock.now)


def test_timer_e_doubles_up_to_t2_and_timer_f_ends_it(bench: Bench) -> None:
    bench.layer.client(request(), UDP, bench, 0.0)
    bench.clock.advance(100)
    assert bench.times("OPTIONS") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert bench.told == [(32.0, "timed out")]
    assert len(bench.layer) == 0


def test_provisional_slows_timer_e_to_t2_and_timer_f_still_runs(bench: Bench) -> None:
    sent = request()
    bench.layer.client(sent, UDP, bench, 0.0)
    bench.clock.advance(0.6)
    answer(bench, sent, 100)
    bench.clock.advance(100)
    assert bench.times("OPTIONS")[:4] == [0, 0.5, 1.5, 5.5]
    assert bench.told == [(0.6, "100"), (32.0, "timed out")]


def test_every_provisional_and_then_the_final_response_is_told(bench: Bench) -> None:
    sent = request()
    bench.layer.client(sent, UDP, bench, 0.0)
    for status in (100, 183, 200):
        answer(bench, sent, status)
    assert [status for _, status in bench.told] == ["100", "183", "200"]
    bench.clock.advance(10)
    assert bench.times("OPTIONS") == [0]


def test_non_invite_over_a_reliable_transport_is_sent_once(bench: Bench) -> None:
    bench.layer.client(request(), TCP, bench, 0.0)
    bench.clock.advance(100)
    assert bench.times("OPTIONS") == [0]
    assert bench.told == [(32.0, "timed out")]


def test_final_response_is_told_once_and_repeats_absorbed_until_timer_k(bench: Bench) -> None:
    sent = request()
    bench.layer.client(sent, UDP, bench, 0.0)
    assert answer(bench, sent, 200)
    bench.clock.advance(4.9)
    assert answer(bench, sent, 200)
    assert bench.told == [(0.0, "200")]
    bench.clock.advance(0.2)
    assert not answer(bench, sent, 200)


def test_timer_k_is_zero_over_a_reliable_transport(bench: Bench) -> None:
    sent = request()
    bench.layer.client(sent, TCP, bench, 0.0)
    answer(bench, sent, 200)
    assert len(bench.layer) == 0
    assert bench.told == [(0.0, "200")]


@pytest.mark.parametrize("provisional", [False, True])
def test_transport_error_fails_a_non_invite(bench: Bench, provisional: bool) -> None:
    sent = request()
    client = bench.layer.client(sent, UDP, bench, 0.0)
    if provisional:
        answer(bench, sent, 100)
    bench.layer.transport_failed(client.key, 0.0)
    assert bench.told[-1] == (0.0, "failed")
    assert len(bench.layer) == 0


def test_non_invite_is_never_cancelled(bench: Bench) -> None:
    sent = request()
    client = bench.layer.client(sent, UDP, bench, 0.0)
    answer(bench, sent, 100)
    client.cancel(0.0, ())
    assert not bench.times("CANCEL")


def test_who_asked_is_let_go_with_the_final_response_and_hears_of_nothing_more(bench: Bench) -> None:
    """What a call keeps for its BYE would stay until Timer K."""
    asker, sent = Bench(), request()
    client, left = bench.layer.client(sent, UDP, asker, 0.0), weakref.ref(asker)
    answer(bench, sent, 200)
    assert [status for _, status in asker.told] == ["200"]
    client.sent_over(UDP, [Destination("192.0.2.9", 5060, "udp")], 0.1)
    client.flow_closed(0.1)
    assert [status for _, status in asker.told] == ["200"]
    del asker
    gc.collect()
    assert left() is None
    client.give_up(0.2)
    assert len(bench.layer) == 0
