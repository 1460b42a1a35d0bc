"""What fails starts the panel anew, in its first moment too."""

import sys
import time

starts = []


class Panel:
    """It fails at its first start, and in the turn after its second."""

    def __init__(self, now: int, number: int) -> None:
        starts.append(number)
        if len(starts) == 1:
            raise OSError(5)

    def turn(self, now: int) -> None:
        if len(starts) == 2:
            raise ValueError("it happens")
        print("ok")  # noqa: T201 - the test reads it
        sys.exit()


class Room:
    """What `import panel` finds."""

    Panel = Panel


sys.modules["panel"] = Room
time.sleep_ms = lambda milliseconds: None
import main  # noqa: E402, F401 - it runs for ever
