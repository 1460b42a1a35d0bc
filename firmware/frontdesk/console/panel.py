"""The box's end of the front panel: what it shows, its buttons, and the console on its USB port.

The frames: firmware/panel_link/README.md. The panel's own program: firmware/front-panel/.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Coroutine
from typing import Any

from panel_link import channels
from panel_link.channels import VERSION, Status
from panel_link.frames import Frame, FrameReader
from panel_link.stream import Stream

from .. import __version__
from ..control import Box, VerbError, alarms, run
from ..control.candidate import PANEL_CONSOLE
from ..control.host import reachable
from .console import Console
from .serial_port import MOST_QUEUED, Port

LOOK = 2.0
"""Seconds between two looks at what no event tells of: addresses, alarms, what administrators do."""
AGAIN = {channels.BOX_HELLO: 5.0, channels.STATUS: 5.0, channels.LOG: 60.0}
"""Seconds after which what has not changed is said again: nobody answers it, and it may have been lost. A panel that
hears nothing for 60 s says so."""
SETTLING = 0.2
"""Seconds from an event to the status that tells of it: what comes together is told once."""
MOST_WAITING = 2048
"""Bytes on their way to a panel that has to hear no more before they are there: 0.2 s at 115200 baud."""
POWER_UP = 300.0
"""Seconds after the start in which the panel may ask for a factory reset."""
MOST_LINES = 20
"""Of the log; not all may fit."""
TICK = 0.1
"""Seconds between two looks at the stream, while something is on its way."""

_log = logging.getLogger(__name__)


class Panel:
    """What sits behind the panel's port."""

    def __init__(self, box: Box, port: Port) -> None:
        self._box = box
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader()
        self._stream = Stream(secrets.randbits(16))
        self._console = Console(box, self, self._loop.call_later, PANEL_CONSOLE)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._shown: dict[int, tuple[bytes, float]] = {}
        """What was said last of each type, and when."""
        self._instance = secrets.randbits(16)
        self._panel: int | None = None
        """The instance of the panel that has greeted, so that its USB port is a console."""
        self._pressed: tuple[int, int] | None = None
        """The panel and its question that was heard last."""
        self._note = b""
        """The answer to it."""
        if box.core is not None:
            box.core.events.subscribe(lambda events: self._settle())

    async def close(self) -> None:
        """Ends the visit at its USB port."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._console.close()

    # -- the port's side -----------------------------------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Nothing more should be read off the line for now."""
        return self._port.is_busy

    def found(self) -> None:
        """The port is open: whoever is there hears of a box that has begun anew."""
        self._shown.clear()
        self._look()

    def lost(self) -> None:
        """The port is gone."""
        self._leave()

    def receive(self, data: bytes) -> None:
        """Takes what came over the line; noise is passed over."""
        for frame in self._reader.read(data):
            if frame is not None:
                self._receive(frame)

    def _receive(self, frame: Frame) -> None:
        if frame.type == channels.PANEL_HELLO:
            self._greet(frame)
        elif frame.type == channels.CONSOLE:
            self._take(frame)
        elif frame.type == channels.TAKEN:
            self._stream.taken(frame.id)
            self._push()
        elif frame.type == channels.BUTTON:
            self._press(frame)

    # -- greeting ------------------------------------------------------------------------------------------------------

    def _greet(self, frame: Frame) -> None:
        known = channels.read_hello(frame.payload)
        if known is None:
            return
        version, instance, release = known
        if version != VERSION:
            _log.warning("the front panel %s speaks version %d of the line, this box %d", release, version, VERSION)
        self._write(Frame(channels.BOX_HELLO, frame.id, self._hello))
        self._shown.clear()
        self._look()
        if self._panel == instance:
            return  # It has asked once more; whoever is at its USB port stays.
        self._leave()
        self._panel = instance
        self._stream.reset()
        self._console.found()

    def _leave(self) -> None:
        """Whoever was at the panel's USB port is gone."""
        if self._panel is not None:
            self._panel = None
            self._console.lost()

    # -- its USB port --------------------------------------------------------------------------------------------------

    def _take(self, frame: Frame) -> None:
        if self._panel is None or self._console.is_full:
            return  # It comes again: it will have greeted, or there is room.
        data, taken = self._stream.receive(frame)
        self._write(taken)
        if data:
            self._console.receive(data)

    @property
    def is_busy(self) -> bool:
        """So much waits for the USB port that no more should be asked for. The line is read on all the same: what was
        taken there is told on it."""
        return self._stream.room + MOST_QUEUED < 0

    def write(self, data: bytes) -> None:
        """Sends to the USB port, if a panel is there."""
        if self._panel is not None:
            self._stream.write(data)
            self._push()

    def drop(self) -> None:
        """What waits for the USB port is not sent."""
        self._stream.drop()

    def _push(self) -> None:
        frame = self._stream.due(round(self._loop.time() * 1000))
        if frame is not None:
            self._write(frame)
        if not self._stream.is_idle:
            self._wind("stream", TICK, self._push)

    # -- what it shows -------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Something has happened."""
        if "settling" not in self._timers:
            self._wind("settling", SETTLING, self._look)

    def _look(self) -> None:
        self._timers.pop("settling", None)
        self._start(self._tell())
        self._wind("look", LOOK, self._look)

    async def _tell(self) -> None:
        if self._port.waiting > MOST_WAITING:
            return
        if self._panel is None:
            self._show(channels.BOX_HELLO, self._hello)
        with contextlib.suppress(VerbError):
            self._show(channels.STATUS, (await status_of(self._box)).encode())
            self._show(channels.LOG, channels.log(await run(self._box, "log", {"limit": MOST_LINES})))

    def _show(self, type: int, payload: bytes) -> None:
        shown, at = self._shown.get(type, (b"", -AGAIN[type]))
        now = self._loop.time()
        if payload != shown or now - at >= AGAIN[type]:
            self._shown[type] = payload, now
            self._write(Frame(type, 0, payload))

    # -- its buttons ---------------------------------------------------------------------------------------------------

    def _press(self, frame: Frame) -> None:
        """Somebody held a button at power-up, and confirmed it; the panel asks until it has the answer."""
        if self._panel is None or frame.payload != channels.FACTORY_RESET:
            return
        if self._pressed != (self._panel, frame.id):
            self._pressed, self._note = (self._panel, frame.id), b""
            self._start(self._factory_reset())
        elif self._note:
            self._write(Frame(channels.NOTE, frame.id, self._note))

    async def _factory_reset(self) -> None:
        if self._box.clock.now() - self._box.started_at > POWER_UP:
            self._answer("Only just after power-up. Turn the box off and on.")
            return
        _log.warning("a factory reset was asked for at the front panel")
        try:
            await run(self._box, "factory-reset", {"yes": True})
        except VerbError as error:
            self._answer(str(error))
            return
        self._answer("Everything is gone. The box is new.")
        self._look()

    def _answer(self, sentence: str) -> None:
        assert self._pressed is not None
        self._note = sentence.encode()[:128]
        self._write(Frame(channels.NOTE, self._pressed[1], self._note))

    # -- the line ------------------------------------------------------------------------------------------------------

    @property
    def _hello(self) -> bytes:
        return channels.hello(__version__, self._instance)

    def _write(self, frame: Frame) -> None:
        self._port.write(frame.encode())

    def _wind(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self._loop.call_later(seconds, call)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)


async def status_of(box: Box) -> Status:
    """What the panel shows of the box as it is now."""
    answer = await run(box, "status", {})
    return Status(
        name=box.site.host if box.site else box.settings.hostname,
        address=address_of(await run(box, "net", {})),
        code=answer.get("first_boot_code", ""),
        page=next(iter(answer.get("page", ())), ""),
        fingerprint=answer.get("fingerprint", "").replace(":", ""),
        alarms=alarms_of(box),
        phones=answer["bindings"],
        calls=answer["calls"],
    )


def alarms_of(box: Box) -> tuple[str, ...]:
    """What is wrong and what helps."""
    return tuple(f"{each['text'].removesuffix('.')}. {each['cure']}".rstrip() for each in alarms(box))


def address_of(interfaces: list[dict[str, Any]]) -> str:
    """Where the box is reached, or one sentence that says why it is not."""
    for interface in interfaces:
        for address in reachable(interface):
            return address.partition("/")[0]
    if not interfaces:
        return "No network"
    if any(interface["link"] == "up" for interface in interfaces):
        return "No address yet"
    return "No cable"
