"""The panel's program: one turn after the other, none of which waits."""

import pages
import pins
from display import Display
from keys import HELD, PRESSED, Key
from leds import ALARM, ASKING, CALLING, DARK, NEW, READY, WAITING, Light
from link import Link
from micropython import const
from release import RELEASE
from usb_port import UsbPort

from panel_link.channels import VERSION, Status

_POWER_UP = const(10000)
"""Milliseconds after the start in which a long press asks for a factory reset."""
_DRAW = const(100)
"""Milliseconds between two pictures."""
_NOTE = const(15000)
"""Milliseconds for which an answer is shown."""
_PATIENCE = const(30000)
"""Milliseconds in which a question has to be confirmed."""
_START = const(120000)
"""Milliseconds in which its answer has to come: a box that was powered with the panel has to start first."""
_DOUBT = const(60000)
"""Milliseconds after which the display is set up once more, which takes it a blink."""
_CLOCK = const(0x3FFFFFFF)
NORMAL, ASKED, SENT, ANSWERED = 0, 1, 2, 3


class Panel:
    """All that hangs on the Pico, together; `now` is in milliseconds that wrap around."""

    def __init__(self, now: int, number: int) -> None:
        self.display = Display()
        self.link = Link(now, number)
        self._keys = Key(pins.BUTTON_A), Key(pins.BUTTON_B)
        self._light = Light()
        self._usb = UsbPort()
        self._started_at = now
        self._is_fresh = True
        """It was powered a moment ago."""
        self._drawn_at = now - _DRAW
        self._set_up_at = now
        self._page = pages.HOME
        self._part = 0
        self._reset = NORMAL
        self._reset_at = now
        self._told_silence = False

    def turn(self, now: int) -> None:
        """Called again and again."""
        self.link.turn(now)
        self._carry()
        first, second = self._keys[0].turn(now), self._keys[1].turn(now)
        if first or second:
            self._press(first, second, now)
        self._advance_reset(now)
        if (now - self._drawn_at) & _CLOCK >= _DRAW:
            self._drawn_at = now
            if (now - self._set_up_at) & _CLOCK >= _DOUBT:
                self._set_up_at = now
                self.display.doubt()
            self._draw()
            self._shine(now)

    def stop(self) -> None:
        """Nobody will turn it any more: what it shows would be believed for ever."""
        self.display.clear()
        pages.stopped(self.display)
        self.display.show()
        self._light.show(DARK, False, 0)

    # -- buttons -------------------------------------------------------------------------------------------------------

    def _press(self, first: int, second: int, now: int) -> None:
        if self._reset != NORMAL:
            self._answer(first, second, now)
        elif HELD in (first, second):
            if self._is_fresh:
                self._enter(ASKED, now)
        elif first == PRESSED:
            self._turn_page(1)
        elif second == PRESSED:
            self._turn_page(-1)

    def _answer(self, first: int, second: int, now: int) -> None:
        if self._reset == ASKED and second == HELD:
            self._enter(SENT, now)
            self.link.ask_reset(now)
        elif self._reset == SENT and first == PRESSED:
            self._end_reset("Called off, unless the box has begun.", now)
        elif self._reset == ANSWERED or (self._reset == ASKED and first == PRESSED):
            self._enter(NORMAL, now)

    def _turn_page(self, step: int) -> None:
        """Goes on; an alarm that takes several pictures is several pages."""
        status = self.link.status
        parts = pages.alarm_parts(status) if status is not None else 1
        if self._page == pages.ALARMS and 0 <= self._part + step < parts:
            self._part += step
            return
        self._page = (self._page + step) % (pages.ABOUT + 1)
        while not _has_page(status, self._page):
            self._page = (self._page + step) % (pages.ABOUT + 1)
        self._part = parts - 1 if self._page == pages.ALARMS and step < 0 else 0

    # -- factory reset -------------------------------------------------------------------------------------------------

    def _enter(self, state: int, now: int) -> None:
        self._reset = state
        self._reset_at = now

    def _end_reset(self, note: str, now: int) -> None:
        self.link.give_up()
        self.link.note = note
        self._enter(ANSWERED, now)

    def _advance_reset(self, now: int) -> None:
        # Asked while it is fresh, once: after twelve days the clock is where it was at power-up.
        self._is_fresh = self._is_fresh and (now - self._started_at) & _CLOCK < _POWER_UP
        waited = (now - self._reset_at) & _CLOCK
        if self._reset == SENT and (self.link.note or waited > _START):
            self._end_reset(self.link.note or "The box does not answer.", now)
        elif (self._reset == ASKED and waited > _PATIENCE) or (self._reset == ANSWERED and waited > _NOTE):
            self._enter(NORMAL, now)

    # -- what is seen --------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.display.clear()
        if self._reset == ASKED:
            pages.reset(self.display, self._keys[1].is_down)
        elif self._reset == SENT:
            pages.asking(self.display)
        elif self._reset == ANSWERED:
            pages.note(self.display, self.link.note)
        elif self.link.is_silent:
            pages.silent(self.display, self.link)
        elif self.link.version != VERSION:
            pages.stranger(self.display, self.link)
        elif self.link.status is None:
            pages.waiting(self.display)
        else:
            self._draw_page(self.link.status)
        self.display.show()

    def _draw_page(self, status: Status) -> None:
        if not _has_page(status, self._page):
            self._page = pages.HOME
        if self._page == pages.HOME:
            pages.home(self.display, status)
        elif self._page == pages.ALARMS:
            self._part = min(self._part, pages.alarm_parts(status) - 1)
            pages.alarms(self.display, status, self._part)
        elif self._page == pages.CODE:
            pages.code(self.display, status)
        elif self._page == pages.SETUP:
            pages.setup(self.display, status)
        elif self._page == pages.FINGERPRINT:
            pages.fingerprint(self.display, status)
        else:
            pages.about(self.display, status, self.link.box_release, RELEASE)

    def _shine(self, now: int) -> None:
        status = self.link.status
        if self._reset in (ASKED, SENT):
            self._light.show(ASKING, True, now)
        elif self.link.is_silent:
            self._light.show(ALARM, True, now)
        elif status is None:
            self._light.show(WAITING, True, now)
        elif status.alarms or not status.has_address:
            self._light.show(ALARM, False, now)
        elif status.calls:
            self._light.show(CALLING, False, now)
        elif status.code:
            self._light.show(NEW, False, now)
        else:
            self._light.show(READY, False, now)

    # -- the USB port --------------------------------------------------------------------------------------------------

    def _carry(self) -> None:
        """Between the USB port and the box's console; while the box is down, its last lines."""
        if self._usb.was_left():
            self.link.begin_anew()
        if self.link.typed:
            count = self._usb.write(bytes(self.link.typed))
            self.link.typed = self.link.typed[count:]
        room = self.link.stream.room
        data = self._usb.read() if room > 0 else b""
        if not self.link.is_silent:
            self._told_silence = False
            if data:
                self.link.stream.write(data)
        elif data or not self._told_silence:
            self._told_silence = True
            self.link.typed = bytearray(self._last_lines())

    def _last_lines(self) -> bytes:
        lines = ["", f"No word from the box for {pages.span(self.link.silence)}. The last lines of its log:"]
        return ("\r\n".join(lines + self.link.lines) + "\r\n").encode()


def _has_page(status: "Status | None", page: int) -> bool:
    if status is None:
        return page == pages.HOME
    shown = {pages.CODE: status.code, pages.SETUP: status.page, pages.FINGERPRINT: status.fingerprint}
    return bool(status.alarms if page == pages.ALARMS else shown.get(page, True))
