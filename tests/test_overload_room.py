"""The memory for requests that are open: how senders share it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.overload import ENDING, ROOM, Room

SIZE = 1 << 20
LARGEST = SIZE >> 6


def fill(room: Room, name: str, *, ends: bool = False) -> int:
    """He sends until no more of his is let through; how many that are."""
    for number in range(10_000):
        if room.is_used_up(name, ends=ends):
            return number
        room.take(name, 1)
    raise AssertionError(f"{name} may have as much open as he likes")


def test_one_whom_nobody_answers_gets_half_and_two_get_a_third_each() -> None:
    room = Room(600)
    assert fill(room, "101") == 300
    assert fill(room, "102") == 150, "of what is left"
    room = Room(600)
    while open_to := [name for name in ("101", "102") if not room.is_used_up(name)]:
        for name in open_to:
            room.take(name, 1)
    assert room.left == 200


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, LARGEST), st.booleans()), max_size=400))
def test_whoever_comes_is_let_through_whatever_others_have_open(sent: list[tuple[str, int, bool]]) -> None:
    room = Room(SIZE)
    for name, size, ends in sent:
        if not room.is_used_up(name, ends=ends):
            room.take(name, size)
        assert not room.is_used_up("newcomer")


def test_what_ends_something_is_let_through_where_nothing_else_of_its_sender_is() -> None:
    room = Room(600)
    fill(room, "101")
    assert not room.is_used_up("101", ends=True)
    fill(room, "101", ends=True)
    assert room.left == 600 / (1 + ENDING), "not even that without bound"


def test_what_is_given_back_leaves_nothing_behind() -> None:
    room = Room()
    for size in (5000, 70_000):
        room.take("101", size)
    room.give_back("101", 5000)
    assert room.taken == {"101": 70_000} and room.left == ROOM - 70_000
    room.give_back("101", 70_000)
    assert room.left == ROOM and not room.taken
