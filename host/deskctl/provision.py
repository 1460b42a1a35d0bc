"""Makes a box what office.toml says: shows the plan, asks, applies all of it at once, and looks whether it is so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from . import plan
from .box import Box, Progress, Refused, StepRefused
from .office import Office
from .passwords import AdminPassword
from .plan import Plan, State, Step
from .screen import Screen

SET_ADMIN = "passwd admin"


class NoneAdded(Refused):
    """The box has refused a step before the first account."""


class NotAgreed(Exception):
    """The person said no, or nobody was there."""


@dataclass(slots=True, frozen=True)
class Wishes:
    """How the command was given."""

    password: AdminPassword
    dry_run: bool = False
    yes: bool = False
    keep_open: bool = False
    """Leave a box without an admin password as it is."""


class Words(Protocol):
    """The passwords of new accounts: where they come from, where they are kept, how people get them."""

    def of(self, user: str) -> str: ...
    def keep(self, office: Office, made: dict[str, str]) -> None:
        """Before anything is sent. Raises OSError."""

    def tell(self, made: dict[str, str]) -> None:
        """At the end, whatever has failed: these may be what the box has now."""

    def forget(self) -> None:
        """No box has any of them. Raises OSError."""


def provision(box: Box, office: Office, wishes: Wishes, words: Words, screen: Screen) -> Plan:
    """The plan that was carried out. Raises PlanError, Refused, NotAgreed, NoPassword, LinkError, OSError."""
    made = plan.make(office, look(box, screen), words.of)
    admin = None
    if not wishes.keep_open and not box.hello["password"] and SET_ADMIN in box.hello["verbs"]:
        admin = Step("+ admin password", SET_ADMIN, {})
        # Where the box does not like it, nothing else is done: it comes before all that is more than staged.
        made.steps.insert(sum(step.verb == plan.STAGE for step in made.steps), admin)
    for line in made.diff or ["The box is what the file says; nothing is to be done."]:
        screen.say(line)
    if wishes.dry_run or not made.steps:
        return made
    if not wishes.yes and not screen.agreed(f"Carry out these {len(made.diff)} steps?"):
        raise NotAgreed("Nothing was changed; --yes carries it out without asking.")
    if admin is not None:
        box.password = wishes.password.new()
        admin.arguments["password"] = box.password
    _apply(box, office, made, words, screen)
    return made


def look(box: Box, screen: Screen) -> State:
    """What the box is now."""
    with screen.bar("Looking at the box") as bar:
        verbs = [verb for verb in (*plan.SHOWN, plan.DOMAIN) if verb in box.hello["verbs"]]
        return State.of(box.all([(verb, {}) for verb in verbs], bar))


def _sent(box: Box, made: Plan, bar: Progress) -> list[Any]:
    """The answers. Raises Refused with what has become of the steps before; nothing stays staged."""
    try:
        return box.all([(step.verb, step.arguments) for step in made.steps], bar)
    except StepRefused as error:
        done = [step.verb for step in made.steps[: error.done]]
        if plan.STAGE in done and plan.COMMIT not in done:
            box.ask(plan.ROLLBACK)
            done = [verb for verb in done if verb != plan.STAGE]
        rest = "The steps before it are done; with the file mended, the others follow." if done else "Nothing was done."
        raise (Refused if plan.ADD in done else NoneAdded)(f"{error} {rest}") from None


def _apply(box: Box, office: Office, made: Plan, words: Words, screen: Screen) -> None:
    words.keep(office, made.passwords)
    told = bool(made.passwords)
    try:
        with screen.bar("Setting up the box") as bar:
            answers = _sent(box, made, bar)
        made.notes += [note for answer in answers if isinstance(answer, dict) for note in answer.get("notes", ())]
        rest = plan.make(office, look(box, screen), lambda user: "")
        if rest.steps:
            raise Refused("The box took everything, but does not show: " + "; ".join(rest.diff) + ".")
    except NoneAdded:
        told = False
        words.forget()
        raise
    finally:
        if told:
            words.tell(made.passwords)
    for note in made.notes:
        screen.say(f"Note: {note}")
    screen.say(f"Done and looked at again: {len(made.diff)} steps.")
