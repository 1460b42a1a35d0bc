"""Logging in and out, and the page of plain http that leads to https."""

from __future__ import annotations

from bottle import response

from frontdesk.control import Role, VerbError

from ..gate import begin, end, go, is_in, local, refused
from ..language import N_
from ..route import Need
from ..typed import ask_who, keep_carried
from ..visit import Visit

HTTPS = 443


def login(visit: Visit) -> str:
    """Asks for the password, but nobody who is logged in."""
    if not visit.box.admin.is_set:
        go("/welcome")
    if is_in(visit) and not visit.error:
        go(local(visit.form.get("next") or visit.query.get("next", "")))
    return ask_who(visit)


def log_in(visit: Visit) -> None:
    """Checks it, and goes on to the page that was asked for. Raises VerbError."""
    _may_type(visit)
    role = Role.VIEWER if visit.form.get("role") == "viewer" else Role.ADMIN
    admin = visit.box.admin
    if not visit.on_loop(lambda: admin.check(visit.form.get("password", ""), visit.source, role)):
        raise VerbError(N_("That is not the password."))
    begin(visit, role)
    wanted = local(visit.form.get("next", ""))
    if role is Role.ADMIN:
        keep_carried(visit, wanted)
    go(wanted)


def log_out(visit: Visit) -> None:
    """Ends the session."""
    end(visit)
    go("/login")


def _may_type(visit: Visit) -> None:
    if not visit.may_log_in:
        raise VerbError(N_("A password is typed only over https, or at the box itself."))


def trust(visit: Visit) -> str:
    """Explains the browser's warning, where there is one, and leads to https, where there is that."""
    port = visit.house.site.https_port
    if not port:
        go("/")
    url = f"https://{visit.host}{'' if port == HTTPS else f':{port}'}/"
    if not visit.house.site.authority:  # The certificate was given: browsers know who made it.
        go(url)
    return visit.render("trust", url=url)


def authority(visit: Visit) -> bytes:
    """The certificate of the box's own CA."""
    if not visit.house.site.authority:
        raise refused(404, N_("This box has no CA of its own."))
    response.content_type = "application/x-x509-ca-cert"
    response.set_header("Content-Disposition", 'attachment; filename="frontdesk-ca.crt"')
    return visit.house.site.authority


# -- the first-boot code -----------------------------------------------------------------------------------------------


def welcome(visit: Visit) -> str:
    """Asks for the first-boot code, but nobody who has typed it."""
    if visit.box.admin.is_set:
        go("/login")
    if is_in(visit, Need.CODE) and not visit.error:
        go("/welcome/box")
    return ask_who(visit)


def open_box(visit: Visit) -> None:
    """Checks the code; from there on it is a session of first boot. Raises VerbError."""
    from frontdesk.control.first_boot import Answers

    _may_type(visit)
    admin = visit.box.admin

    async def check() -> bool:
        return not admin.is_set and admin.first_boot.check(visit.form.get("code", ""), visit.source)

    if not visit.on_loop(check):
        raise VerbError(N_("That is not the code."))
    begin(visit, Role.ADMIN, answers=Answers())
    keep_carried(visit, local(visit.form.get("next", "")))
    go("/welcome/box")
