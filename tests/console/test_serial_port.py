"""The port: bytes both ways over real ptys and sockets, at the line's pace, and back again after it was lost."""

from __future__ import annotations

import asyncio
import functools
import os
import pty
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from frontdesk.console import serial_port
from frontdesk.console.line import Line
from frontdesk.console.serial_port import PIECE, READ, Device, Port, Pty, Serial

PATIENCE = 10.0


class Behind:
    """Keeps what comes."""

    def __init__(self) -> None:
        self.is_full = False
        self.received = bytearray()
        self.pieces: list[int] = []
        self.openings = 0
        self.losses = 0
        self._changed = asyncio.Event()

    def found(self) -> None:
        self.openings += 1
        self._changed.set()

    def receive(self, data: bytes) -> None:
        self.received += data
        self.pieces.append(len(data))
        self._changed.set()

    def lost(self) -> None:
        self.losses += 1
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class End(Behind):
    """What a line ends with."""

    async def close(self) -> None: ...


Use = Callable[[Port, Behind], Awaitable[None]]


def use(name: str, open: Callable[[], Device], act: Use) -> None:
    """Runs `act` while the port is served."""

    async def run() -> None:
        port, behind = Port(name, open), Behind()
        serving = asyncio.create_task(port.serve(behind))
        try:
            await behind.until(lambda: behind.openings == 1)
            await act(port, behind)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(run())


def raw(path: str) -> int:
    """The other side of a pty, as a terminal program opens it."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(descriptor)
    return descriptor


async def read(descriptor: int, length: int) -> bytes:
    """So many bytes of the other side."""
    data = b""
    while len(data) < length:
        data += await asyncio.to_thread(os.read, descriptor, length - len(data))
    return data


async def drained(port: Port) -> None:
    """Nothing waits to be written any longer."""
    async with asyncio.timeout(PATIENCE):
        while port.waiting:  # noqa: ASYNC110
            await asyncio.sleep(0)


def test_pty_carries_every_byte_both_ways() -> None:
    device = Pty()
    everything = bytes(range(256)) * 16

    async def act(port: Port, behind: Behind) -> None:
        other = raw(device.path)
        port.write(everything)
        assert await read(other, len(everything)) == everything
        await asyncio.to_thread(os.write, other, everything)
        await behind.until(lambda: len(behind.received) == len(everything))
        assert behind.received == everything and max(behind.pieces) <= READ
        os.close(other)

    use("pty", lambda: device, act)


def test_those_who_come_and_go_at_a_pty_end_nothing() -> None:
    device = Pty()

    async def act(port: Port, behind: Behind) -> None:
        for times in (1, 2):
            other = raw(device.path)
            os.write(other, b"one")
            await behind.until(functools.partial(lambda times: behind.received == b"one" * times, times))
            os.close(other)
        assert behind.losses == 0

    use("pty", lambda: device, act)


def test_nothing_is_read_while_what_is_behind_is_full() -> None:
    device = Pty()

    async def act(port: Port, behind: Behind) -> None:
        other = raw(device.path)
        behind.is_full = True
        os.write(other, b"x" * READ)
        await behind.until(lambda: len(behind.received) > 0)
        os.write(other, b"y" * READ)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(behind.received) == READ
        behind.is_full = False
        await behind.until(lambda: len(behind.received) == 2 * READ)
        os.close(other)

    use("pty", lambda: device, act)


def test_what_nobody_reads_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_port, "STALLED", 0.0)
    monkeypatch.setattr(serial_port, "POLL", 0.001)
    device = Pty()

    async def act(port: Port, behind: Behind) -> None:
        port.write(b"x" * 500_000)
        await drained(port)

    use("pty", lambda: device, act)


def test_what_is_not_to_be_shown_any_more_is_not_sent() -> None:
    device = Pty()

    async def act(port: Port, behind: Behind) -> None:
        other = raw(device.path)
        port.write(b"x" * 100_000)
        port.drop()
        port.write(b"\r\n$ ")
        await drained(port)
        shown = b""
        while not shown.endswith(b"$ "):
            shown += await read(other, 1)
        assert len(shown) <= PIECE + 4
        os.close(other)

    use("pty", lambda: device, act)


class Slow:
    """A device that notes when it is given how much."""

    descriptor = None
    rate = 11_520.0

    def __init__(self) -> None:
        self.written: list[tuple[float, int]] = []

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        self.written.append((asyncio.get_running_loop().time(), len(data)))
        return len(data)

    def close(self) -> None:
        pass


def test_line_is_given_no_more_than_it_carries() -> None:
    device = Slow()

    async def act(port: Port, behind: Behind) -> None:
        port.write(b"x" * 2000)
        await drained(port)
        assert sum(length for _, length in device.written) == 2000
        for (before, length), (after, _) in zip(device.written, device.written[1:], strict=False):
            assert length <= PIECE and after - before >= length / device.rate * 0.99

    use("slow", lambda: device, act)


def test_serial_port_that_vanishes_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_port, "RETRY", 0.01)
    link = tmp_path / "ttyUSB0"
    first, other = pty.openpty()
    link.symlink_to(os.ttyname(other))
    os.close(other)

    async def act(port: Port, behind: Behind) -> None:
        os.write(first, b"before")
        await behind.until(lambda: behind.received == b"before")
        os.close(first)
        await behind.until(lambda: behind.losses == 1)
        port.write(b"to nobody")
        again, other = pty.openpty()
        link.unlink()
        link.symlink_to(os.ttyname(other))
        os.close(other)
        await behind.until(lambda: behind.openings == 2)
        os.write(again, b"after")
        await behind.until(lambda: behind.received == b"beforeafter")
        port.write(b"hello")
        assert await read(again, 5) == b"hello"
        os.close(again)

    use(str(link), lambda: Serial(str(link)), act)


def test_port_that_is_not_there_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_port, "RETRY", 0.01)
    tries: list[int] = []
    device = Pty()

    def open() -> Device:
        tries.append(1)
        return device if len(tries) == 3 else Serial(str(tmp_path / "nothing"))

    async def act(port: Port, behind: Behind) -> None:
        assert len(tries) == 3 and behind.losses == 0

    use("nothing", open, act)


def test_port_may_be_a_url() -> None:
    async def run() -> None:
        said: asyncio.Queue[bytes] = asyncio.Queue()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            said.put_nowait(await reader.readexactly(5))
            writer.write(b"hello")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, number = server.sockets[0].getsockname()
        port, behind = Port("url", lambda: Serial(f"socket://{host}:{number}")), Behind()
        serving = asyncio.create_task(port.serve(behind))
        await behind.until(lambda: behind.openings == 1)
        port.write(b"hallo")
        assert await said.get() == b"hallo"
        await behind.until(lambda: behind.received == b"hello")
        await behind.until(lambda: behind.losses == 1)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        server.close()

    asyncio.run(run())


def test_port_that_cannot_be_watched_is_looked_at() -> None:
    async def act(port: Port, behind: Behind) -> None:
        port.write(b"round")
        await behind.until(lambda: behind.received == b"round")

    use("loop://", lambda: Serial("loop://"), act)


def test_log_says_once_why_a_port_cannot_be_opened(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(serial_port, "RETRY", 0.0)
    tries: list[str] = []

    def open() -> Device:
        tries.append("now")
        return Serial("loop://" if len(tries) == 3 else str(tmp_path / "none"))

    async def act(port: Port, behind: Behind) -> None:
        assert len(tries) == 3

    use("there", open, act)
    [message] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert message == "the console's port there cannot be opened (No such file or directory); it is tried again"


def test_log_says_what_is_at_a_port(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def run() -> None:
        line = Line("loop://", "front panel", lambda port: behind)
        line.start()
        await behind.until(lambda: behind.openings == 1)
        await line.close()

    behind = End()
    asyncio.run(run())
    assert "the front panel is at loop://" in caplog.text and "console" not in caplog.messages[0]
