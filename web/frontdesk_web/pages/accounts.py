"""Accounts: all of them, one of them, and what is done to many at once."""

from __future__ import annotations

from typing import Any

from bottle import response

from frontdesk.control import VerbError, account_files
from frontdesk.control import accounts as verbs
from frontdesk.control.first_boot import read_free, table
from frontdesk.control.system import newest

from ..gate import go, refused
from ..language import N_
from ..visit import Visit

SHOWN = 50
"""On one page."""
READ, CALLS, EVENTS = 500, 10, 200
"""The newest calls of the box that are looked at, and those of one account that are shown, and its events."""


def show(visit: Visit) -> str:
    """All accounts, or those that were searched for."""
    search = visit.query.get("q", "")[:100]
    who = visit.do("who", search=search, start=visit.first, limit=SHOWN)
    more = who["start"] + SHOWN < who["found"]
    return visit.render("accounts", who=who, search=search, first=who["start"], shown=SHOWN, more=more)


def one(visit: Visit, user: str) -> str:
    """One account with all that belongs to it."""
    account = account_of(visit, user)
    names = {user, *account["aliases"]}
    calls = [call for call in _calls(visit) if call["caller"] in names or call["callee"] in names]
    events = visit.on_loop(lambda: newest(visit.box, EVENTS, user))
    gone = verbs.what_goes(visit.box, user)
    return visit.render("account", account=account, calls=calls[:CALLS], events=events, gone=gone)


def _calls(visit: Visit) -> list[dict[str, Any]]:
    """The newest; where the disk cannot be read, none and the reason: the rest of the page is needed then."""
    try:
        calls: list[dict[str, Any]] = visit.do("calls", limit=READ)
    except VerbError as error:
        visit.tell(visit.said(error), failed=True)
        return []
    return calls


def account_of(visit: Visit, user: str) -> dict[str, Any]:
    """What is known of an account. Raises Refusal where there is none."""
    found: list[dict[str, Any]] = visit.do("who", search=user, limit=1)["accounts"]
    if not found or found[0]["user"] != user:
        raise refused(404, N_("There is no such account."), page="/accounts")
    return found[0]


def rename(visit: Visit, user: str) -> None:
    """Another name. Raises VerbError."""
    visit.change(N_("Changed {user}."), "account set", user=user, assignment=f"name={visit.form.get('name', '')}")
    go(f"/accounts/{user}")


def add_range(visit: Visit) -> None:
    """Many at once, each with a password of its own. Raises VerbError."""
    assert visit.session is not None
    users = read_free(visit.box, visit.form.get("range", "").strip() or "none")
    if not users:
        raise VerbError(N_("Which numbers? Such as 101-120."))
    visit.session.check_cards(len(users))
    answer = visit.do("account import", **{"text": table(users), "make-passwords": True})
    for user, password in answer.get("passwords", {}).items():
        visit.session.remember(user, password)
    n = answer["added"]
    text = visit.texts.ngettext("Added {n} account.", "Added {n} accounts.", n).format(n=n)
    visit.tell(text, *(visit.house.spoken("account add", {"user": user}) for user in users))
    go("/cards")


def load(visit: Visit) -> None:
    """A file of accounts; those that have no password get one and a card. Raises VerbError."""
    assert visit.session is not None
    try:
        text = visit.files.get("file", b"").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VerbError(N_("That file is no text in UTF-8: save it once more as “CSV UTF-8”.")) from None
    visit.session.check_cards(len(account_files.read(visit.box, text, make_passwords=True).made))
    asked = {"text": text, "make-passwords": True}
    answer = visit.do("account import", **asked)
    made = answer.get("passwords", {})
    for user, password in made.items():
        visit.session.remember(user, password)
    n, changed = answer["added"], answer["changed"]
    said = visit.texts.ngettext("Added {n} account, changed {changed}.", "Added {n} accounts, changed {changed}.", n)
    visit.tell(said.format(n=n, changed=changed), visit.house.spoken("account import", asked))
    visit.warn(answer)
    go("/cards" if made else "/accounts")


def save(visit: Visit) -> str:
    """All accounts as a file. A spreadsheet knows UTF-8 by its mark, and wants semicolons where a comma stands in
    numbers."""
    text = "\ufeff" + account_files.write(visit.do("account list"), ";" if visit._(".") == "," else ",")
    response.content_type = "text/csv; charset=utf-8"
    response.set_header("Content-Disposition", 'attachment; filename="accounts.csv"')
    return text
