"""What fails starts the panel anew, in its first moment too; Ctrl-C ends it, and its display says so."""

import sys
import time

starts: "list[object]" = []


class Panel:
    """It fails at its first start, and in the turn after its second."""

    def __init__(self, now: int, number: int) -> None:
        starts.append(number)
        if len(starts) == 1:
            raise OSError(5)

    def turn(self, now: int) -> None:
        if len(starts) == 2:
            raise ValueError("it happens")
        raise KeyboardInterrupt

    def stop(self) -> None:
        starts.append("stopped")


class Room:
    """What `import panel` finds."""

    Panel = Panel


sys.modules["panel"] = Room
time.sleep_ms = lambda milliseconds: None
try:
    import main  # noqa: F401 - it runs until Ctrl-C
except KeyboardInterrupt:
    assert len(starts) == 4 and starts[3] == "stopped"
    print("ok")  # noqa: T201 - the test reads it
