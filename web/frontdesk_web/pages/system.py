"""The box itself: backup and restore, passwords, tokens, its log, a new start, and the way back to the factory."""

from __future__ import annotations

from bottle import response

from frontdesk.control import VerbError
from frontdesk.control.system import newest

from ..gate import begin, end, go
from ..language import N_
from ..visit import Visit
from . import entry

LINES = 200
LINKS = (N_("up"), N_("down"), N_("dormant"), N_("unknown"))
"""What the kernel says of an interface (RFC 2863 section 3.1.14), as far as people see it."""


def show(visit: Visit) -> str:
    """What there is to do."""
    return visit.render("system", status=visit.do("status"), today=visit.do("today"), net=visit.do("net"),
                        tokens=visit.do("token list"))  # fmt: skip


def log(visit: Visit) -> str:
    """The last lines of the log."""
    return visit.render("log", lines=visit.do("log", limit=LINES)[::-1])


def events(visit: Visit) -> str:
    """What happened."""
    return visit.render("events", events=visit.on_loop(lambda: newest(visit.box, LINES)))


def backup(visit: Visit) -> str:
    """All of it, sealed. Raises VerbError."""
    passphrase = visit.form.get("passphrase", "")
    if passphrase != visit.form.get("again", ""):
        raise VerbError(N_("The two passphrases are not the same."))
    text: str = visit.do("backup", passphrase=passphrase)
    name = f"{visit.box.settings.hostname}-{visit.time(visit.do('today')['clock'], '%Y-%m-%d')}.backup"
    response.content_type = "text/plain; charset=utf-8"
    response.set_header("Content-Disposition", f'attachment; filename="{name}"')
    return text


def restore(visit: Visit) -> str:
    """The box is what the backup says, and so are its passwords: all have to log in anew. Raises VerbError."""
    try:
        text = visit.files.get("file", b"").decode("ascii")
    except UnicodeDecodeError:
        raise VerbError(N_("That file is no backup: choose one that `frontdesk backup` or this page saved.")) from None
    answer = visit.do("restore", text=text, passphrase=visit.form.get("passphrase", ""))
    end(visit)
    said = visit.texts.gettext("The box is what the backup says: accounts: {added}, calls: {calls}.").format(**answer)
    visit.tell("\n".join([said, *map(visit.noted, answer["notes"])]))
    return entry.login(visit) if visit.box.admin.is_set else entry.welcome(visit)


def set_password(visit: Visit) -> None:
    """Another admin password; this session goes on, all others end. Raises VerbError."""
    _same(visit)
    if not visit.on_loop(lambda: visit.box.admin.check(visit.form.get("old", ""), visit.source)):
        raise VerbError(N_("That is not the password of now."))
    _change(visit, "passwd admin", N_("The password is changed; all other sessions have ended."))


def set_viewer_password(visit: Visit) -> None:
    """The password of those who may only look. Raises VerbError."""
    _same(visit)
    _change(visit, "passwd viewer", N_("The read-only password is changed; all other sessions have ended."))


def _same(visit: Visit) -> None:
    if visit.form.get("password", "") != visit.form.get("again", ""):
        raise VerbError(N_("The two passwords are not the same."))


def _change(visit: Visit, verb: str, said: str) -> None:
    """All sessions end with it; the visitor's goes on as another."""
    visit.do(verb, password=visit.form.get("password", ""))
    begin(visit, visit.role)
    visit.tell(visit.texts.gettext(said), visit.house.spoken(verb, {}))
    go("/system")


def reboot(visit: Visit) -> None:
    """Starts the machine anew. Raises VerbError."""
    visit.change(N_("The box starts anew."), "reboot")
    go("/system")


def factory_reset(visit: Visit) -> None:
    """Nothing is left. Raises VerbError."""
    if visit.form.get("word", "").strip() != visit.box.settings.hostname:
        raise VerbError(N_("Type the name of the box, so that nobody does this by mistake."))
    visit.do("factory-reset", yes=True, **{"keep-network": bool(visit.form.get("keep"))})
    go("/welcome")
