"""The verb that tells what is wrong, each with its cure: what an office asks before it calls for help."""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Account
from .box import Answer, Box
from .network import is_cut_off
from .phone_problems import of_phones, of_those_who_are_gone, of_those_who_turned_away
from .problem import Problem, told
from .times import is_set, iso

OVERLOADED = 60.0
"""Seconds for which a 503 is a problem: whoever got it has come again by then (its Retry-After)."""
NEARLY_FULL = 0.05
"""Of the disk."""
ENDS_SOON = 14 * 86_400.0
"""Seconds before a certificate's end: whoever renews it does so by then."""

OVERLOAD = Problem(
    "More comes in than the box can carry: calls and registrations are refused (503)",
    "When power is back, all phones come at once, and it is over in some minutes. Else see that nobody reaches the box "
    "from outside, and look among the events for a phone or PBX that comes again and again.",
)
NETWORK = Problem(
    "The box has no network: nobody is reached, and nobody reaches it",
    "See that its cable is in, and that what it leads to is turned on and gives the box an address.",
)
CLOCK = Problem("The box does not know what time it is", "Set the clock, or connect the box to a network with NTP.")
DISK = Problem("The disk is nearly full", "Free some room: nobody can register anew when it is full.")
CERTIFICATE = Problem(
    "There is no certificate: no browser reaches the page by https, and no phone the box over TLS ({error})",
    "See that the clock is right and that the disk has room, then try it once more.",
)
GIVEN = Problem(
    "The certificate that was given is not used, the box's own is ({error})",
    "See that `given.crt` and `given.key` are there, in PEM, and that the key is of this certificate and has no "
    "password.",
)
_NEXT_PAIR = "Put the next pair in its place, `given.crt` and `given.key`: it is used within a minute."
ENDS = Problem("The certificate that was given is good until {day} only", _NEXT_PAIR)
ENDED = Problem(
    "The certificate that was given was good until {day}: browsers warn of the page, and phones refuse the box over "
    "TLS",
    _NEXT_PAIR,
)
TRUNK = Problem(
    "No call goes out: the setting `trunk` is {name}, and that is no account with a place",
    "See that there is the account and that it is enabled, and set its place by hand, on its page or by "
    "`binding add --static`, or set `trunk` to none.",
)
STOPPED = Problem("The box does not run", "Start it: `systemctl start frontdesk`, or `make run`.")
ACCOUNTS = Problem("There is no account yet", "Add one, and set a phone up with it.")


async def problems(box: Box) -> list[Answer]:
    """What is wrong now, and what helps."""
    new = [] if box.directory.accounts else [told(ACCOUNTS)]
    return [*_of_the_box(box), *new, *of_phones(box), *of_those_who_are_gone(box), *of_those_who_turned_away(box)]


def alarms(box: Box) -> Iterator[Answer]:
    """The same for lights and for the front panel. That a box is new is nothing wrong: its pages lead on. Nor is a
    softphone that was closed, and who turns away from the box's certificate may be no phone."""
    yield from _of_the_box(box)
    yield from of_phones(box)


def _of_the_box(box: Box) -> Iterator[Answer]:
    if box.core is None:
        yield told(STOPPED)
    for notice in box.all_notices:
        yield told(Problem(notice.template, notice.cure), notice.words)
    if is_cut_off(box):
        yield told(NETWORK)
    if box.clock.now() < box.refused_at() + OVERLOADED:
        yield told(OVERLOAD)
    if not is_set(box.clock.wall()):
        yield told(CLOCK)
    if box.settings.trunk and not leads_out(box):
        yield told(TRUNK, {"name": box.settings.trunk})
    free, total = box.disk()
    if total and free < total * NEARLY_FULL:
        yield told(DISK)
    yield from _of_the_certificate(box)


def _of_the_certificate(box: Box) -> Iterator[Answer]:
    site, wall = box.site, box.clock.wall()
    if site and site.fault:
        yield told(CERTIFICATE, {"error": site.fault})
    if site and site.unused:
        yield told(GIVEN, {"error": site.unused})
    if site and is_set(wall) and site.ends < wall + ENDS_SOON:
        yield told(ENDS if wall < site.ends else ENDED, {"day": iso(site.ends)[:10]})


def leads_out(box: Box) -> bool:
    """Whether there is a trunk, and it has a place."""
    account = box.directory.account(box.settings.trunk) if box.settings.trunk else None
    return account is not None and _has_place(box, account)


def answers_emergencies(box: Box) -> str:
    """Who is called by urn:service:sos (RFC 5031), where that is somewhere; "" where it is not."""
    account = box.directory.resolve("sos")
    return account.username if account is not None and _has_place(box, account) else ""


def _has_place(box: Box, account: Account) -> bool:
    return account.enabled and bool(box.location.bindings(account.aor, box.clock.now()))
