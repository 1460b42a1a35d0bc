"""Frames: found in any stream, however it is cut; damage is seen, and costs no memory."""

from __future__ import annotations

import re
from binascii import crc32
from itertools import pairwise
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

import panel_link
from panel_link import channels, cobs, messages
from panel_link.frames import LONGEST_PAYLOAD, Frame, FrameReader

README = (Path(panel_link.__file__).parent / "README.md").read_text()
FRAMES = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 0xFFFF), st.binary(max_size=300) | st.just(b"p" * LONGEST_PAYLOAD)
)


def told(frame: Frame | None) -> tuple[int, int, bytes] | None:
    return None if frame is None else (frame.type, frame.id, frame.payload)


def cut(data: bytes, seed: int) -> list[bytes]:
    random = Random(seed)
    edges = sorted([0, len(data), *(random.randrange(len(data) + 1) for _ in range(random.randrange(9)))])
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(FRAMES, max_size=4), st.integers(0, 2**32))
def test_frames_are_found_however_the_stream_is_cut(frames: list[Frame], seed: int) -> None:
    reader = FrameReader()
    stream = b"".join(frame.encode() for frame in frames)
    found = [frame for piece in cut(stream, seed) for frame in reader.read(piece)]
    assert [told(frame) for frame in found] == [told(frame) for frame in frames]


@given(FRAMES, st.data())
def test_one_damaged_byte_is_seen(frame: Frame, data: st.DataObject) -> None:
    coded = bytearray(frame.encode())
    position = data.draw(st.integers(1, len(coded) - 2))
    coded[position] ^= data.draw(st.integers(1, 255))
    found = FrameReader().read(bytes(coded))
    assert found and all(each is None for each in found)


@given(st.binary(max_size=4000), FRAMES)
def test_frame_after_noise_is_found(noise: bytes, frame: Frame) -> None:
    found = FrameReader().read(noise + frame.encode())
    assert told(found[-1]) == told(frame)


def test_frame_with_another_length_than_it_tells_is_damaged() -> None:
    content = b"\1\0\2\0\5four"
    coded = cobs.encode(content + crc32(content).to_bytes(4, "big"))
    assert FrameReader().read(b"\0" + coded + b"\0") == [None]


def test_endless_noise_costs_no_memory() -> None:
    reader = FrameReader()
    for _ in range(1000):
        assert reader.read(b"x" * 1000) == []
    assert len(reader._waiting) < 2 * LONGEST_PAYLOAD
    assert reader.read(b"\0") == [None]
    assert told(reader.read(Frame(1, 2, b"3").encode())[0]) == (1, 2, b"3")


def test_layout_is_what_readme_says() -> None:
    shown = [bytes.fromhex(line) for line in re.findall(r"^    (00 [0-9a-f ]+ 00)$", README, re.MULTILINE)]
    assert shown == [Frame(0x81, 0x0102, b"hi").encode(), Frame(channels.BUTTON, 1, channels.FACTORY_RESET).encode()]


def test_readme_has_every_type_by_its_number() -> None:
    rows = re.findall(r"^\| (0x\d\d) \|.*? ([A-Z_]{3,}) \|", README, re.MULTILINE)
    told = {name: int(number, 16) for number, name in rows}
    known = {name: value for room in (channels, messages) for name, value in vars(room).items() if name in told}
    assert told == known and len(told) == 20
