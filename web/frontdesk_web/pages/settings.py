"""Settings: staged, compared, taken into use, and taken back if nobody confirms."""

from __future__ import annotations

from typing import Any

from frontdesk.config import NONE, SETTINGS, text_of
from frontdesk.control import VerbError
from frontdesk.control.times import ago

from ..gate import go
from ..language import N_
from ..visit import Visit

SHOWN = ".shown"
"""Ends the name of the field that has a setting's value as the form was shown with it."""
TRIAL = 300
"""Seconds in which a change on trial has to be confirmed."""

GROUPS = (
    (N_("The box in its network"), ("hostname", "timezone", "net.", "listen", "domains")),
    (N_("Page and console"), ("web", "console.")),
    (N_("Phones and calls"), ("",)),
)
"""Headings, and how the keys below them begin."""


def _grouped(rows: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    left, groups = list(rows), []
    for heading, beginnings in GROUPS:
        groups.append((heading, [row for row in left if row["key"].startswith(beginnings)]))
        left = [row for row in left if not row["key"].startswith(beginnings)]
    return groups


def show(visit: Visit) -> str:
    """All settings, and what is staged."""
    staged = {each["key"]: each for each in visit.do("config diff")}
    defaults = {setting.key: text_of(visit.box.defaults, setting.key) for setting in SETTINGS}
    trial = visit.box.candidate.trial
    return visit.render(
        "settings",
        groups=_grouped(visit.do("config list")),
        kinds={setting.key: setting.form.name for setting in SETTINGS},
        staged=staged,
        seen=_mark(list(staged.values())),
        defaults=defaults,
        NONE=NONE,
        SHOWN=SHOWN,
        domain=visit.box.directory.realm,
        on_trial=[(key, text_of(trial.before, key), text_of(trial.after, key)) for key in trial.texts] if trial else [],
        left=ago(max(0.0, trial.ends_at - visit.box.clock.now())) if trial else "",
        trial=TRIAL,
    )


def stage(visit: Visit) -> None:
    """What was changed in the form, which has the values that it was shown with: others may have changed theirs since.
    Raises VerbError."""
    typed = {each.key: visit.form[each.key].strip() for each in SETTINGS if each.key in visit.form}
    changed = {key: value for key, value in typed.items() if value != visit.form.get(f"{key}{SHOWN}")}
    if not changed:
        raise VerbError(N_("Nothing was changed."))
    for key, value in changed.items():
        answer = visit.change(N_("{key} will be {value}."), "config stage", key=key, value=value or "default")
        if answer["warning"]:
            visit.tell(visit.noted(answer["warning"]))
    go("/settings")


def commit(visit: Visit) -> None:
    """Takes what is staged into use, for good or on trial; or keeps what is on trial. Raises VerbError."""
    way = visit.form.get("way")
    if way == "now":  # a page that was left open keeps nothing that somebody tries
        visit.box.candidate.refuse_trial(visit.box)
    if way == "keep" and not visit.box.candidate.trial:
        raise VerbError(N_("Nothing is on trial any more."))
    if way and not visit.box.candidate.trial and visit.form.get("seen") != _mark(visit.do("config diff")):
        raise VerbError(N_("Others have staged changes since that page was shown: here all of them are."))
    arguments = {"confirm": TRIAL} if way == "trial" else {}
    answer = visit.change(N_("In use now."), "config commit", **arguments)
    for note in answer["notes"]:
        visit.tell(visit.noted(note))
    go("/settings")


def _mark(staged: list[dict[str, Any]]) -> str:
    """By which a page knows whether it has shown all that is staged."""
    return "; ".join(f"{each['key']}={each['new']}" for each in staged)


def rename(visit: Visit) -> None:
    """Another domain, while there is no account. Raises VerbError."""
    visit.change(N_("The domain is {domain}."), "domain set", domain=visit.form.get("domain", "").strip())
    go("/settings")
