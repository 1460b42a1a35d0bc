"""Bytes over a line that loses, repeats and damages frames arrive once and in order."""

from __future__ import annotations

from random import Random

from panel_link.channels import (
    CONSOLE,
    LONGEST_LINE,
    LONGEST_LOG,
    LONGEST_STATUS,
    Status,
    hello,
    log,
    read_hello,
    read_log,
    read_status,
)
from panel_link.frames import Frame, FrameReader
from panel_link.receiving import Receiver
from panel_link.stream import GIVES_UP, LONGEST, RESEND, SHORTEST, Stream

SEED = 20261123


def carry(near: Stream, far: Stream, now: int, lost: Random | None = None, chance: float = 0.0) -> bytes:
    """One look at either end; what the far end has got."""
    frame = near.due(now)
    if frame is None or (lost and lost.random() < chance):
        return b""
    data, taken = far.receive(frame)
    if not lost or lost.random() >= chance:
        near.taken(taken.id)
    return data


def test_bytes_arrive_once_and_in_order_over_a_line_that_loses_half() -> None:
    print(f"seed {SEED}")  # noqa: T201
    random = Random(SEED)
    near, far = Stream(65530), Stream(7)
    wanted = random.randbytes(3000)
    near.write(wanted)
    got = b""
    for turn in range(4000):
        got += carry(near, far, turn * RESEND, random, 0.5)
    assert got == wanted
    assert near.is_idle


def test_what_was_dropped_is_not_sent_and_what_is_on_its_way_arrives() -> None:
    near, far = Stream(1), Stream(2)
    near.write(b"x" * (LONGEST + 1))
    assert near.due(0) is not None
    near.drop()
    near.write(b"y")
    assert carry(near, far, RESEND) + carry(near, far, 2 * RESEND) == b"x" * LONGEST + b"y"
    assert near.is_idle


def test_times_that_begin_anew_end_no_wait() -> None:
    near = Stream(1)
    near.write(b"x")
    last = (1 << 30) - 10
    assert near.due(last) is not None
    assert near.due(last + 9) is None
    assert near.due(RESEND) is not None


def test_pieces_shrink_where_they_are_lost_and_grow_again() -> None:
    near, far = Stream(1), Stream(1)
    near.write(bytes(4000))
    lengths = []
    now = 0
    frame = None
    for lost in (1, 1, 1, 1, 0, 0, 0, 0, 0):
        for _ in range(lost + 1):
            now += RESEND
            frame = near.due(now)
        assert frame is not None
        lengths.append(len(frame.payload))
        near.taken(far.receive(frame)[1].id)
    assert lengths == [LONGEST, 64, 32, SHORTEST, SHORTEST, 32, 64, LONGEST, LONGEST]


def test_other_end_that_is_not_there_costs_no_memory_for_ever() -> None:
    near = Stream(1)
    near.write(bytes(300))
    sent = [near.due(turn * RESEND) for turn in range(GIVES_UP + 1)]
    assert sent[-1] is None
    assert near.is_idle


def test_taken_of_another_piece_is_passed_over() -> None:
    near = Stream(1)
    near.write(b"x")
    frame = near.due(0)
    assert frame is not None
    near.taken(frame.id + 1)
    assert not near.is_idle


def test_status_comes_back_as_it_was() -> None:
    alarms = ("The disk is full.", "No route.")
    status = Status("büro", "192.0.2.10", "4F7K9QRT", "https://buero.local/", "AB" * 32, alarms, 12, 3)
    read = read_status(status.encode())
    assert read is not None
    assert all(getattr(read, name) == getattr(status, name) for name in Status.__slots__)


def test_alarms_that_do_not_fit_are_counted() -> None:
    alarms = tuple(f"alarm {number} " + "y" * 100 for number in range(50))
    coded = Status("x" * 63, "2001:db8::1", alarms=alarms).encode()
    read = read_status(coded)
    assert read is not None and LONGEST_STATUS - 130 < len(coded) <= LONGEST_STATUS
    *told, more = read.alarms
    assert tuple(told) == alarms[: len(told)] and more == f"And {50 - len(told)} more."


def test_line_end_inside_a_text_makes_no_other_line() -> None:
    read = read_status(Status("a\nb", alarms=("one\ntwo",)).encode())
    assert read is not None and (read.name, read.alarms) == ("a b", ("one two",))


def test_log_bears_the_last_lines_that_fit() -> None:
    lines = [f"line {number} " + "ü" * 300 for number in range(9)]
    coded = log(lines)
    assert len(coded) <= LONGEST_LOG
    assert read_log(coded) == [line[:LONGEST_LINE] for line in lines[-2:]]
    assert read_log(log(["one", "two"])) == ["one", "two"]


def test_half_a_status_and_another_products_hello_are_none() -> None:
    assert read_status(b"\0\1") is None
    assert read_status(b"\0\1\0\1only a name") is None
    assert read_hello(b"FD") is None
    assert read_hello(b"XYZ\1\0\0name") is None
    assert read_hello(hello("0.1.0", 513)) == (1, 513, "0.1.0")


def test_receiver_finds_what_the_reader_finds_byte_by_byte_in_noise() -> None:
    print(f"seed {SEED}")  # noqa: T201
    random = Random(SEED)
    stream = b""
    for number in range(1, 200):
        stream += Frame(CONSOLE, number, random.randbytes(random.randrange(200))).encode()
        stream += random.randbytes(random.randrange(0, 3000, 100) if random.random() < 0.2 else 0)
    receiver = Receiver()
    found = [receiver.take() for byte in stream if receiver.receive(byte)]
    wanted = FrameReader().read(stream)
    assert [frame and (frame.id, frame.payload) for frame in found] == [
        frame and (frame.id, frame.payload) for frame in wanted
    ]
    assert sum(frame is not None for frame in found) > 150
