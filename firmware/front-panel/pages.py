"""What the display shows: a function for each page, from what the box has said last."""

from display import COLUMNS, ROWS, Display, plain, wrapped
from link import Link

from panel_link import channels

HOME, CODE, SETUP, FINGERPRINT, ALARMS, ABOUT = 0, 1, 2, 3, 4, 5
_ROWS = 6
"""Below the title."""
_NEXT = 6
"""Where the row begins that leads on."""


def waiting(display: Display) -> None:
    """The box has not said anything yet."""
    display.title("Frontdesk")
    display.rows(3, "Waiting for the box ...")


def silent(display: Display, link: Link) -> None:
    """The box has not said anything for a while."""
    display.title(link.status.name if link.status else "Frontdesk")
    after = display.rows(2, f"No word from the box for {span(link.silence)}.")
    display.rows(after + 1, "Its last lines: USB port.")


def stopped(display: Display) -> None:
    """The program was ended by Ctrl-C."""
    display.title("Frontdesk")
    display.rows(2, "Panel stopped by Ctrl-C at its USB port. Power it anew.")


def span(milliseconds: int) -> str:
    """A time in its largest unit."""
    seconds = milliseconds // 1000
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"


def stranger(display: Display, link: Link) -> None:
    """The box speaks another version of the line."""
    display.title("Frontdesk")
    older = "panel" if link.version > channels.VERSION else "box"
    display.rows(2, f"Panel and box differ: bring the {older} up to date.")


def home(display: Display, status: channels.Status) -> None:
    """Name, address, phones, calls, and whether all is well."""
    display.title(status.name)
    row = max(4, display.rows(2, status.address))
    display.pair(row, "Phones", status.phones)
    display.pair(row + 1, "Calls", status.calls)
    display.row(7, _summary(status))


def _summary(status: channels.Status) -> str:
    if status.alarms:
        count = len(status.alarms)
        return f"! {count} alarm" + ("" if count == 1 else "s") + (", code" if status.code else "")
    if status.code:
        return "Set up: press A"
    return "All is well" if status.has_address else ""


def alarms(display: Display, status: channels.Status, part: int) -> None:
    """What is wrong, in words, a few rows at a time."""
    parts = alarm_parts(status)
    display.title("Alarms" if parts == 1 else f"Alarms {part + 1}/{parts}")
    lines = alarm_lines(status)
    for row, line in enumerate(lines[part * _ROWS : (part + 1) * _ROWS]):
        display.row(row + 2, line)


def alarm_lines(status: channels.Status) -> "list[str]":
    """All alarms as rows, an empty one between two."""
    lines: list[str] = []
    for alarm in status.alarms:
        if lines:
            lines.append("")
        lines += wrapped(plain(alarm))
    return lines


def alarm_parts(status: channels.Status) -> int:
    """How many pictures all alarms take."""
    return max(1, (len(alarm_lines(status)) + _ROWS - 1) // _ROWS)


def code(display: Display, status: channels.Status) -> None:
    """The first-boot code, large, and where it is typed."""
    display.title("First-boot code")
    display.large(13, status.code)
    if not status.page:
        display.rows(5, "The setup page is off.")
        return
    display.row(4, "for setup at")
    display.rows(5, status.page if len(wrapped(status.page)) <= ROWS - 5 else "the next page's address.")


def setup(display: Display, status: channels.Status) -> None:
    """Where the setup page is."""
    display.title("Setup page")
    after = display.rows(2, status.page)
    if status.fingerprint and after <= _NEXT:
        display.rows(_NEXT, "Its fingerprint: next page.")


def fingerprint(display: Display, status: channels.Status) -> None:
    """What is to be compared with the browser's, four digits at a time."""
    display.title("Fingerprint")
    fours = [status.fingerprint[place : place + 4] for place in range(0, len(status.fingerprint), 4)]
    for row in range(_ROWS):
        display.row(row + 2, " ".join(fours[3 * row : 3 * row + 3]))


def about(display: Display, status: channels.Status, box: str, panel: str) -> None:
    """The whole name, and who is who."""
    display.title("About")
    for row in range(4):
        display.row(row + 2, status.name[row * COLUMNS : (row + 1) * COLUMNS])
    display.row(6, "Box " + box)
    display.row(7, "Panel " + panel)


def reset(display: Display, is_held: bool) -> None:
    """Asks for the confirmation of a factory reset."""
    display.title("Factory reset?")
    display.rows(2, "Accounts, calls, settings: all goes.")
    display.row(6, "A: no")
    display.row(7, "B, 3 s: yes" if not is_held else "B: hold on ...")


def asking(display: Display) -> None:
    """The box has not answered yet: it may be starting."""
    note(display, "Asking the box ...")
    display.row(6, "A: call it off")


def note(display: Display, sentence: str) -> None:
    """What the box said to a question."""
    display.title("Factory reset")
    display.rows(2, sentence)
