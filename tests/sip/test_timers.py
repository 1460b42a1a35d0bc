"""The heap of deadlines."""

from __future__ import annotations

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


def test_of_those_who_wait_equally_long_the_living_are_told_in_turn() -> None:
    deadlines, alive, told = Deadlines(), {"a", "b", "c"}, list[tuple[str, float]]()
    delay = Delay(3.5, deadlines, alive, lambda name, now: told.append((name, now)))
    for at, name in enumerate("abc"):
        delay.start(name, float(at))
    alive.discard("b")
    assert len(deadlines) == 1
    deadlines.handle(3.4)
    assert not told
    deadlines.handle(3.5)
    assert deadlines.next() == 5.5  # of the dead nobody is reminded
    deadlines.handle(5.5)
    assert told == [("a", 3.5), ("c", 5.5)]
    assert deadlines.next() is None


def test_who_is_over_does_not_wait_on() -> None:
    deadlines, alive = Deadlines(), set[str]()
    delay = Delay(3.5, deadlines, alive, lambda name, now: None)
    for at in range(1000):
        alive.add(str(at))
        delay.start(str(at), float(at))
        alive.discard(str(at))
    assert len(delay._queue) == 1


def test_one_who_begins_as_another_is_told_is_told_in_his_turn() -> None:
    deadlines, told = Deadlines(), list[float]()

    def again(name: str, now: float) -> None:
        told.append(now)
        delay.start(name, now)

    delay = Delay(1.0, deadlines, "a", again)
    delay.start("a", 0.0)
    for now in (1.0, 2.0, 3.0):
        deadlines.handle(now)
    assert told == [1.0, 2.0, 3.0]
