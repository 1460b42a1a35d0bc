"""Nonces: how long they live, which counts they admit, and that nothing passes twice."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.nonces import LEFT, LONGEST_LIFE, UNUSED_LIFE, WINDOW_BITS, WINDOWS, Nonces, Use

KEY = bytes(range(32))
REQUEST = b"a request"


def make(key: bytes = KEY) -> Nonces:
    return Nonces(key)


def passes(nonces: Nonces, username: str, nonce: str, use: Use, now: float) -> bool:
    """Whether a request of somebody who has proved his password passes."""
    window = nonces.find(username, nonce, now)
    return window is not None and window.admits(use) and nonces.spend(username, window, use, now)


# -- the nonce itself -------------------------------------------------------------------------------------------------


def test_nonces_are_short_and_differ_within_one_millisecond() -> None:
    nonces = make()
    first, second = nonces.issue(5.0), nonces.issue(5.0)
    assert first != second
    assert len(first) == 32
    assert '"' not in first and "\\" not in first


def test_nonce_says_when_it_was_issued() -> None:
    nonces = make()
    window = nonces.find(None, nonces.issue(86_400.125), 86_401.0)
    assert window is not None and window.issued == 86_400.125


@given(st.integers(0, 31), st.sampled_from("Aa0_-"))
def test_changed_nonce_is_not_ours(at: int, char: str) -> None:
    nonces = make()
    nonce = nonces.issue(5.0)
    changed = nonce[:at] + char + nonce[at + 1 :]
    assert (nonces.find(None, changed, 5.0) is None) == (changed != nonce)


@pytest.mark.parametrize("nonce", ["", "x", "A" * 32, "\u00e4" * 32, "A" * 31 + "\udcff", "A" * 1000])
def test_made_up_nonce_is_not_ours(nonce: str) -> None:
    assert make().find("a", nonce, 5.0) is None


def test_nonce_of_another_key_is_not_ours() -> None:
    assert make().find("a", make(b"x" * 32).issue(5.0), 5.0) is None


def test_window_at_hand_is_the_one_that_would_be_found() -> None:
    nonces = make()
    nonce = nonces.issue(86_400.1257)
    found = nonces.find("a", nonce, 86_401.0)
    assert found is not None
    assert asdict(nonces.unused(nonce, 86_400.1257)) == asdict(found)


def test_nonce_gets_one_window_of_an_account() -> None:
    nonces = make()
    nonce = nonces.issue(5.0)
    at_hand = nonces.unused(nonce, 5.0)
    assert passes(nonces, "a", nonce, 1, 5.0)
    assert not nonces.spend("a", at_hand, 1, 5.0)
    assert passes(nonces, "a", nonces.issue(6.0), 1, 6.0)
    assert not nonces.spend("a", at_hand, 1, 6.0)


# -- how long it lives ------------------------------------------------------------------------------------------------


def test_unused_nonce_lives_five_minutes() -> None:
    nonces = make()
    nonce = nonces.issue(10.0)
    assert UNUSED_LIFE == 300
    assert nonces.find("a", nonce, 309.9) is not None
    assert nonces.find("a", nonce, 310.0) is None


def test_used_nonce_that_did_not_register_lives_no_longer() -> None:
    nonces = make()
    nonce = nonces.issue(10.0)
    assert passes(nonces, "a", nonce, 1, 300.0)
    assert passes(nonces, "a", nonce, 2, 309.9)
    assert not passes(nonces, "a", nonce, 3, 310.0)


def test_nonce_that_registered_lives_as_long_as_the_binding() -> None:
    nonces = make()
    nonce = nonces.issue(10.0)
    assert passes(nonces, "a", nonce, 1, 11.0)
    nonces.extend("a", nonce, 3611.0)
    assert passes(nonces, "a", nonce, 2, 3610.9)
    assert not passes(nonces, "a", nonce, 3, 3611.0)


def test_nonce_lives_24_hours_at_most_and_5_minutes_at_least() -> None:
    nonces = make()
    long, short = nonces.issue(10.0), nonces.issue(10.0)
    for nonce, expires_at in ((long, 10.0**9), (short, 12.0)):
        assert passes(nonces, "a", nonce, 1, 11.0)
        nonces.extend("a", nonce, expires_at)
    assert passes(nonces, "a", short, 2, 309.9)
    assert not passes(nonces, "a", short, 3, 310.0)
    assert LONGEST_LIFE == 86_400
    assert passes(nonces, "a", long, 2, 86_409.9)
    assert not passes(nonces, "a", long, 3, 86_410.0)


def test_nonce_that_registered_is_no_good_to_another_account_after_its_unused_life() -> None:
    nonces = make()
    nonce = nonces.issue(10.0)
    assert passes(nonces, "a", nonce, 1, 11.0)
    nonces.extend("a", nonce, 3611.0)
    assert nonces.find("b", nonce, 309.0) is not None
    assert nonces.find("b", nonce, 400.0) is None
    assert nonces.find(None, nonce, 400.0) is None


# -- counts -----------------------------------------------------------------------------------------------------------


def test_count_passes_once() -> None:
    nonces = make()
    nonce = nonces.issue(1.0)
    assert [passes(nonces, "a", nonce, use, 2.0) for use in (1, 1, 2, 2, 1)] == [True, False, True, False, False]


def test_counts_out_of_order_pass_once_inside_the_window() -> None:
    nonces = make()
    nonce = nonces.issue(1.0)
    assert passes(nonces, "a", nonce, 200, 2.0)
    inside, outside = 200 - WINDOW_BITS + 1, 200 - WINDOW_BITS
    assert WINDOW_BITS == 128
    assert [passes(nonces, "a", nonce, use, 2.0) for use in (outside, inside, inside, 199)] == [
        False,
        True,
        False,
        True,
    ]
    assert passes(nonces, "a", nonce, 0xFFFFFFFF, 2.0)
    assert not passes(nonces, "a", nonce, 201, 2.0)


@given(st.lists(st.integers(0, 400)))
def test_window_admits_what_is_unused_and_not_too_old(uses: list[int]) -> None:
    nonces = make()
    nonce = nonces.issue(1.0)
    seen: set[int] = set()
    for use in uses:
        expected = use not in seen and use > max(seen, default=0) - WINDOW_BITS
        assert passes(nonces, "a", nonce, use, 2.0) is expected
        seen |= {use} if expected else set()


def test_nonce_without_qop_serves_one_request_and_its_retransmissions() -> None:
    nonces = make()
    nonce = nonces.issue(1.0)
    assert passes(nonces, "a", nonce, REQUEST, 2.0)
    assert passes(nonces, "a", nonce, REQUEST, 3.0)
    assert not passes(nonces, "a", nonce, b"another", 3.0)
    assert not passes(nonces, "a", nonce, 1, 3.0)


def test_nonce_used_with_qop_is_no_good_without() -> None:
    nonces = make()
    nonce = nonces.issue(1.0)
    assert passes(nonces, "a", nonce, 0, 2.0)
    assert not passes(nonces, "a", nonce, REQUEST, 2.0)


def test_nonce_without_qop_does_not_live_as_long_as_the_binding() -> None:
    nonces = make()
    nonce = nonces.issue(1.0)
    assert passes(nonces, "a", nonce, REQUEST, 2.0)
    nonces.extend("a", nonce, 3600.0)
    assert not passes(nonces, "a", nonce, REQUEST, 302.0)


# -- what is kept -----------------------------------------------------------------------------------------------------


def fill(nonces: Nonces, number: int, now: float = 2.0) -> list[str]:
    """That many nonces used by account "a", one a second."""
    issued = [nonces.issue(now + at) for at in range(number)]
    for at, nonce in enumerate(issued):
        assert passes(nonces, "a", nonce, 1, now + at)
    return issued


def test_nothing_is_kept_for_a_stranger() -> None:
    nonces = make()
    for at in range(100):
        assert nonces.find(f"user{at}", nonces.issue(1.0), 1.0) is not None
        nonces.extend(f"user{at}", "x", 10.0)
        nonces.forget(f"user{at}")
    assert not nonces._used


def test_account_keeps_some_windows_and_fewer_once_there_must_be_room() -> None:
    nonces = make()
    assert (WINDOWS, LEFT) == (24, 16)
    issued = fill(nonces, WINDOWS)
    assert len(nonces._used["a"].windows) == WINDOWS
    newcomer = fill(nonces, 1, 30.0)[0]
    assert [window.nonce for window in nonces._used["a"].windows] == [*issued[WINDOWS - LEFT :], newcomer]


def test_window_unused_for_the_longest_goes_first() -> None:
    nonces = make()
    issued = fill(nonces, WINDOWS)
    assert passes(nonces, "a", issued[0], 2, 50.0)
    fill(nonces, 1, 60.0)
    assert not passes(nonces, "a", issued[1], 2, 61.0)
    assert passes(nonces, "a", issued[0], 3, 61.0)


def test_window_that_registered_stays_before_one_that_did_not() -> None:
    nonces = make()
    issued = fill(nonces, WINDOWS)
    nonces.extend("a", issued[0], 3600.0)
    fill(nonces, 3 * WINDOWS, 60.0)
    assert passes(nonces, "a", issued[0], 2, 120.0)
    fill(nonces, 3 * WINDOWS, 130.0)
    assert passes(nonces, "a", issued[0], 3, 140.0), "a call that used it as well is no reason"


def test_the_one_unused_for_the_longest_goes_first_however_often_it_registered() -> None:
    nonces = make()
    issued = fill(nonces, WINDOWS)
    for nonce in [*issued, issued[1], issued[1]]:
        nonces.extend("a", nonce, 3600.0)
    others = [nonce for nonce in issued if nonce != issued[1]]
    assert all(passes(nonces, "a", nonce, 2, 50.0 + at) for at, nonce in enumerate(reversed(others)))
    fill(nonces, 1, 80.0)
    assert not passes(nonces, "a", issued[1], 2, 81.0)
    assert passes(nonces, "a", issued[0], 3, 81.0)


def test_newcomer_is_kept_though_all_others_registered() -> None:
    nonces = make()
    for nonce in fill(nonces, WINDOWS):
        nonces.extend("a", nonce, 3600.0)
    newcomer = fill(nonces, 1, 60.0)[0]
    assert passes(nonces, "a", newcomer, 2, 61.0)


def test_nonce_whose_window_went_is_stale_and_so_is_each_older_one_without_a_window() -> None:
    nonces = make()
    older, other = nonces.issue(1.0), nonces.issue(1.0)
    assert passes(nonces, "b", other, 1, 2.0)
    issued = fill(nonces, WINDOWS + 1)
    newer = nonces.issue(10.0)
    assert not passes(nonces, "a", issued[0], 2, 30.0)
    assert not passes(nonces, "a", older, 1, 30.0)
    assert passes(nonces, "a", newer, 1, 30.0)
    assert passes(nonces, "b", older, 1, 30.0), "another account has another floor"


def test_floor_does_not_show_before_the_password_is_proved() -> None:
    nonces = make()
    older = nonces.issue(1.0)
    fill(nonces, WINDOWS + 1)
    assert nonces.find("a", older, 30.0) is not None


def test_expired_windows_go_when_a_new_one_comes() -> None:
    nonces = make()
    fill(nonces, 10)
    fill(nonces, 1, 400.0)
    assert len(nonces._used["a"].windows) == 1


def test_forgotten_account_keeps_nothing_and_its_nonces_stay_used() -> None:
    nonces = make()
    nonce, unused = nonces.issue(1.0), nonces.issue(1.0)
    assert passes(nonces, "a", nonce, 1, 2.0)
    nonces.forget("a")
    assert not nonces._used
    assert not passes(nonces, "a", nonce, 1, 3.0)
    assert not passes(nonces, "a", unused, 1, 3.0)
    assert passes(nonces, "a", nonces.issue(3.0), 1, 3.0)


def test_forgotten_account_leaves_its_floor_too() -> None:
    nonces = make()
    early = nonces.issue(1.0)
    others, late = fill(nonces, WINDOWS - 1), nonces.issue(50.0)
    assert passes(nonces, "a", late, 1, 50.0)
    for nonce in others:
        assert passes(nonces, "a", nonce, 2, 60.0)
    assert passes(nonces, "a", early, 1, 61.0), "it pushes the late one out"
    nonces.forget("a")
    assert not passes(nonces, "a", late, 1, 62.0)


# -- the property -----------------------------------------------------------------------------------------------------

ISSUE, USE, WHOLE, EXTEND, FORGET, CLOCK = range(6)
STEP = st.one_of(
    st.tuples(st.just(ISSUE)),
    st.tuples(st.just(USE), st.integers(0, 40), st.sampled_from("ab"), st.sampled_from([0, 1, 2, 3, 130, 131, 400])),
    st.tuples(st.just(WHOLE), st.integers(0, 40), st.sampled_from("ab"), st.integers(0, 3)),
    st.tuples(st.just(EXTEND), st.integers(0, 40), st.sampled_from("ab"), st.integers(0, 200_000)),
    st.tuples(st.just(FORGET), st.sampled_from("ab")),
    st.tuples(st.just(CLOCK), st.sampled_from([-400.0, -0.5, 0.001, 1.0, 299.0, 301.0, 90_000.0])),
)


class Replay:
    """Plays steps, and keeps what passed: nothing may pass twice, and a nonce without qop for one request only."""

    def __init__(self) -> None:
        self.nonces = make()
        self.now = 100_000.0
        self.issued = [self.nonces.issue(self.now)]
        self.counts: set[tuple[str, str, int]] = set()
        self.requests: dict[tuple[str, str], Use] = {}

    def play(self, step: tuple[object, ...]) -> None:
        match step:
            case (0,):
                self.issued.append(self.nonces.issue(self.now))
            case (1, int(at), str(username), int(use)):
                self.use(username, self.issued[at % len(self.issued)], use)
            case (2, int(at), str(username), int(request)):
                self.whole(username, self.issued[at % len(self.issued)], b"%d" % request)
            case (3, int(at), str(username), int(seconds)):
                self.nonces.extend(username, self.issued[at % len(self.issued)], self.now + seconds)
            case (4, str(username)):
                self.nonces.forget(username)
            case (5, float(seconds)):
                self.now = max(0.0, self.now + seconds)

    def use(self, username: str, nonce: str, use: int) -> None:
        if passes(self.nonces, username, nonce, use, self.now):
            assert (username, nonce, use) not in self.counts
            assert (username, nonce) not in self.requests
            self.counts.add((username, nonce, use))

    def whole(self, username: str, nonce: str, request: Use) -> None:
        if passes(self.nonces, username, nonce, request, self.now):
            assert self.requests.setdefault((username, nonce), request) == request
            assert not any(count[:2] == (username, nonce) for count in self.counts)


@given(st.lists(STEP, max_size=80), st.integers(0, 30))
@settings(max_examples=300)
def test_nothing_passes_twice_whatever_happens(steps: list[tuple[object, ...]], crowd: int) -> None:
    replay = Replay()
    for step in steps[: len(steps) // 2]:
        replay.play(step)
    for _ in range(crowd):  # enough nonces to push windows out
        replay.issued.append(replay.nonces.issue(replay.now))
        replay.use("a", replay.issued[-1], 1)
    for step in steps[len(steps) // 2 :]:
        replay.play(step)
    for username, nonce, use in list(replay.counts):
        replay.use(username, nonce, use)
    assert all(len(used.windows) <= WINDOWS for used in replay.nonces._used.values())
