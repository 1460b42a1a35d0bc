"""The box's end of the front panel: it greets until it is heard, tells what is new, and does what is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from frontdesk.console import panel as room
from frontdesk.console.panel import AGAIN, MOST_WAITING, POWER_UP, Panel, address_of, alarms_of, status_of
from frontdesk.console.serial_port import Port
from frontdesk.console.terminal import LOOK
from frontdesk.control import Box
from frontdesk.events import Event, Kind, Wording
from panel_link import channels
from panel_link.frames import Frame, FrameReader
from panel_link.stream import RESEND
from tests.control.desk import Desk

GREETING = Frame(channels.PANEL_HELLO, 1, channels.hello("0.1.0", 7))
ANOTHER = Frame(channels.PANEL_HELLO, 1, channels.hello("0.1.0", 8))
RESET = Frame(channels.BUTTON, 1, channels.FACTORY_RESET)


class Loop(asyncio.SelectorEventLoop):
    """Its time is moved by hand."""

    moved = 0.0

    def time(self) -> float:
        return super().time() + self.moved


class Wire(Port):
    """Keeps what the box says."""

    def __init__(self) -> None:
        super().__init__("the front panel", lambda: pytest.fail("nothing opens it"))
        self.said = bytearray()
        self.behind = 0

    @property
    def waiting(self) -> int:
        return self.behind

    def write(self, data: bytes) -> None:
        self.said += data


class Bench:
    """A desk with a panel's line."""

    def __init__(self, desk: Desk, loop: Loop) -> None:
        self.desk, self._loop = desk, loop
        self.wire = Wire()
        self.panel = Panel(desk.box, self.wire)

    async def hears(self, *frames: Frame, seconds: float = 0.0) -> list[Frame]:
        """What the box says to these, and when so much time has gone by."""
        self.wire.said.clear()
        for frame in frames:
            self.panel.receive(frame.encode())
        self._loop.moved += seconds
        for _ in range(200):
            await asyncio.sleep(0)
        return [frame for frame in FrameReader().read(bytes(self.wire.said)) if frame is not None]


Act = Callable[[Bench], Awaitable[None]]


def use(desk: Desk, act: Act) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        bench = Bench(desk, loop)
        bench.panel.found()
        await act(bench)
        await bench.panel.close()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(run())


def types(frames: list[Frame]) -> list[int]:
    return [frame.type for frame in frames]


def kinds(frames: list[Frame]) -> list[tuple[int, int]]:
    """Types and ids."""
    return [(frame.type, frame.id) for frame in frames]


def shown(frames: list[Frame]) -> list[int]:
    """Types, less the console's, which is there as well."""
    return [type for type in types(frames) if type != channels.CONSOLE]


def test_box_greets_until_a_panel_has_greeted(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        assert types(await bench.hears())[:2] == [channels.BOX_HELLO, channels.STATUS]
        assert channels.BOX_HELLO in types(await bench.hears(seconds=AGAIN[channels.BOX_HELLO]))
        answer = await bench.hears(GREETING)
        assert (answer[0].type, answer[0].id) == (channels.BOX_HELLO, 1)
        assert channels.BOX_HELLO not in types(await bench.hears(seconds=AGAIN[channels.BOX_HELLO]))

    use(desk, act)


def test_box_is_looked_at_as_often_as_before_however_much_has_happened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Box] = []

    async def looked(box: Box) -> channels.Status:
        looks.append(box)
        return await status_of(box)

    monkeypatch.setattr(room, "status_of", looked)

    async def act(bench: Bench) -> None:
        for _ in range(3):
            desk.core.events.add(Event(desk.now, Kind.WARNING, "", Wording("something")))
            desk.core.events.publish()
            await bench.hears(seconds=room.SETTLING)
        looks.clear()
        await bench.hears(seconds=room.LOOK)
        assert len(looks) == 1

    use(desk, act)


def test_status_is_told_again_though_nothing_has_changed(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        await bench.hears(GREETING)
        assert shown(await bench.hears(seconds=room.LOOK)) == []
        assert shown(await bench.hears(seconds=AGAIN[channels.STATUS])) == [channels.STATUS]

    use(desk, act)


def test_panel_that_is_behind_is_told_nothing_more(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        await bench.hears(GREETING)
        bench.wire.behind = MOST_WAITING + 1
        for number in range(1000):
            stranger = Wording(f"a stranger {number}")
            desk.core.events.add(Event(desk.now, Kind.REFUSED, "", stranger, (), "192.0.2.9:5060/udp"))
            desk.core.events.publish()
        assert shown(await bench.hears(seconds=60.0)) == []

    use(desk, act)


def test_log_comes_as_its_last_lines(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        desk.box.log = [f"line {number}" for number in range(500)]
        log = [frame for frame in await bench.hears(GREETING) if frame.type == channels.LOG]
        lines = channels.read_log(log[0].payload)
        assert lines[-1] == "line 499" and 5 < len(lines) <= room.MOST_LINES

    use(desk, act)


def test_console_is_for_a_panel_that_has_greeted_and_begins_anew_with_another(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        enter = Frame(channels.CONSOLE, 300, b"\x03")
        assert channels.TAKEN not in types(await bench.hears(enter))
        assert channels.CONSOLE in types(await bench.hears(GREETING))
        assert (channels.TAKEN, 300) in kinds(await bench.hears(enter))
        assert channels.CONSOLE not in types(await bench.hears(GREETING))
        assert channels.CONSOLE in types(await bench.hears(ANOTHER))

    use(desk, act)


def test_another_panel_hears_nothing_of_the_visit_before(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        await bench.hears(GREETING, Frame(channels.CONSOLE, 300, b"\x03"))
        heard = bytearray()
        frames = await bench.hears(ANOTHER)
        while console := [frame for frame in frames if frame.type == channels.CONSOLE]:
            heard += console[-1].payload
            frames = await bench.hears(Frame(channels.TAKEN, console[-1].id))
        assert heard.startswith(b"\r\nFrontdesk "), bytes(heard)

    use(desk, act)


def test_whoever_holds_enter_down_takes_no_memory_without_bound_and_nothing_is_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each Enter before a password is typed is answered with a greeting, and the line has as much room both ways."""
    monkeypatch.setattr(room, "MOST_QUEUED", 1 << 10)
    desk.do("passwd admin", password="correct horse")

    async def act(bench: Bench) -> None:
        await bench.hears(GREETING)
        number = 1
        while (channels.TAKEN, number) in kinds(await bench.hears(Frame(channels.CONSOLE, number, b"\r" * 32))):
            number += 1
            assert number < 500
        assert not bench.panel.is_full, "what is taken at the USB port is told on the same line"
        frames, again = await bench.hears(seconds=LOOK), Frame(channels.CONSOLE, number, b"\r")
        while (channels.TAKEN, number) not in kinds(frames):
            taken = [Frame(channels.TAKEN, frame.id) for frame in frames if frame.type == channels.CONSOLE]
            frames = await bench.hears(*taken, again, seconds=RESEND / 1000)

    use(desk, act)


def test_factory_reset_is_done_once_and_answered_as_often_as_it_is_asked(desk: Desk) -> None:
    done: list[Any] = []

    async def reset(*what: Any) -> Any:
        done.append(what)
        return {}

    async def act(bench: Bench) -> None:
        assert channels.NOTE not in types(await bench.hears(RESET)), "who has not greeted asks nothing"
        await bench.hears(GREETING)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(room, "run", reset)
            notes = [frame for frame in await bench.hears(RESET, RESET) if frame.type == channels.NOTE]
            notes += [frame for frame in await bench.hears(RESET) if frame.type == channels.NOTE]
        resets = [what for what in done if what[1] == "factory-reset"]
        assert len(resets) == 1
        assert [(note.id, note.payload) for note in notes] == [(1, b"Everything is gone. The box is new.")] * 2

    use(desk, act)


def test_factory_reset_is_refused_when_the_box_runs_for_long(desk: Desk) -> None:
    async def act(bench: Bench) -> None:
        await bench.hears(GREETING)
        desk.box.started_at -= POWER_UP
        [note] = [frame for frame in await bench.hears(RESET) if frame.type == channels.NOTE]
        assert note.payload.startswith(b"Only just after power-up.")
        assert desk.box.directory.accounts

    desk.do("account add", user="101", password="secret")
    use(desk, act)


def test_alarms_are_sentences_with_their_cure_and_a_new_box_is_not_ill(desk: Desk) -> None:
    assert alarms_of(desk.box) == ()
    desk.do("account add", user="101", password="secret")
    said = Wording("REGISTER refused: wrong password for '101'")
    desk.core.events.add(Event(desk.now, Kind.REFUSED, "101", said, (), "192.0.2.23:5060/udp", "wrong-password"))
    [alarm] = alarms_of(desk.box)
    assert alarm.startswith("192.0.2.23 answers with a password that is not 101's. Type ")


@pytest.mark.parametrize(
    ("interfaces", "told"),
    [
        ([], "No network"),
        ([{"link": "down", "addresses": []}], "No cable"),
        ([{"link": "up", "addresses": ["fe80::1/64"]}], "No address yet"),
        ([{"link": "up", "addresses": ["fe80::1/64", "192.0.2.10/24"]}], "192.0.2.10"),
    ],
)
def test_address_or_why_there_is_none(interfaces: list[dict[str, Any]], told: str) -> None:
    assert address_of(interfaces) == told
