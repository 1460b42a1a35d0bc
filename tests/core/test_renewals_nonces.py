"""The nonces of a device that is known by its bytes: each of their counts passes once, whichever way it goes."""

from __future__ import annotations

from frontdesk.nonces import LONGEST_LIFE
from tests.core.pair import Pair, register
from tests.core.test_renewals import MOVED
from tests.support.bare_core import PASSWORD
from tests.support.digest_answer import Answerer


def test_a_known_device_is_challenged_and_logs_in_the_short_way() -> None:
    pair = Pair()
    pair.answerer = Answerer("101", PASSWORD, pair.challenge())
    assert pair.was_short(pair.next())
    assert pair.was_short(register("", 99, "z9hG4bKlast"))
    assert pair.short.core.layer.finished.get("REGISTER 192.0.2.101:5060 z9hG4bKlast") is None


def test_a_nonce_that_was_used_the_long_way_passes_no_second_time() -> None:
    pair = Pair()
    challenge = pair.challenge()
    pair.answerer = Answerer("101", PASSWORD, challenge)
    pair.send_other()
    pair.answerer = Answerer("101", PASSWORD, challenge)  # counts from one, too
    assert pair.send(pair.next()) == 401


def test_a_move_lets_its_nonce_live_as_long_as_the_binding() -> None:
    pair = Pair()
    pair.wait(3000)
    assert pair.send(pair.next(contact=MOVED)) == 200
    pair.wait(3000)
    assert pair.send(pair.next(contact=MOVED)) == 200


def test_a_nonce_that_is_a_day_old_is_good_no_more_though_it_is_at_hand() -> None:
    pair = Pair()
    for _ in range(int(LONGEST_LIFE / 3000)):
        pair.wait(3000)
        assert pair.send(pair.next()) == 200
    pair.wait(3000)
    assert pair.send(pair.next()) == 401
