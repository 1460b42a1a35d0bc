"""Every page, with texts of every length, is drawn as it was when somebody looked at it (tests/panel/pictures)."""

import os

import pages
from display import Display
from link import Link

from panel_link.channels import Status

SHOWN = os.getenv("PANEL_PICTURE") or ""
STORED = os.getenv("PANEL_STORED") or ""
NAME = "the-front-desk-of-the-second-floor-in-the-old-factory-building-7"
URL = "https://workshop.local/"
LONG_URL = "https://the-front-desk-of-the-second-floor.local:8443/"
ADDRESS = "2001:0db8:1234:5678:9abc:def0:1234:5678"
FINGERPRINT = "3FA9C1077E5D42B8906EF31AC4D275E80B16A3924C7DD05F61E89B2237AC50DE"
ALARMS = (
    "192.0.2.23 answers with a password that is not 101's. Type the account's password into that phone once more, or"
    " give the account a new one.",
    "A damaged database was set aside as frontdesk.db.damaged-20261123-120000.",
)
wrong = []


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def shows(name: str) -> None:
    """Compares what the display shows now; a picture that differs stays for people."""
    shown = read(SHOWN)
    if shown != read(f"{STORED}/{name}.pbm"):
        with open(f"{SHOWN}.{name}.pbm", "wb") as file:
            file.write(shown)
        wrong.append(name)


display = Display()


def draws(name: str, page: "object", *what: object) -> None:
    display.clear()
    page(display, *what)
    display.show()
    shows(name)


class Told(Link):
    """A link whose box has said this."""

    def __init__(self, silence: int, status: "Status | None", version: int = 1) -> None:
        self.silence = silence
        self.status = status
        self.version = version


short = Status("workshop", "192.0.2.10", page=URL, fingerprint=FINGERPRINT, phones=12, calls=3)
long = Status(NAME, ADDRESS, "4F7K9QRT", LONG_URL, FINGERPRINT, ALARMS, 1234, 56)
draws("well", pages.home, short)
draws("no-cable", pages.home, Status("workshop", "No cable"))
draws("long", pages.home, long)
draws("long-code", pages.code, long)
draws("code-without-page", pages.code, Status("workshop", code="4F7K9QRT"))
draws("long-setup", pages.setup, long)
draws("fingerprint", pages.fingerprint, short)
assert pages.alarm_parts(long) == 3
for part in range(3):
    draws(f"alarms-{part + 1}", pages.alarms, long, part)
draws("long-about", pages.about, long, "0.1.0", "0.1.0")
draws("waiting", pages.waiting)
draws("silent", pages.silent, Told(75_000, short))
draws("silent-for-long", pages.silent, Told(7 * 3_600_000, long))
draws("stopped", pages.stopped)
draws("older-box", pages.stranger, Told(0, None, 0))
draws("older-panel", pages.stranger, Told(0, None, 2))
draws("reset-held", pages.reset, True)
draws("reset-late", pages.note, "Only just after power-up. Turn the box off and on.")
draws("reset-unanswered", pages.note, "The box does not answer.")
assert not wrong, f"not as stored: {wrong}"
print("ok")  # noqa: T201 - the test reads it
