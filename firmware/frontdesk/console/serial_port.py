"""A serial port or a pty on the event loop: read in small pieces, written at the line's pace, opened again if lost."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import pty
import tty
from collections.abc import Callable
from typing import Protocol

BAUDRATE = 115_200
BITS = 10
"""Of a byte on the line: 8N1 has a start bit and a stop bit."""
PIECE = 256
"""Bytes given to the port at once: at 115200 baud 22 ms."""
READ = 256
"""Bytes read at once, so that calls have their turn between any two."""
PAUSE = 0.005
"""Seconds between two full reads: whoever sends four times what a line carries waits, and not the calls."""
POLL = 0.02
"""Seconds between two looks at a port that cannot be watched."""
RETRY = 1.0
"""Seconds between two tries to open a port."""
STALLED = 5.0
"""Seconds in which nothing could be written: nobody reads, and what waits is dropped."""
MOST_QUEUED = 256 << 10
"""Bytes to be written; while there are more, none should be asked for."""

_log = logging.getLogger(__name__)


class Device(Protocol):
    """An open port; neither reading nor writing waits."""

    @property
    def descriptor(self) -> int | None: ...
    @property
    def rate(self) -> float | None:
        """Bytes a second; None: as fast as they are taken."""

    def read(self) -> bytes: ...
    def write(self, data: bytes) -> int: ...
    def close(self) -> None: ...


class Pty:
    """A pseudo-terminal; its other side is held open, so that those who come and go end nothing."""

    rate = None

    def __init__(self) -> None:
        self.descriptor, self._other = pty.openpty()
        tty.setraw(self._other)
        os.set_blocking(self.descriptor, False)
        self.path = os.ttyname(self._other)

    def read(self) -> bytes:
        """What came. Raises OSError."""
        return os.read(self.descriptor, READ)

    def write(self, data: bytes) -> int:
        """How much of it was taken. Raises OSError."""
        return os.write(self.descriptor, data)

    def close(self) -> None:
        """Ends it for both sides."""
        os.close(self.descriptor)
        os.close(self._other)


class Serial:
    """What pyserial can open: a device, or a URL such as socket://127.0.0.1:4000."""

    def __init__(self, url: str) -> None:
        import serial

        self._port = serial.serial_for_url(url, baudrate=BAUDRATE, timeout=0, write_timeout=0)
        self.rate = self._port.baudrate / BITS
        try:
            self.descriptor: int | None = self._port.fileno()
        except (io.UnsupportedOperation, AttributeError):
            self.descriptor = None
            self._port.write_timeout = None  # pyserial refuses what such a port cannot take at once.

    def read(self) -> bytes:
        """What came. Raises OSError."""
        if self.descriptor is None:
            return bytes(self._port.read(READ))
        data = os.read(self.descriptor, READ)
        if not data:
            raise OSError("the port was closed")
        return data

    def write(self, data: bytes) -> int:
        """How much of it was taken. Raises OSError."""
        if self.descriptor is None:
            return self._port.write(data) or 0
        return os.write(self.descriptor, data)

    def close(self) -> None:
        """Closes the port."""
        with contextlib.suppress(OSError):
            self._port.close()


def _reason(error: Exception) -> str:
    """pyserial's own text says it twice."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else str(error)


class Behind(Protocol):
    """Who gets the bytes."""

    @property
    def is_full(self) -> bool: ...
    def found(self) -> None: ...
    def receive(self, data: bytes) -> None: ...
    def lost(self) -> None: ...


class Port:
    """Keeps a device open, and moves bytes."""

    def __init__(self, name: str, open: Callable[[], Device], what: str = "console") -> None:
        """`what`: is there, for the log."""
        self._place = what, name
        self._open = open
        self._loop = asyncio.get_running_loop()
        self._device: Device | None = None
        self._gone: asyncio.Future[OSError] | None = None
        self._queue = bytearray()
        self._pump: asyncio.TimerHandle | None = None
        self._written_at = 0.0
        self._resume: asyncio.TimerHandle | None = None

    async def serve(self, behind: Behind) -> None:
        """Never returns; cancel it."""
        complained = False
        while True:
            try:
                self._device = await asyncio.to_thread(self._open)
            except (OSError, ValueError) as error:
                if not complained:
                    sentence = "the %s's port %s cannot be opened (%s); it is tried again"
                    _log.warning(sentence, *self._place, _reason(error))
                complained = True
                await asyncio.sleep(RETRY)
                continue
            _log.info("the %s is at %s", *self._place)
            complained = False
            behind.found()
            try:
                reason = await self._use(behind)
            finally:
                self._put_away()
            _log.warning("the %s's port %s is gone (%s)", *self._place, _reason(reason))
            behind.lost()
            await asyncio.sleep(RETRY)

    @property
    def waiting(self) -> int:
        """Bytes that are still to be written."""
        return len(self._queue)

    @property
    def is_busy(self) -> bool:
        """So much waits that no more should be asked for."""
        return len(self._queue) > MOST_QUEUED

    def write(self, data: bytes) -> None:
        """Sends in its turn; where no port is open, nobody is there to read it."""
        if self._device is None or not data:
            return
        if not self._queue:
            self._written_at = self._loop.time()
        self._queue += data
        if self._pump is None:
            self._write_piece()

    def drop(self) -> None:
        """What waits is not sent."""
        self._queue.clear()

    # -- one opening ---------------------------------------------------------------------------------------------------

    async def _use(self, behind: Behind) -> OSError:
        """The reason for which the device is gone."""
        self._gone = self._loop.create_future()
        self._watch(behind)
        return await self._gone

    def _put_away(self) -> None:
        device, self._device = self._device, None
        for handle in (self._pump, self._resume):
            if handle is not None:
                handle.cancel()
        self._pump = self._resume = None
        self._queue.clear()
        if device is not None:
            if device.descriptor is not None:
                self._loop.remove_reader(device.descriptor)
            device.close()

    def _fail(self, error: OSError) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(error)

    # -- reading -------------------------------------------------------------------------------------------------------

    def _watch(self, behind: Behind) -> None:
        device = self._device
        if device is None:
            return
        if behind.is_full:
            self._resume = self._loop.call_later(POLL, self._watch, behind)
        elif device.descriptor is None:
            self._read(device, behind)
            self._resume = self._loop.call_later(POLL, self._watch, behind)
        else:
            self._loop.add_reader(device.descriptor, self._read, device, behind)

    def _read(self, device: Device, behind: Behind) -> None:
        try:
            data = device.read()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            if device.descriptor is not None:
                self._loop.remove_reader(device.descriptor)
            self._fail(error)
            return
        if data:
            behind.receive(data)
        if device.descriptor is not None and (len(data) >= READ or behind.is_full):
            self._loop.remove_reader(device.descriptor)
            self._resume = self._loop.call_later(PAUSE, self._watch, behind)

    # -- writing -------------------------------------------------------------------------------------------------------

    def _write_piece(self) -> None:
        self._pump = None
        device = self._device
        if device is None:
            return
        try:
            written = device.write(bytes(self._queue[:PIECE]))
        except (BlockingIOError, InterruptedError):
            written = 0
        except OSError as error:
            self._fail(error)
            return
        del self._queue[:written]
        now = self._loop.time()
        if written:
            self._written_at = now
        elif now - self._written_at > STALLED:
            self._queue.clear()
        if self._queue:
            wait = written / device.rate if written and device.rate else (0.0 if written else POLL)
            self._pump = self._loop.call_later(wait, self._write_piece)
