"""Accounts as a CSV file (RFC 4180), for spreadsheets: what `account import` reads, and the page saves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any

from ..model import Account, Secret, address_of_record
from . import passwords
from .accounts import check_free, check_room
from .box import Answer, Box, VerbError
from .checks import checked_name
from .errors import Sentence
from .reading import LINE, NOTHING

COLUMNS = ("username", "password", "name", "enabled", "aliases")
"""The first must be there."""
ENABLED = {
    "yes": True, "true": True, "1": True, "ja": True, "wahr": True,
    "no": False, "false": False, "0": False, "nein": False, "falsch": False,
}  # fmt: skip
"""What spreadsheets make of yes and no, in the page's languages."""
FORMULAS = ("=", "+", "-", "@")
"""How a name begins that a spreadsheet would take for a formula: in a file it has an apostrophe before it."""
MOST_TOLD = 10
"""Bad lines that are told at once."""

Row = Mapping[str | None, Any]
"""Column -> value; None -> what stands in no column that has a name. A value is None where the line ends before it."""


async def load(box: Box, text: str, make_passwords: bool = False) -> Answer:
    """Adds or changes the accounts of a CSV file, all or none."""
    reader = await box.admin.off_loop(partial(read, box, text, make_passwords))
    there = box.directory.accounts
    added = sum(account.username not in there for account in reader.accounts)
    if added:
        check_room(box.settings, len(there) + added)
    taken = [account for account in reader.accounts if there.get(account.username) != account]
    await box.save(*taken)
    told = {"passwords": reader.made, "weak": reader.weak}
    return {"added": added, "changed": len(taken) - added} | {key: value for key, value in told.items() if value}


def write(accounts: Iterable[Answer], delimiter: str = ",") -> str:
    """What `account list` answers, as a file; passwords are not in the box, so they are not in it."""
    import csv
    import io

    text = io.StringIO()
    rows = csv.writer(text, delimiter=delimiter)
    rows.writerow(COLUMNS)
    for each in accounts:
        enabled = "yes" if each["enabled"] else "no"
        rows.writerow([each["user"], "", to_cell(each["name"]), enabled, " ".join(each["aliases"])])
    return text.getvalue()


def read(box: Box, text: str, make_passwords: bool = False) -> Reader:
    """What a file makes of the box's accounts. Raises VerbError, which names the lines."""
    rows = _rows(text)
    reader = Reader(box, {row["username"] for _, row in rows}, make_passwords)
    bad: list[Sentence] = []
    for line, row in rows:
        try:
            reader.read(row)
        except VerbError as error:
            bad.append(Sentence(LINE, line=line, reason=Sentence.of(error)))
    if bad:
        raise _refused(bad)
    return reader


def _rows(text: str) -> list[tuple[int, Row]]:
    """With the numbers of their lines."""
    import csv
    import io

    text = text.removeprefix("\ufeff")
    # Where a comma stands in numbers, as in German, spreadsheets write a semicolon between values.
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text), strict=True, delimiter=delimiter)
    rows: list[tuple[int, Row]] = []
    begun = 1
    try:
        columns = _columns(next(reader, []))
        begun = reader.line_num + 1
        for values in reader:
            if any(map(str.strip, values)):
                rows.append((reader.line_num, _row(columns, values)))
            begun = reader.line_num + 1
    except (csv.Error, VerbError) as error:
        no_csv = Sentence("It is no CSV: each quotation mark is closed, and one within a value is doubled.")
        reason = Sentence.of(error) if isinstance(error, VerbError) else no_csv
        raise _refused([Sentence(LINE, line=begun, reason=reason)]) from None
    return rows


def _columns(line: Sequence[str]) -> list[str]:
    """The first line's names, as spreadsheets spell them; empty: a column that has none and so no values either."""
    columns, known = [name.strip().lower() for name in line], ",".join(COLUMNS)
    if COLUMNS[0] not in columns:
        sentence = "The first line must name the columns, {first} at least: {columns} can be."
        raise VerbError(sentence, first=COLUMNS[0], columns=known)
    for column, name in zip(columns, line, strict=True):
        if column and column not in COLUMNS:
            raise VerbError("There is no column {column!r}: {columns} can be.", column=name[:60], columns=known)
        if column and columns.count(column) > 1:
            raise VerbError("The column {column!r} stands there twice: leave one of the two out.", column=column)
    return columns


def _row(columns: Sequence[str], values: Sequence[str]) -> Row:
    pairs = list(zip_longest(columns, values[: len(columns)]))
    row: dict[str | None, Any] = {column: value for column, value in pairs if column}
    nameless = [value for column, value in pairs if value and not column] + list(filter(None, values[len(columns) :]))
    return row | {None: nameless} if nameless else row


def _refused(bad: list[Sentence]) -> VerbError:
    told, *others = bad[:MOST_TOLD]
    if len(bad) > MOST_TOLD:
        others.append(Sentence("Further lines that are wrong: {n}.", n=len(bad) - MOST_TOLD))
    for each in others:
        told = Sentence("{above}\n{below}", above=told, below=each)
    return VerbError(NOTHING, reason=told)


class Reader:
    """Takes one row after the other."""

    def __init__(self, box: Box, users: Collection[str], make_passwords: bool) -> None:
        """`users` are all accounts of the file: the names that they have on the box may go from one to another."""
        self.accounts: list[Account] = []
        """As they are to be."""
        self.made: dict[str, str] = {}
        """The passwords that were made for them."""
        self.weak: list[str] = []
        """Whose given password can be guessed at once."""
        self._directory = box.directory
        self._check_free = partial(check_free, box, besides=users)
        self._make_passwords = make_passwords
        self._taken: set[str] = set()

    def read(self, row: Row) -> None:
        """One account; what its row does not say stays as it is. Raises VerbError."""
        if None in row or None in (row["username"], row.get("password", "")):
            raise VerbError(
                "There must be {n} values: one with commas or semicolons in it stands in quotation marks.",
                n=len([column for column in row if column]),
            )
        user = row["username"]
        name, enabled, aliases = (row.get(column) for column in COLUMNS[2:])
        old = self._directory.account(user) or Account(user, address_of_record(user, self._directory.realm))
        account = replace(
            old,
            name=old.name if name is None else checked_name(of_cell(name)),
            enabled=_checked_enabled(enabled) if enabled else old.enabled,
            aliases=old.aliases if aliases is None else tuple(aliases.replace(",", " ").split()),
        )
        for each in (user, *account.aliases):
            self._take(each, old)
        password = row.get("password", "")
        self.accounts.append(replace(account, secrets=self._secrets(old, password)))
        if password and passwords.is_guessable(password, user, *account.aliases):
            self.weak.append(user)

    def _take(self, name: str, old: Account) -> None:
        if self._directory.resolve(name) is not old:
            self._check_free(name)
        if name in self._taken:
            raise VerbError("{name!r} was there before: leave one of the two out.", name=name)
        self._taken.add(name)

    def _secrets(self, old: Account, password: str) -> tuple[Secret, ...]:
        user = old.username
        if any(not secret.name for secret in old.secrets):
            if password:
                raise VerbError(
                    "There is an account {user!r} already: leave its password empty, and it keeps the one it has.",
                    user=user,
                )
            return old.secrets
        if not password:
            if not self._make_passwords:
                raise VerbError(
                    "The password is empty; `frontdesk account import --make-passwords` makes one and shows it."
                )
            password = self.made[user] = passwords.make()
        return (passwords.secret("", user, self._directory.realm, password), *old.secrets)


def _checked_enabled(text: str) -> bool:
    enabled = ENABLED.get(text.strip().lower())
    if enabled is None:
        raise VerbError("The column enabled has yes or no, not {value!r}.", value=text[:20])
    return enabled


def to_cell(name: str) -> str:
    """A name as it stands in a file."""
    return f"'{name}" if _is_guarded(name) else name


def of_cell(cell: str) -> str:
    """The inverse."""
    return cell.removeprefix("'") if _is_guarded(cell) else cell


def _is_guarded(text: str) -> bool:
    """Whether it would be a formula but for its apostrophes: a name that has some of its own gets one more, so that
    these are not taken for the guard."""
    return text.lstrip("'").startswith(FORMULAS)
