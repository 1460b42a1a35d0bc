"""What somebody typed into a form that could not be done: its page shows it again, but for what is secret."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from .language import N_
from .sessions import Typed
from .visit import Visit

SECRETS = frozenset({"again", "csrf", "old", "passphrase", "password"})
"""Fields that are never shown again, nor carried anywhere."""
CARRIED = "typed."
"""Begins the name of a field of the page that asks for the password, where it holds a field of another form."""
ENDED = N_(
    "Your session has ended, so nothing was done. Once you are in, what you typed is there, but no password or file."
)
OLD = N_("That form is of an earlier session, and not done: look it over (passwords are empty), and send it once more.")


def ask_who(visit: Visit) -> str:
    """The page that asks for the password, or for the code of first boot. What it was given goes through it."""
    wanted = visit.form.get("next") or visit.query.get("next", "")
    fields = {name: value for name, value in visit.form.items() if name.startswith(CARRIED)}
    return visit.render("login" if visit.box.admin.is_set else "welcome", wanted=wanted, carried=fields)


def carried(form: Mapping[str, str]) -> dict[str, str]:
    """A form's fields as they are carried through the page that asks for the password."""
    return {CARRIED + name: value for name, value in form.items() if name not in SECRETS}


def keep_carried(visit: Visit, page: str) -> None:
    """What came through that page, for the page of its form."""
    fields = {name.removeprefix(CARRIED): value for name, value in visit.form.items() if name.startswith(CARRIED)}
    if fields:
        keep(visit, unquote(page), fields, visit.texts.gettext(OLD))


def keep(visit: Visit, page: str, fields: Mapping[str, str], said: str) -> None:
    """For that page, whenever it is shown next. `said`: why it was not done."""
    assert visit.session is not None
    public = {name: value for name, value in fields.items() if name not in SECRETS}
    visit.session.typed[page] = Typed(public, said)


def bring_back(visit: Visit) -> None:
    """Fills the page in."""
    typed = visit.session.typed.pop(visit.path, None) if visit.session is not None else None
    if typed is not None:
        visit.error, visit.form = typed.said, typed.fields
