"""Many boxes from one file: each cable that is plugged in is the next box."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import office as offices
from . import passwords
from .office import DEFAULT, ROW, Office, OfficeError
from .sheet import page, write_private

COLUMNS = ("serial", "hostname", "address", "gateway", "dns", "domain", "range", "label")
SETTINGS = {"hostname": "hostname", "address": "net.address", "gateway": "net.gateway", "dns": "net.dns"}
STATE = ".state"
SHEET = ".sheet.txt"
"""Beside the file: what was done, and what to print."""


class NoRow(Exception):
    """No row of the file is for that box; the text is one sentence."""


@dataclass(slots=True, frozen=True)
class Row:
    """One box of the file."""

    label: str
    serial: str
    """Empty: whichever comes."""
    office: Office

    @property
    def mark(self) -> str:
        """By which it is known again, as long as nothing of it is changed."""
        office = self.office
        accounts = [(each.user, each.name, each.aliases) for each in office.accounts.values()]
        said = [self.serial, accounts, office.settings, office.domain, office.peers]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def read(text: str, file: str, base: Office | None) -> list[Row]:
    """The boxes; `base` holds what is the same for all. Raises OfficeError."""
    rows, mistakes = [], []
    # Where a comma stands in numbers, as in German, spreadsheets write a semicolon between values.
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True, delimiter=delimiter)
    try:
        unknown = [name for name in reader.fieldnames or () if name not in COLUMNS]
        if unknown or not reader.fieldnames:
            raise ValueError(f"The first line names columns out of {', '.join(COLUMNS)}")
        if len({*reader.fieldnames}) < len(reader.fieldnames):
            raise ValueError("The first line names a column twice")
        for values in reader:
            if not any(values.values()):
                continue  # spreadsheets leave such rows
            try:
                rows.append(_row(values, f"{file}:{reader.line_num}", base))
            except ValueError as error:
                mistakes.append(f"{file}:{reader.line_num}: {error}.")
        if not rows and not mistakes:
            raise ValueError("There is no box below the first line")
    except (csv.Error, ValueError) as error:
        mistakes.append(f"{file}:{max(1, reader.line_num)}: {str(error).rstrip('.')}.")
    mistakes += _twice(rows, file)
    if mistakes:
        raise OfficeError("\n".join(mistakes))
    return rows


def _row(values: dict[str | Any, Any], place: str, base: Office | None) -> Row:
    if None in values or None in values.values():
        raise ValueError("It has another number of values than the first line")
    told = {name: value.strip() for name, value in values.items() if value.strip()}
    for name in SETTINGS:
        if told.get(name) == DEFAULT:
            raise ValueError(f"A box shows no {DEFAULT!r} for {name}: write the value itself, or nothing")
    label = told.get("label") or told.get("hostname") or told.get("serial")
    if not label:
        raise ValueError("A box needs a label, a host name or a serial number")
    return Row(label, told.get("serial", ""), _office(told, place, base or Office()))


def _office(told: dict[str, str], place: str, base: Office) -> Office:
    settings = base.settings | {SETTINGS[name]: value for name, value in told.items() if name in SETTINGS}
    places = base.places | {SETTINGS.get(name, name): (ROW, name) for name in told}
    accounts = dict(base.accounts)
    if "range" in told:
        line = f'[[account]]\nrange = {json.dumps(told["range"])}\n'
        try:
            ranged = offices.read(line, place).accounts
        except OfficeError as error:
            raise ValueError(str(error).rpartition(": ")[2].rstrip(".")) from None
        for other in base.accounts.values():
            if taken := [alias for alias in other.aliases if alias in ranged]:
                raise ValueError(f"{taken[0]} of the range is an alias of {other.user} already")
        # What the other file says of an account stays.
        accounts |= {user: wanted for user, wanted in ranged.items() if user not in accounts}
    domain = told["domain"].lower() if "domain" in told else base.domain
    return replace(base, settings=settings, places=places, accounts=accounts, domain=domain, row=place)


def _twice(rows: list[Row], file: str) -> Iterator[str]:
    values: dict[str, Callable[[Row], str]] = {
        "label": lambda row: row.label,
        "serial": lambda row: row.serial,
        "hostname": lambda row: _own(row, "hostname").lower(),
        "address": lambda row: _own(row, "net.address").partition("/")[0].replace("dhcp", ""),
    }
    for what, of in values.items():
        seen: set[str] = set()
        for value in filter(None, map(of, rows)):
            if value in seen:
                yield f"{file}: The {what} {value!r} stands there twice."
            seen.add(value)


def _own(row: Row, key: str) -> str:
    """What the row itself says of a setting."""
    return row.office.settings[key] if row.office.places.get(key, ("",))[0] == ROW else ""


class Progress:
    """What was done, kept in a file of mode 0600 beside the list, so that the same command goes on after a break."""

    def __init__(self, file: Path, rows: list[Row]) -> None:
        """Raises OSError, OfficeError."""
        self._rows = rows
        self._state = file.with_name(file.name + STATE)
        self.sheet = file.with_name(file.name + SHEET)
        self._boxes: dict[str, dict[str, Any]] = {}
        self._passed: dict[str, str] = {}
        """Serial number -> label of the row, of each box that was passed over; the next run tries it again."""
        if self._state.exists():
            try:
                self._boxes = json.loads(self._state.read_text(encoding="utf-8"))["boxes"]
            except (ValueError, KeyError, TypeError):
                raise OfficeError(f"{self._state} is damaged; without it, boxes would be set up again.") from None

    @property
    def done(self) -> int:
        """Boxes."""
        return len(self._rows) - len(self.not_done)

    @property
    def boxes(self) -> int:
        """All of them."""
        return len(self._rows)

    @property
    def not_done(self) -> list[str]:
        """Their labels."""
        return [row.label for row in self._rows if not self._is_done(row)]

    @property
    def waiting(self) -> list[Row]:
        """Those whose boxes are still to come."""
        passed = self._passed.values()
        return [row for row in self._rows if not self._is_done(row) and row.label not in passed]

    def is_over(self, serial: str) -> bool:
        """Whether that box is done, or was passed over."""
        waits = [row for row in self._rows if not self._is_done(row)]
        if serial in self._passed or any(row.serial == serial for row in waits):
            return serial in self._passed
        labels = [row.label for row in waits]
        done = (label for label, box in self._boxes.items() if box.get("done") and box.get("serial") == serial)
        return any(label not in labels for label in done)

    def _is_done(self, row: Row) -> bool:
        """Whether it is, as it stands in the file now: one that was changed since waits for its box again."""
        box = self._of(row)
        return bool(box.get("done")) and box.get("row", row.mark) == row.mark

    def row_for(self, serial: str) -> Row:
        """By its serial number, else the one that was begun with it, else the next that is anybody's. Raises NoRow."""
        tests: list[Callable[[Row], bool]] = [
            lambda row: row.serial == serial,
            lambda row: not row.serial and self._of(row).get("serial") == serial,
            lambda row: not row.serial and not self._of(row),
        ]
        for test in tests:
            for row in filter(test, self.waiting):
                return row
        raise NoRow(f"No row is left for the box with the serial number {serial}.")

    def begin(self, row: Row, serial: str, made: dict[str, str]) -> None:
        """That box becomes that row's, and is about to get these passwords. Raises OSError."""
        self._keep(row, serial, made, done=False)

    def finish(self, row: Row, serial: str) -> None:
        """It is done. Raises OSError."""
        self._keep(row, serial, {}, done=True)

    def pass_over(self, serial: str, row: Row | None) -> None:
        """It cannot be done as it is."""
        self._passed[serial] = row.label if row else ""

    def password(self, row: Row, user: str) -> str:
        """The one of before: it may be on the box already; else a new one."""
        return self._of(row).get("passwords", {}).get(user) or passwords.make()

    def _keep(self, row: Row, serial: str, made: dict[str, str], done: bool) -> None:
        """In the state and on the sheet."""
        words = self._of(row).get("passwords", {}) | made
        self._boxes[row.label] = {"serial": serial, "passwords": words, "done": done, "row": row.mark}
        write_private(self._state, json.dumps({"boxes": self._boxes}, indent=1))
        write_private(self.sheet, "\f".join(self._pages()))

    def _of(self, row: Row) -> dict[str, Any]:
        """By its label, or where that was changed by its serial number."""
        renamed = (box for box in self._boxes.values() if row.serial and box.get("serial") == row.serial)
        return self._boxes.get(row.label) or next(renamed, {})

    def _pages(self) -> Iterator[str]:
        for row in self._rows:
            if box := self._of(row):
                told = {"serial number": box["serial"], "domain": row.office.domain} | {
                    name: row.office.settings.get(key) for name, key in SETTINGS.items()
                }
                lines = [row.label, "", *(f"{name:<16} {value}" for name, value in told.items() if value)]
                server, slash, _ = str(told["address"]).partition("/")
                if slash:
                    lines += ["", f"Each phone's server is {server}; user and password are those of its row."]
                if not self._is_done(row):
                    lines.append("NOT FINISHED YET")
                yield "\n".join([*lines, "", page(row.office, box["passwords"])])


class BatchWords:
    """The passwords of one box of many: kept before they are sent, and on the sheet."""

    def __init__(self, progress: Progress, row: Row, serial: str) -> None:
        self._progress = progress
        self._row = row
        self._serial = serial

    def of(self, user: str) -> str:
        """What was made for it before, else a new one."""
        return self._progress.password(self._row, user)

    def keep(self, office: Office, made: dict[str, str]) -> None:
        """In the state and on the sheet. Raises OSError."""
        self._progress.begin(self._row, self._serial, made)

    def tell(self, made: dict[str, str]) -> None:
        """They are on the sheet."""

    def forget(self) -> None:
        """They stay: they are for the same row again."""
