"""Requests over a bad line: slower, never wrong, and each is done once."""

from __future__ import annotations

import struct
from binascii import crc32
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_link import messages
from panel_link.answering import EXCHANGES
from panel_link.asking import Anew, Asker, Call, LinkError, NoAnswer, Refused
from panel_link.frames import Frame, FrameReader
from tests.panel_link.line import Line, damage, loss

REQUESTS = st.binary(max_size=3000)
SEEDS = st.integers(0, 2**32)


@given(REQUESTS)
def test_request_is_answered(request: bytes) -> None:
    line = Line()
    asker = Asker(line)
    asker.greet()
    assert (asker.name, asker.instance) == ("box", 7)
    assert asker.run(Call(1, request)) == request[::-1]
    assert (line.done, asker.resent) == ([request], 0)


@given(REQUESTS, SEEDS)
def test_one_percent_of_damaged_bytes_is_slower_and_never_wrong(request: bytes, seed: int) -> None:
    line = Line(damage(Random(seed), 0.01))
    asker = Asker(line)
    for number in range(3):
        assert asker.run(Call(number, request)) == request[::-1]
    assert line.done == [request] * 3


@given(REQUESTS, SEEDS)
def test_lost_and_repeated_frames_are_slower_and_never_wrong(request: bytes, seed: int) -> None:
    line = Line(loss(Random(seed), 0.2))
    assert Asker(line).run(Call(1, request)) == request[::-1]
    assert line.done == [request]


def test_damage_is_seen_in_the_number_of_bytes() -> None:
    request = bytes(range(256)) * 40
    good, bad = Line(), Line(damage(Random(5), 0.01))
    for line in (good, bad):
        assert Asker(line).run(Call(1, request)) == request[::-1]
    assert good.bytes < 2.3 * len(request) < bad.bytes


@given(REQUESTS, st.lists(st.integers(1, 4000), max_size=4))
def test_pulled_cable_resumes_where_it_was(request: bytes, cuts: list[int]) -> None:
    line = Line()
    line.waits = 3
    call = Call(1, request)
    for cut in cuts:
        line.cut_after = cut
        try:
            Asker(line).run(call)
        except OSError:
            continue
    line.cut_after = None
    assert Asker(line).run(call) == request[::-1]
    assert line.done == [request]


def test_resumed_upload_does_not_begin_again() -> None:
    line = Line()
    call = Call(1, b"x" * 10_000)
    line.cut_after = 9000
    with pytest.raises(OSError, match="cable"):
        Asker(line).run(call)
    before, line.cut_after, line.work = line.bytes, None, lambda request: b"done"
    assert Asker(line).run(call) == b"done"
    assert line.bytes - before < 4000


def test_request_cut_anywhere_is_not_done() -> None:
    request = b"add everything" * 20
    whole = Line()
    Asker(whole)._upload(Call(1, request))
    for cut in range(0, whole.bytes - 40, 7):
        line = Line()
        line.cut_after = cut
        with pytest.raises(OSError, match="cable"):
            Asker(line).run(Call(1, request))
        assert line.done in ([], [request])


def test_login_in_between_keeps_the_upload() -> None:
    line = Line()
    call = Call(1, b"x" * 5000)
    line.cut_after = 4000
    with pytest.raises(OSError, match="cable"):
        Asker(line).run(call)
    line.cut_after = None
    had = len(line.box._find(1).request)  # type: ignore[union-attr]
    assert Asker(line).run(Call(2, b"login")) == b"nigol"
    assert had > 0 and len(line.box._find(1).request) == had  # type: ignore[union-attr]


def test_old_exchanges_are_let_go() -> None:
    line = Line()
    for number in range(EXCHANGES * 3):
        Asker(line).run(Call(number, b"x"))
    assert len(line.box._exchanges) == EXCHANGES


def test_silence_ends_after_a_while() -> None:
    with pytest.raises(NoAnswer, match="does not answer"):
        Asker(Line(lambda data: b"")).greet()


def test_noise_without_end_ends_after_a_while() -> None:
    line = Line()
    line.read = lambda seconds: (setattr(line, "_time", line._time + 0.01), b"\0noise\0")[1]  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(NoAnswer):
        Asker(line).greet()


def test_answer_of_a_box_that_was_restarted_is_not_made_up() -> None:
    line = Line()
    asker = Asker(line)
    call = Call(1, b"request")
    asker._upload(call)
    line.box = Line().box
    with pytest.raises(Anew, match="look what it has done"):
        asker._await(call)


def test_too_long_a_request_is_refused_before_it_is_sent() -> None:
    line = Line()
    line.box.longest = 100
    with pytest.raises(Refused, match="at most 100 bytes"):
        Asker(line).run(Call(1, b"x" * 5000))
    assert line.bytes < 1000 and line.done == []


def test_private_answer_is_for_those_who_are_let_in() -> None:
    line = Line()
    call = Call(1, b"export")
    Asker(line)._upload(call)
    line.box._exchanges[0].private = line.box.locked = True
    with pytest.raises(Refused, match="Log in first"):
        Asker(line).run(call)
    line.box.locked = False
    assert Asker(line).run(call) == b"tropxe"


def test_other_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line()
    monkeypatch.setattr(line.box, "_greeting", b"\2" + line.box._greeting[1:])
    with pytest.raises(LinkError, match="version 2"):
        Asker(line).greet()


def test_box_notes_that_the_other_end_has_left() -> None:
    line = Line()
    Asker(line).leave()
    assert line.box.left
    Asker(line).greet()
    assert not line.box.left


@given(st.integers(0, 255), st.binary(max_size=40))
def test_no_frame_upsets_the_box(type: int, payload: bytes) -> None:
    replies = FrameReader().read(Line().box.receive(Frame(type, 9, payload).encode()))
    assert all(reply is not None and reply.id == 9 and reply.type >= messages.GREETING for reply in replies)


@given(st.binary(max_size=3000))
def test_no_noise_upsets_the_box(noise: bytes) -> None:
    line = Line()
    line.box.receive(noise)
    asker = Asker(line)
    assert asker.run(Call(1, b"request")) == b"tseuqer"


def put(number: int, request: bytes, offset: int, crc: int | None = None) -> bytes:
    head = (number, len(request), crc32(request) if crc is None else crc, offset)
    return Frame(messages.PUT, 5, struct.pack(messages.PUT_HEAD, *head) + request[offset : offset + 4]).encode()


def has(reply: bytes) -> int:
    [frame] = FrameReader().read(reply)
    assert frame is not None and frame.type == messages.HAVE
    return int(struct.unpack(messages.HAVE_HEAD, frame.payload)[1])


def test_gap_is_not_filled() -> None:
    box = Line().box
    assert has(box.receive(put(1, b"request", 4))) == 0
    assert has(box.receive(put(1, b"request", 0))) == 4
    assert has(box.receive(put(1, b"request", 0))) == 4
    assert has(box.receive(put(1, b"request", 4))) == 7


def test_request_whose_whole_is_damaged_is_not_done() -> None:
    box = Line().box
    assert has(box.receive(put(1, b"abc", 0, crc=1))) == 0
    assert box.pending == []
    assert has(box.receive(put(1, b"abc", 0))) == 3
    assert len(box.pending) == 1


class Liar(Line):
    """Its box gives that piece as an answer, after `first`."""

    def __init__(self, piece: tuple[int, int, int, int], first: bytes = b"") -> None:
        super().__init__()
        self.first = first
        self.piece = struct.pack(messages.PIECE_HEAD, *piece) + b"abc"

    def write(self, data: bytes) -> None:
        [frame] = FrameReader().read(data)
        assert frame is not None
        if frame.type == messages.GET:
            self._coming += self.first + Frame(messages.PIECE, frame.id, self.piece).encode()
        else:
            super().write(data)


RIGHT = (1, 3, crc32(b"abc"), 0)


def test_answer_to_an_earlier_question_is_passed_over() -> None:
    late = Frame(messages.PIECE, 40, struct.pack(messages.PIECE_HEAD, 1, 1, crc32(b"x"), 0) + b"x").encode()
    assert Asker(Liar(RIGHT, late)).run(Call(1, b"request")) == b"abc"


@pytest.mark.parametrize("piece", [(2, *RIGHT[1:]), (*RIGHT[:3], 1), (1, 3, 7, 0), (1, 2, RIGHT[2], 0)])
def test_answer_that_does_not_fit_is_an_error(piece: tuple[int, int, int, int]) -> None:
    with pytest.raises(LinkError, match=r"not known here|damaged"):
        Asker(Liar(piece)).run(Call(1, b"request"))


def test_chunks_grow_on_a_good_line_and_shrink_on_a_bad_one() -> None:
    request = b"x" * 20_000
    good, bad = Line(), Line(damage(Random(3), 0.003))
    for line in (good, bad):
        Asker(line).run(Call(1, request))
    assert good.frames < 70
    assert bad.frames > 2 * good.frames


def test_rubbish_is_not_answered_with_more_of_it() -> None:
    assert len(Line().box.receive(b"x\0" * 100_000)) < 20
