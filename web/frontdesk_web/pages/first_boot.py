"""First boot in three steps, the questions of the console: nothing is done before the last one is sent."""

from __future__ import annotations

from typing import NoReturn

from frontdesk.control import VerbError, first_boot
from frontdesk.control.admin import LONGEST, SHORTEST, checked_password
from frontdesk.control.answers import checked_host_name, checked_zone, network_of
from frontdesk.control.checks import checked_domain
from frontdesk.control.first_boot import FIRST_ACCOUNTS, Answers, Done, read_free
from frontdesk.control.times import is_set

from ..gate import go
from ..language import N_
from ..sessions import Session
from ..typed import keep
from ..visit import Visit

STEPS = ("box", "network", "phones")


def _answers(visit: Visit) -> Answers:
    assert visit.session is not None and visit.session.answers is not None
    return visit.session.answers


def show(visit: Visit, step: str) -> str:
    """One step."""
    if step not in STEPS:
        go("/welcome/box")
    answers = _answers(visit)
    settings = {row["key"]: row["value"] for row in visit.do("config list")} | answers.settings
    return visit.render(
        "first_boot",
        step=step,
        number=STEPS.index(step) + 1,
        answers=answers,
        settings=settings,
        domain=answers.domain or visit.box.directory.realm,
        has_accounts=bool(visit.box.directory.accounts),
        first_accounts="none" if visit.box.directory.accounts else FIRST_ACCOUNTS,
        clock_set=is_set(visit.box.clock.wall()),
        shortest=SHORTEST,
        longest=LONGEST,
    )


def take(visit: Visit, step: str) -> NoReturn:
    """What was answered at one step. What cannot be is told by the step itself: the answer to a form is no place that a
    browser can go back to."""
    try:
        _take(visit, step)
    except VerbError as error:
        keep(visit, visit.path, visit.form, visit.said(error))
        go(f"/welcome/{step}")


def _take(visit: Visit, step: str) -> NoReturn:
    """The last one does it all. Raises VerbError."""
    answers = _answers(visit)
    if step == "box":
        _take_box(visit, answers)
        go("/welcome/network")
    if step == "network":
        _take_network(visit, answers)
        go("/welcome/phones")
    if not answers.password:
        go("/welcome/box")
    answers.accounts = read_free(visit.box, visit.form.get("accounts", "").strip() or "none")
    _finish(visit, answers)


def _take_box(visit: Visit, answers: Answers) -> None:
    password = checked_password(visit.form.get("password", ""))
    if password != visit.form.get("again", ""):
        raise VerbError(N_("The two passwords are not the same."))
    answers.settings |= {
        "hostname": checked_host_name(visit.form.get("hostname", "").strip()),
        "timezone": checked_zone(visit.form.get("timezone", "").strip()),
    }
    answers.password = password
    if visit.form.get("clock"):
        _set_clock(visit, visit.form["clock"])


def _set_clock(visit: Visit, text: str) -> None:
    """The browser's time, in UTC, where the box has none."""
    from datetime import UTC, datetime

    if is_set(visit.box.clock.wall()):
        return
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise VerbError(N_("That is no time.")) from None
    wall = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if not is_set(wall):
        return
    try:
        visit.on_loop(lambda: visit.box.system.set_clock(wall))
    except VerbError as error:  # An ordinary computer keeps its own clock: no reason to stop here.
        visit.tell(visit.said(error))


def _take_network(visit: Visit, answers: Answers) -> None:
    words = [visit.form.get(key, "").strip() for key in ("address", "gateway", "dns")]
    if visit.form.get("way") != "fixed":
        if words[0] not in ("", answers.settings.get("net.address", visit.box.settings.net_address)):
            raise VerbError(N_("A fixed address is typed, but DHCP is chosen: which of the two?"))
        words = ["dhcp"]
    elif not words[0]:
        raise VerbError(N_("A fixed address is needed, such as 192.0.2.10/24."))
    answers.settings |= network_of(*words)
    domain = visit.form.get("domain", "").strip()
    answers.domain = checked_domain(domain) if domain else ""


def _finish(visit: Visit, answers: Answers) -> NoReturn:
    """Does it all, once; the session goes on as the administrator's."""
    assert visit.session is not None
    with visit.session.finishing:
        if visit.session.answers is None:  # the button was pressed twice
            go("/ready")
        _do(visit, visit.session, answers)


def _do(visit: Visit, session: Session, answers: Answers) -> NoReturn:
    admin = visit.box.admin

    async def work() -> list[Done]:
        if admin.epoch != session.epoch:
            raise VerbError(N_("Somebody has set this box up meanwhile."))
        return [done async for done in first_boot.apply(visit.box, answers)]

    for done in visit.on_loop(work):
        lines = (visit.house.spoken(*each) for each in done.did)
        visit.tell("\n".join([_said(visit, done), *map(visit.noted, done.notes)]), *lines, failed=done.failed)
        for user, password in done.accounts.items():
            session.remember(user, password)
    if not admin.is_set:
        go("/welcome/box")
    session.answers, session.epoch, session.is_unseen = None, admin.epoch, True
    go("/ready")


def _said(visit: Visit, done: Done) -> str:
    if n := len(done.accounts):
        return visit.texts.ngettext("Added {n} account.", "Added {n} accounts.", n).format(n=n)
    return visit.said(done.text)


def ready(visit: Visit) -> str:
    """Nothing is left to do but to set phones up, unless something failed."""
    assert visit.session is not None
    whole = not any(notice.failed for notice in visit.session.notices)
    return visit.render("ready", made=len(visit.cards), whole=whole)
