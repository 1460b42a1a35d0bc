"""Makes a box what office.toml says: shows the plan, asks, applies all of it at once, and looks whether it is so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from . import passwords, plan
from .box import Box, Refused
from .office import Office
from .plan import Plan, State, Step
from .screen import Screen

SET_ADMIN = "passwd admin"


class NotAgreed(Exception):
    """The person said no, or nobody was there."""


@dataclass(slots=True, frozen=True)
class Wishes:
    """How the command was given."""

    dry_run: bool = False
    yes: bool = False
    sheet: Path | None = None
    password_file: Path | None = None
    keep_open: bool = False
    """Leave a box without an admin password as it is."""


def provision(box: Box, office: Office, wishes: Wishes, screen: Screen) -> Plan:
    """The plan that was carried out. Raises PlanError, Refused, NotAgreed, NoPassword, LinkError, OSError."""
    made = plan.make(office, look(box, screen), lambda user: passwords.make())
    admin = None
    if not wishes.keep_open and not box.hello["password"] and SET_ADMIN in box.hello["verbs"]:
        admin = Step("+ admin password", SET_ADMIN, {})
        # First: where the box does not like it, nothing else is done.
        made.steps.insert(0, admin)
    for line in made.diff or ["The box is what the file says; nothing is to be done."]:
        screen.say(line)
    if wishes.dry_run or not made.steps:
        return made
    if not wishes.yes and not screen.agreed(f"Carry out these {len(made.steps)} steps?"):
        raise NotAgreed("Nothing was changed; --yes carries it out without asking.")
    if admin is not None:
        box.password = passwords.of_admin(wishes.password_file, "New admin password: ", twice=True)
        admin.arguments["password"] = box.password
    _apply(box, office, made, wishes, screen)
    return made


def look(box: Box, screen: Screen) -> State:
    """What the box is now."""
    with screen.bar("Looking at the box") as bar:
        return State.of(box.all([(verb, {}) for verb in plan.SHOWN], bar))


def _apply(box: Box, office: Office, made: Plan, wishes: Wishes, screen: Screen) -> None:
    if wishes.sheet is not None and made.passwords:
        write_private(wishes.sheet, sheet(office, made.passwords))
    try:
        with screen.bar("Setting up the box") as bar:
            box.all([(step.verb, step.arguments) for step in made.steps], bar)
        rest = plan.make(office, look(box, screen), lambda user: "")
        if rest.steps:
            raise Refused("The box took everything, but does not show: " + "; ".join(rest.diff))
    finally:
        # Whatever has failed: these may be what the box has now.
        _tell_passwords(made.passwords, wishes, screen)
    screen.say(f"Done and looked at again: {len(made.steps)} steps.")


def _tell_passwords(made: dict[str, str], wishes: Wishes, screen: Screen) -> None:
    if not made:
        return
    if wishes.sheet is None:
        screen.table(["user", "password"], list(made.items()))
        screen.say("These passwords are shown this once; the box keeps their hashes alone.")
    else:
        screen.say(f"The passwords of the new accounts are in {wishes.sheet}.")


def sheet(office: Office, made: dict[str, str], title: str = "") -> str:
    """A page to print: what has to be typed into each phone."""
    lines = [title, ""] if title else []
    lines += [f"{'user':<16} {'password':<20} name"]
    lines += [f"{user:<16} {word:<20} {office.accounts[user].name or ''}".rstrip() for user, word in made.items()]
    return "\n".join(lines) + "\n"


def write_private(path: Path, text: str) -> None:
    """Anew, and for its owner's eyes alone. Raises OSError."""
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    if os.name == "posix":
        path.chmod(0o600)
