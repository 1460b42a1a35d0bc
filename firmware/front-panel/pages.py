"""What the display shows: a function for each page, from what the box has said last."""

from display import Display, wrapped
from link import Link

from panel_link import channels

HOME, CODE, ALARMS, ABOUT = 0, 1, 2, 3
_ROWS = 6
"""Of an alarm's words at once."""


def waiting(display: Display) -> None:
    """The box has not said anything yet."""
    display.title("Frontdesk")
    display.rows(3, "Waiting for the box ...")


def silent(display: Display, link: Link, seconds: int) -> None:
    """The box has not said anything for a while."""
    display.title(link.status.name if link.status else "Frontdesk")
    after = display.rows(2, f"No word from the box for {seconds} s.")
    display.rows(after + 1, "Its last lines: USB port.")


def stranger(display: Display, link: Link) -> None:
    """The box speaks another version of the line."""
    display.title("Frontdesk")
    older = "panel" if link.version > channels.VERSION else "box"
    display.rows(2, f"Panel and box differ: bring the {older} up to date.")


def home(display: Display, status: channels.Status) -> None:
    """Name, address, phones, calls, and whether all is well."""
    display.title(status.name)
    display.rows(2, status.address)
    display.pair(4, "Phones", status.phones)
    display.pair(5, "Calls", status.calls)
    display.row(7, _summary(status))


def _summary(status: channels.Status) -> str:
    if status.alarms:
        return "! 1 alarm" if len(status.alarms) == 1 else f"! {len(status.alarms)} alarms"
    return "Code: next page" if status.code else "All is well"


def alarms(display: Display, status: channels.Status, part: int) -> None:
    """What is wrong, in words, a few rows at a time."""
    display.title("Alarms")
    lines = alarm_lines(status)
    for row, line in enumerate(lines[part * _ROWS : (part + 1) * _ROWS]):
        display.row(row + 2, line)


def alarm_lines(status: channels.Status) -> "list[str]":
    """All alarms as rows, an empty one between two."""
    lines: list[str] = []
    for alarm in status.alarms:
        if lines:
            lines.append("")
        lines += wrapped(alarm)
    return lines


def alarm_parts(status: channels.Status) -> int:
    """How many pictures all alarms take."""
    return max(1, (len(alarm_lines(status)) + _ROWS - 1) // _ROWS)


def code(display: Display, status: channels.Status) -> None:
    """The first-boot code, large."""
    display.title("First-boot code")
    display.large(20, status.code)
    display.rows(6, "Type it into the setup page.")


def about(display: Display, link: Link, release: str) -> None:
    """Who is who."""
    display.title("About")
    display.row(2, "Box")
    display.row(3, " " + link.box_release)
    display.row(5, "Panel")
    display.row(6, " " + release)


def reset(display: Display, is_held: bool) -> None:
    """Asks for the confirmation of a factory reset."""
    display.title("Factory reset?")
    display.rows(2, "Accounts, calls, settings: all goes.")
    display.row(6, "A: no")
    display.row(7, "B, 3 s: yes" if not is_held else "B: hold on ...")


def note(display: Display, sentence: str) -> None:
    """What the box said to a question."""
    display.title("Factory reset")
    display.rows(2, sentence)
