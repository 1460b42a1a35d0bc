"""The verb that tells what is wrong, each with its cure: what an office asks before it calls for help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from ..events import Event, Kind
from .box import Box
from .times import is_set, iso

Answer = dict[str, Any]
RECENT = 3600.0
"""Seconds for which a refusal is a problem."""
MOST_REFUSALS = 8
"""Refusals that are told; a scan from outside has thousands."""
NEARLY_FULL = 0.05
"""Of the disk."""


@dataclass(slots=True, frozen=True)
class Problem:
    """What is wrong, a sentence with no full stop, and its cure, with {source}, {account} and {name}."""

    text: str
    cure: str


REFUSALS = {
    "wrong-password": Problem(
        "{source} answers with a password that is not {account}'s",
        "Type the account's password into that phone once more, or give the account a new one.",
    ),
    "unknown-user": Problem(
        "{source} wants to be {name}, and there is no such account",
        "Correct the number in that phone, or add the account.",
    ),
    "disabled-account": Problem("{source} wants to be {account}, which is disabled", "Enable the account."),
    "no-password": Problem("{source} wants to be {account}, which has no password", "Give the account one."),
    "algorithm": Problem(
        "{source} answers with a digest algorithm that is not offered",
        "Name the algorithm in the setting `algorithms`, or update that phone.",
    ),
    "unknown-domain": Problem(
        "{source} calls this box {name}, which is none of its names",
        "Type the domain of the card, or the box's address, as that phone's domain, or add the name to the setting "
        "`domains`.",
    ),
    "other-account": Problem(
        "{source} logs in as one account and wants to be reached as {name}",
        "Type the same number as user and as authentication name into that phone.",
    ),
    "other-caller": Problem(
        "{source} calls as {name}, which is not {account}",
        "Type the account's number as that phone's user or caller ID, and the box's address as its domain.",
    ),
    "foreign-domain": Problem(
        "{source} calls somebody at {name}, which is not this box",
        "Dial a number of this box, or add the name to the setting `domains`.",
    ),
    "foreign-route": Problem(
        "{source} sends its calls by way of {name}",
        "Make the outbound proxy of that phone the box's address, or leave it out.",
    ),
    "bad-uri": Problem(
        "{source} passes on what somebody else has signed",
        "If that is your PBX, trust it: `peer add`, or Peers on the page. Else update that phone.",
    ),
    "never-answered": Problem(
        "{source} calls and shows no password",
        "If that is your PBX, trust it: `peer add`, or Peers on the page. Else type its account's password into that "
        "phone.",
    ),
    "bad-credentials": Problem(
        "{source} sends credentials that are malformed",
        "Update that phone, or look into its story at the account.",
    ),
}
"""By the rule that refused."""
GUESSED = Problem(
    "Several addresses answer with passwords that are not {account}'s; the last one was {source}",
    "Where you do not know them, see that nobody reaches the box from outside. Else type the password into these phones "
    "once more.",
)
LET_IN = frozenset({Kind.REGISTERED, Kind.MOVED, Kind.CALLING})
"""What whoever was refused has not done since."""
SILENT = Problem(
    "{account}'s phone at {source} did not react to a call",
    "See that it has power and network. It is rung again as soon as it is there.",
)
OTHER = Problem("{source} was refused ({rule})", "Look into the events of the account.")
CLOCK = Problem("The box does not know what time it is", "Set the clock, or connect the box to a network with NTP.")
DISK = Problem("The disk is nearly full", "Free some room: nobody can register anew when it is full.")
CERTIFICATE = Problem(
    "The page has no certificate, and no browser reaches it by https ({error})",
    "See that the clock is right and that the disk has room, then open the page once more.",
)
TRUNK = Problem(
    "No call goes out: the setting `trunk` is {name}, and that is no account with a place",
    "Add the account, and its place by `binding add --static`, or set `trunk` to none.",
)
STOPPED = Problem("The box does not run", "Start it: `systemctl start frontdesk`, or `make run`.")
ACCOUNTS = Problem("There is no account yet", "Add one, and set a phone up with it.")


async def problems(box: Box) -> list[Answer]:
    """What is wrong now, and what helps."""
    new = [] if box.directory.accounts else [_told(ACCOUNTS)]
    return [*_of_the_box(box), *new, *_of_phones(box)]


def alarms(box: Box) -> Iterator[Answer]:
    """The same for lights and for the front panel. That a box is new is nothing wrong: its pages lead on."""
    yield from _of_the_box(box)
    yield from _of_phones(box)


def _of_the_box(box: Box) -> Iterator[Answer]:
    if box.core is None:
        yield _told(STOPPED)
    for notice in box.all_notices:
        yield _told(Problem(notice.template, notice.cure), notice.words)
    if not is_set(box.clock.wall()):
        yield _told(CLOCK)
    if box.settings.trunk and not _leads_out(box):
        yield _told(TRUNK, {"name": box.settings.trunk})
    free, total = box.disk()
    if total and free < total * NEARLY_FULL:
        yield _told(DISK)
    if box.site and box.site.fault:
        yield _told(CERTIFICATE, {"error": box.site.fault})


def _leads_out(box: Box) -> bool:
    account = box.directory.account(box.settings.trunk)
    return account is not None and account.enabled and bool(box.location.bindings(account.aor, box.clock.now()))


def _of_phones(box: Box) -> Iterator[Answer]:
    if box.core is None:
        return
    now = box.clock.now()
    events = list(box.core.events.since(now - RECENT))
    for event in _silent(box, events):
        yield _told(SILENT, {"source": event.host, "account": event.account}) | {"account": event.account}
    refused = _unmended(events)
    refused.sort(key=lambda event: (event.account == "", -event.at))
    offset = box.clock.wall() - now
    for event in refused[:MOST_REFUSALS]:
        yield _refusal(event, offset)


def _silent(box: Box, events: Iterable[Event]) -> list[Event]:
    """The last of each phone that did not react, and has given no sign of life since."""
    last = {(event.account, event.host): event for event in events if event.rule == "silent"}
    return [event for event in last.values() if not _is_back(box, event)]


def _is_back(box: Box, silence: Event) -> bool:
    """Whether it has registered since, there or, where it is no longer, elsewhere."""
    account = box.directory.account(silence.account)
    bindings = box.location.bindings(account.aor, box.clock.now()) if account else []
    there = [each for each in bindings if each.flow is not None and each.flow.remote[0] == silence.host]
    return account is None or any(each.seen_at > silence.at for each in there or bindings)


def _unmended(events: Iterable[Event]) -> list[Event]:
    """The last refusals of each kind, of phones that have not got in since: others may have the same account."""
    refused: dict[tuple[str, str, str], Event] = {}
    let_in: dict[str, float] = {}
    for event in events:
        host = event.host
        if event.kind is Kind.REFUSED:
            key = event.account, event.rule, event.text if event.account == "" else host
            if key not in refused or refused[key].at < event.at:
                refused[key] = event
        elif event.kind in LET_IN:
            let_in[host] = max(event.at, let_in.get(host, event.at))
    return [event for event in refused.values() if let_in.get(event.host, -inf) <= event.at]


def _refusal(event: Event, offset: float) -> Answer:
    sentence = GUESSED if event.rule == "wrong-password" and event.is_spread else REFUSALS.get(event.rule, OTHER)
    words = {
        "source": event.host,
        "account": event.account,
        "name": event.text.rpartition(" for ")[2].strip("'\""),
        "rule": event.rule.replace("-", " "),
    }
    since = iso((event.since or event.at) + offset)
    return _told(sentence, words) | {"times": event.times, "since": since, "account": event.account}


def _told(sentence: Problem, words: Mapping[str, object] | None = None) -> Answer:
    """`template` and `words` are for a page in another language."""
    words = words or {}
    text = sentence.text.format(**words) if words else sentence.text
    return {
        "text": text, "cure": sentence.cure, "template": sentence.text, "words": words,
        "times": 1, "since": None, "account": "",
    }  # fmt: skip
