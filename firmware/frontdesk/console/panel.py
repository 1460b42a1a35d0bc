"""The box's end of the front panel: what it shows, its buttons, and the console on its USB port.

The frames: firmware/panel_link/README.md. The panel's own program: firmware/front-panel/.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterable
from typing import Any

from panel_link import channels
from panel_link.channels import VERSION, Status
from panel_link.frames import Frame, FrameReader
from panel_link.stream import Stream

from .. import __version__
from ..control import Box, VerbError, run
from ..events import Event
from .console import Console
from .identity import hostname
from .serial_port import Port

LOOK = 2.0
"""Seconds between two looks at what no event tells of: addresses, alarms, what administrators do."""
HEARTBEAT = 5.0
"""Seconds between two statuses when nothing changes; a panel that hears none for 60 s says so."""
SETTLING = 0.2
"""Seconds from an event to the status that tells of it: what comes together is told once."""
POWER_UP = 300.0
"""Seconds after the start in which the panel may ask for a factory reset."""
MOST_LINES = 16
"""Of the log, for a panel that comes."""
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
        self._console = Console(box, self._type, self._loop.call_later, "the front panel's console")
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._lines: list[str] = []
        self._shown = b""
        self._shown_at = 0.0
        self._instance = secrets.randbits(16)
        self._panel: int | None = None
        """The instance of the panel that has greeted, so that its USB port is a console."""
        if box.core is not None:
            box.core.events.subscribe(self._tell)

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
        return self._console.is_full

    def found(self) -> None:
        """The port is open: whoever is there hears of a box that has begun anew."""
        self._send(channels.BOX_HELLO, channels.hello(__version__, self._instance))
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
        elif frame.type == channels.RESET:
            self._start(self._factory_reset(frame.id))

    # -- greeting ------------------------------------------------------------------------------------------------------

    def _greet(self, frame: Frame) -> None:
        known = channels.read_hello(frame.payload)
        if known is None:
            return
        version, instance, release = known
        if version != VERSION:
            _log.warning("the front panel %s speaks version %d of the line, this box %d", release, version, VERSION)
        self._write(Frame(channels.BOX_HELLO, frame.id, channels.hello(__version__, self._instance)))
        self._shown = b""
        self._look()
        if self._panel == instance:
            return  # It has asked once more; whoever is at its USB port stays.
        for line in self._lines:
            self._send(channels.LOG, line.encode()[: channels.LONGEST_LOG])
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
        if self._panel is None:
            return  # It comes again when it has greeted.
        data, taken = self._stream.receive(frame)
        self._write(taken)
        if data:
            self._console.receive(data)

    def _type(self, data: bytes) -> None:
        if self._panel is not None:
            self._stream.write(data)
            self._push()

    def _push(self) -> None:
        frame = self._stream.due(round(self._loop.time() * 1000))
        if frame is not None:
            self._write(frame)
        if not self._stream.is_idle:
            self._wind("stream", TICK, self._push)

    # -- what it shows -------------------------------------------------------------------------------------------------

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self._lines = [*self._lines[1 - MOST_LINES :], _line(event)]
            if self._panel is not None:
                self._send(channels.LOG, self._lines[-1].encode()[: channels.LONGEST_LOG])
        if "settling" not in self._timers:
            self._wind("settling", SETTLING, self._look)

    def _look(self) -> None:
        self._timers.pop("settling", None)
        self._start(self._show_status())
        self._wind("look", LOOK, self._look)

    async def _show_status(self) -> None:
        with contextlib.suppress(VerbError):
            status = (await status_of(self._box)).encode()
            now = self._loop.time()
            if status != self._shown or now - self._shown_at >= HEARTBEAT:
                self._shown, self._shown_at = status, now
                self._send(channels.STATUS, status)

    # -- factory reset -------------------------------------------------------------------------------------------------

    async def _factory_reset(self, id: int) -> None:
        """Somebody held a button at power-up, and confirmed it."""
        if self._box.clock.now() - self._box.started_at > POWER_UP:
            self._note(id, "Only just after power-up. Turn the box off and on.")
            return
        _log.warning("a factory reset was asked for at the front panel")
        try:
            await run(self._box, "factory-reset", {"yes": True})
        except VerbError as error:
            self._note(id, str(error))
            return
        self._note(id, "Everything is gone. The box is new.")
        self._look()

    def _note(self, id: int, sentence: str) -> None:
        self._write(Frame(channels.NOTE, id, sentence.encode()[:128]))

    # -- the line ------------------------------------------------------------------------------------------------------

    def _send(self, type: int, payload: bytes) -> None:
        self._write(Frame(type, 0, payload))

    def _write(self, frame: Frame) -> None:
        self._port.write(frame.encode())

    def _wind(self, name: str, seconds: float, call: Any) -> None:
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self._loop.call_later(seconds, call)

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)


def _line(event: Event) -> str:
    text = f"{event.account}: {event.text}" if event.account else event.text
    return "".join(char if char.isprintable() else "?" for char in text)


async def status_of(box: Box) -> Status:
    """What the panel shows of the box as it is now."""
    answer = await run(box, "status", {})
    return Status(
        name=(box.site.host if box.site else box.settings.hostname) or hostname(),
        address=address_of(await run(box, "net", {})),
        code=answer.get("first_boot_code", ""),
        alarms=tuple(answer.get("notices", ())),
        phones=answer["bindings"],
        calls=answer["calls"],
        flags=channels.IS_PROVISIONED if box.admin.is_set else 0,
    )


def address_of(interfaces: list[dict[str, Any]]) -> str:
    """Where the box is reached, or one sentence that says why it is not."""
    for interface in interfaces:
        for address in interface["addresses"]:
            if not address.lower().startswith("fe80"):
                return str(address.partition("/")[0])
    if not interfaces:
        return "No network"
    if any(interface["link"] == "up" for interface in interfaces):
        return "No address yet"
    return "No cable"
