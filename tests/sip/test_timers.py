"""The heap of deadlines."""

from __future__ import annotations

import pytest

from frontdesk.sip import timers
from frontdesk.sip.timers import Deadlines, Delay


def test_deadlines_fire_in_the_order_of_time_then_of_setting() -> None:
    deadlines, fired = Deadlines(), list[str]()
    deadlines.set(2.0, lambda now: fired.append(f"late at {now}"))
    deadlines.set(1.0, lambda now: fired.append(f"first at {now}"))
    deadlines.set(1.0, lambda now: fired.append(f"second at {now}"))
    deadlines.handle(0.9)
    assert not fired
    deadlines.handle(2.0)
    assert fired == ["first at 2.0", "second at 2.0", "late at 2.0"]


def test_cancelled_deadline_never_fires() -> None:
    deadlines, fired = Deadlines(), list[float]()
    deadline = deadlines.set(1.0, fired.append)
    deadlines.set(2.0, fired.append)
    deadline.cancel()
    assert deadlines.next() == 2.0
    deadlines.handle(5.0)
    assert fired == [5.0]


def test_cancelling_what_has_fired_changes_nothing() -> None:
    deadlines = Deadlines()
    deadline = deadlines.set(1.0, lambda now: None)
    deadlines.handle(1.0)
    deadline.cancel()
    assert len(deadlines) == 0
    deadlines.set(2.0, lambda now: None)
    assert len(deadlines) == 1


def test_action_may_set_and_cancel_deadlines_that_are_due_too() -> None:
    deadlines, fired = Deadlines(), list[str]()

    def act(now: float) -> None:
        victim.cancel()
        deadlines.set(now, lambda now: fired.append("set while firing"))

    deadlines.set(1.0, act)
    victim = deadlines.set(1.0, lambda now: fired.append("cancelled"))
    deadlines.handle(1.0)
    assert fired == ["set while firing"]
    assert deadlines.next() is None


def test_cancelled_deadlines_do_not_pile_up() -> None:
    deadlines, fired = Deadlines(), list[float]()
    deadlines.set(500.0, fired.append)
    for _ in range(50_000):
        deadlines.set(1e6, fired.append).cancel()
    assert len(deadlines._heap) < 3 * timers.SLACK
    assert len(deadlines) == 1
    deadlines.handle(500.0)
    assert fired == [500.0]


def test_timer_values_are_those_of_table_4() -> None:
    assert (timers.T1, timers.T2, timers.T4) == (0.5, 4.0, 5.0)
    assert timers.TIMEOUT == 32.0
    assert timers.TRYING_AFTER == 3.5


class Waiter:
    """Notes when its time was over; `again`: what to begin then."""

    def __init__(self, name: str, told: list[tuple[str, float]], again: Delay | None = None) -> None:
        self.name = name
        self.told = told
        self.again = again

    def fires(self, timer: str, now: float) -> None:
        self.told.append((self.name, now))
        if self.again is not None:
            self.again.start(self, now)


def test_of_those_who_wait_equally_long_each_is_told_in_turn_but_who_was_stopped() -> None:
    deadlines, told = Deadlines(), list[tuple[str, float]]()
    delay = deadlines.delays["x", 3.5]
    waiters = [Waiter(name, told) for name in "abc"]
    for at, waiter in enumerate(waiters):
        delay.start(waiter, float(at))
    delay.stop(waiters[1])
    assert len(deadlines) == 1
    deadlines.handle(3.4)
    assert not told
    deadlines.handle(3.5)
    assert deadlines.next() == 5.5  # of who waits no longer nobody is reminded
    deadlines.handle(5.5)
    assert told == [("a", 3.5), ("c", 5.5)]
    assert deadlines.next() is None


def test_who_begins_anew_waits_from_then_on() -> None:
    deadlines, told = Deadlines(), list[tuple[str, float]]()
    delay, first, second = deadlines.delays["x", 1.0], Waiter("first", told), Waiter("second", told)
    delay.start(first, 0.0)
    delay.start(second, 0.5)
    delay.start(first, 0.6)
    for now in (1.0, 1.5, 1.6):
        deadlines.handle(now)
    assert told == [("second", 1.5), ("first", 1.6)]


def test_delays_of_different_length_are_told_in_the_order_of_time_after_a_pause() -> None:
    deadlines, told = Deadlines(), list[tuple[str, float]]()
    for name, seconds, since in (("b", 2.0, 0.0), ("d", 2.0, 2.0), ("a", 0.5, 0.0), ("c", 0.5, 2.5)):
        deadlines.delays["x", seconds].start(Waiter(name, told), since)
    deadlines.handle(100.0)
    assert told == [("a", 100.0), ("b", 100.0), ("c", 100.0), ("d", 100.0)]


def test_who_is_over_does_not_wait_on() -> None:
    deadlines = Deadlines()
    delay = deadlines.delays["x", 3.5]
    for at in range(1000):
        waiter = Waiter("", [])
        delay.start(waiter, float(at))
        delay.stop(waiter)
    assert not delay._waiting
    assert len(deadlines) == 1


def test_one_who_begins_as_he_is_told_is_told_in_his_turn() -> None:
    deadlines, told = Deadlines(), list[tuple[str, float]]()
    delay = deadlines.delays["x", 1.0]
    delay.start(Waiter("a", told, delay), 0.0)
    for now in (1.0, 2.0, 3.0):
        deadlines.handle(now)
    assert told == [("a", 1.0), ("a", 2.0), ("a", 3.0)]


def test_who_fails_as_he_is_told_holds_nobody_up() -> None:
    class Failing(Waiter):
        def fires(self, timer: str, now: float) -> None:
            raise ValueError

    deadlines, told = Deadlines(), list[tuple[str, float]]()
    delay = deadlines.delays["x", 1.0]
    for waiter in (Failing("a", told), Waiter("b", told)):
        delay.start(waiter, 0.0)
    with pytest.raises(ValueError):
        deadlines.handle(1.0)
    deadlines.handle(1.0)
    assert told == [("b", 1.0)]
