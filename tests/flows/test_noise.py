"""Broken and misplaced messages from a stranger at every step of a call change nothing and leave nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from frontdesk.sip.errors import ParseError
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow, HostPort
from tests.flows import test_calls as calls
from tests.flows.stage import Stage
from tests.support.box import BOX
from tests.support.wire import Weather

STRANGER = ("203.0.113.9", 5060)
BITS = [b'"', b"<", b">", b";", b",", b":", b"@", b"=", b" ", b"\t", b"\0", b"\xff", b"\\", b"\r\n ", b"%", b"-1"]
VALUES = [b"", b"*", b'"', b"<sip:>", b"sip:", b"tel:1", b"9" * 20, b"z9hG4bK", b"sip:[::1", b"\xfe", b";"]


@cache
def recorded() -> list[bytes]:
    """All that the box is sent in the flows, as if others had played them: no name, tag, nonce or token fits here."""
    datagrams: list[bytes] = []
    for flow, _ in calls.FLOWS:
        packets = calls.played(flow).wire.packets
        datagrams += [packet.data for packet in packets if packet.destination == BOX]
    return [data.replace(b"alice", b"carol").replace(b"bob", b"dave") for data in datagrams]


def broken(data: bytes, random: Random) -> bytes:
    """The message with one to three wounds."""
    lines = data.split(b"\r\n")
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(lines))
        name, colon, value = lines[at].partition(b": ")
        cut = random.randrange(len(lines[at]) + 1)
        wound = random.randrange(5)
        if wound == 0:
            lines[at] = lines[at][:cut]
        elif wound == 1:
            lines[at] = lines[at][:cut] + random.choice(BITS) + lines[at][cut:]
        elif wound == 2:
            lines[at] = name + colon + random.choice([*VALUES, value + b", " + value])
        elif wound == 3:
            lines.insert(at, random.choice(lines))
        elif len(lines) > 1:
            del lines[at]
    return b"\r\n".join(lines)


def throw_in(stage: Stage, random: Random) -> None:
    """From now on two broken messages of a stranger come with each message to the box."""
    receive = stage.wire.receiver(BOX)

    def noisy(data: bytes, source: HostPort) -> None:
        receive(data, source)
        for _ in range(2):
            try:
                message = parse_message(broken(random.choice(recorded()), random))
            except ParseError:
                continue
            stage.box.core.receive(message, Flow("udp", BOX, STRANGER), stage.clock.now)
            stage.box.act()

    stage.wire.attach("box", BOX, noisy)


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize(("flow", "result"), calls.FLOWS)
def test_call_comes_to_its_end_among_broken_messages(flow: Callable[[Stage], None], result: int, seed: int) -> None:
    stage = Stage(Weather(seed)).registered()  # another seed than the recorded ones: no branch of theirs fits
    throw_in(stage, Random(seed))
    flow(stage)
    stage.ended()
    assert stage.alice.calls[-1].result == result
    assert len(stage.box.location) == 2
