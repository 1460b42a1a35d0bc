"""What the Pico runs when it is powered: the panel, for ever, and anew should it fail."""

import os
import time

from panel import Panel

try:
    import logging

    _log = logging.getLogger("panel")
    _complain = _log.error
except ImportError:
    _complain = print


def _now() -> int:
    now: int = time.ticks_ms()  # type: ignore[assignment]  # The stubs' own name for a number that wraps around.
    return now


def run() -> None:
    """Never returns, but for Ctrl-C over USB."""
    while True:
        try:
            panel = Panel(_now(), int.from_bytes(os.urandom(2), "big"))
            try:
                while True:
                    panel.turn(_now())
                    time.sleep_ms(2)
            except KeyboardInterrupt:
                panel.stop()
                raise
        except Exception as error:
            _complain(f"the panel starts anew: {error!r}")
            time.sleep_ms(1000)


run()
