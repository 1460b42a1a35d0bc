"""What is wrong with phones and PBXes, as `problems` tells it: who is refused, silent, gone or in another's way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING

from ..events import MAX_HOSTS, TAKEN_FOR_ONE, Event, EventLog, Incoming, Kind
from ..model import Account, Binding, BindingState, username_of
from ..sip.errors import Rule
from ..sip.status import CHALLENGES, RETRIED_WITHIN, reason_phrase
from .box import Answer, Box
from .problem import Problem, told
from .refusals import GUESSED, OF_TLS, REFUSALS, is_put_right, place_of, subject
from .times import iso

if TYPE_CHECKING:  # A command where no box runs does without it, and starts sooner.
    from ..core.open_requests import Crowd

RECENT = 3600.0
"""Seconds for which a refusal is a problem."""
MOST_REFUSALS = 8
"""Refusals that are told; a scan from outside has thousands."""
STUCK_AFTER = 15.0
"""Seconds after which a call that does not ring yet will not: the slowest ways out take ten."""
NOT_SET_UP = frozenset({400, 404, 405, 410, 420, 421, 483})
"""What says of a number that the box has that it leads to nobody, or to what takes no calls."""
NOT_SET_UP_THERE = frozenset({403, 482})
"""The same of a place that was set by hand: a phone may be told to refuse some callers, and says 482 to a call that it
gets twice."""
LET_IN = frozenset({Kind.REGISTERED, Kind.MOVED, Kind.CALLING})
"""What whoever was refused has not done since."""
GOINGS = frozenset({Kind.UNREGISTERED, Kind.EXPIRED, Kind.REPLACED})
"""Before it an account had a place that it has no longer."""
SILENT = Problem(
    "{account}'s phone at {source} did not react to a call",
    "See that it has power and network. It is rung again as soon as it is there.",
)
SILENT_NAME = Problem(
    SILENT.text,
    "See that the name is right and the box's name servers know it, and that what is there has power and network. An "
    "address is better: it needs no name server.",
)
GONE = Problem(
    "Nobody is reached at {account}: its phone has not registered again",
    "See that it has power and network. It registers by itself then.",
)
CLOSED = Problem(
    "Nobody is reached at {account}: the connection of its phone is closed, and only that phone can open one",
    "See that it has power and network, and that its app runs. It registers by itself then.",
)
TAKE_TURNS = Problem(
    "Two phones are taken for one at {account}: only the one that registered last is rung",
    "Give each a password of its own (`device add`), set up anew the one whose settings are a copy of the other's, or "
    "let one of them use another SIP port.",
)
TOO_MANY = Problem(
    "{account} has more phones than may register: they take each other's place, and one is not rung",
    "Raise the setting `max-bindings`, or give some of them another account.",
)
FURTHER = Problem(
    "Further phones are refused as well",
    "Put the others right first: these are told of then, and all are among the events.",
)
CROWDED = Problem(
    "{name} has too many requests open that nobody answers: further ones are refused (503)",
    "See among the events whom it calls. It may send the same again and again, or whom it calls may hang: start both "
    "anew. All others are served.",
)
ASKED = Problem(
    "Nobody is put through to {account}: it asks for a password ({status})",
    "Let it take calls from the box's address without one: no phone here has it.",
)
FAILS = Problem(
    "The last call to {account} was not put through: {status} {reason}",
    "See at that phone or PBX that it takes calls to this number from the box, and that its own way on works: its log "
    "says why it did not.",
)
STUCK = Problem(
    "{account} takes a call in and does not ring",
    "Restart that phone. If it is a PBX or a gateway, see that its own way on works: its log says what it waits for.",
)


def of_phones(box: Box) -> Iterator[Answer]:
    """Who is not rung, or not let in, that should be."""
    if box.core is None:
        return
    events = list(box.core.events.since(box.clock.now() - RECENT))
    for event in _silent(box, events):
        problem = SILENT_NAME if _is_name(event.host) else SILENT
        yield told(problem, {"source": event.host, "account": event.account}) | {"account": event.account}
    yield from _of_those_who_crowd(box, box.core.open.crowds)
    yield from _of_those_who_take_no_calls(box, box.core.events)
    yield from _of_those_who_take_turns(box, events)
    unmended = [event for event in _unmended(events) if event.rule != Rule.TURNED_AWAY]
    refused = [event for event in unmended if not is_put_right(box, event)]
    refused.sort(key=lambda event: (event.account == "", -event.at))
    offset = box.clock.offset()
    found: dict[tuple[str, str], Answer] = {}
    for event in refused:
        one = _refusal(event, offset)
        key = one["text"], "" if event.rule == Rule.BAD_URI else event.account
        found[key] = _together(found[key], one) if key in found else one
    yield from [*found.values()][:MOST_REFUSALS]
    if len(found) > MOST_REFUSALS:
        yield told(FURTHER)


def _of_those_who_crowd(box: Box, crowds: Mapping[str, Crowd]) -> Iterator[Answer]:
    """A phone or a PBX that sends more than is answered; accounts that are gone by now are none."""
    for name, each in crowds.items():
        if not each.account or box.directory.account(each.account) is not None:
            answer = told(CROWDED, {"name": name})
            yield answer | {"account": each.account, "since": iso(each.since + box.clock.offset()), "times": each.times}


def _of_those_who_take_no_calls(box: Box, events: EventLog) -> Iterator[Answer]:
    """A PBX or a phone whose challenge came back to a caller that did not answer it, or that fails."""
    now, offset = box.clock.now(), box.clock.offset()
    for call in events.last_calls():
        account = box.directory.account(call.account)
        places = box.location.latest(account.aor) if account is not None else ()
        was_there = any(each.registered_at <= call.at for each in places)  # else it has been set up anew since
        if account is None or not was_there or now >= call.ended_at + RECENT:
            continue
        words = {"account": call.account, "status": call.result, "reason": reason_phrase(call.result)}
        if call.result in CHALLENGES and now >= call.ended_at + RETRIED_WITHIN:
            yield told(ASKED, words) | {"account": call.account, "since": iso(call.at + offset)}
        elif _is_fault(box, account, call):
            yield told(FAILS, words) | {"account": call.account, "since": iso(call.at + offset)}
        elif _is_stuck(call):
            yield told(STUCK, words) | {"account": call.account, "since": iso(call.at + offset)}


def _is_stuck(call: Incoming) -> bool:
    """Whether somebody is there who has taken the call in, and nothing has come of it. Who says nothing is silent."""
    never_rang = call.rang_at is None and call.why is None and not call.is_silent
    return never_rang and call.result in (408, 487) and call.ended_at - call.at >= STUCK_AFTER


def _is_fault(box: Box, account: Account, call: Incoming) -> bool:
    """Whether that is nobody's wish, and not of the number: a trunk gets wrong ones, too."""
    status = call.result
    if call.why is not None:
        return False  # the box itself has said it
    if box.directory.resolve(call.dialled) is not account:
        return 500 <= status < 600
    is_by_hand = any(each.flow is None for each in box.location.latest(account.aor))
    return 500 <= status < 600 or status in NOT_SET_UP or (status in NOT_SET_UP_THERE and is_by_hand)


def _of_those_who_take_turns(box: Box, events: Iterable[Event]) -> Iterator[Answer]:
    """Accounts of which one phone takes another's place again and again: each of them shows that it is registered.
    `events`: each account's in their order."""
    replaced: set[tuple[str, object]] = set()
    too_many, taken_for_one = set[str](), set[str]()
    for event in events:
        place = event.account, event.words[:1]  # its Contact
        if event.kind is Kind.REPLACED:
            replaced.add(place)
        elif event.rule == TAKEN_FOR_ONE:
            taken_for_one.add(event.account)
        elif event.kind is Kind.REGISTERED:
            taken_for_one.discard(event.account)  # the other has a place of its own by now
            if place in replaced:
                too_many.add(event.account)
    most = box.settings.max_bindings
    registered = Counter(each.aor for each in box.location if each.state is not BindingState.STATIC)
    full = {username_of(aor): count for aor, count in registered.items() if count >= most}
    crowded = {user for user, count in full.items() if count > most or user in too_many}
    for user in sorted(filter(box.directory.account, taken_for_one | crowded)):
        problem = TAKE_TURNS if user in taken_for_one else TOO_MANY
        yield told(problem, {"account": user}) | {"account": user}


def of_those_who_are_gone(box: Box) -> Iterator[Answer]:
    """Accounts whose phones have all run out, and not signed off, or closed their connections."""
    if box.core is None:
        return
    offset = box.clock.offset()
    events = box.core.events.since(box.clock.now() - RECENT)
    expired = {event.account: iso(event.at + offset) for event in events if event.kind is Kind.EXPIRED}
    closed = {username_of(binding.aor) for binding in box.location if not binding.connected}
    for user in sorted(expired.keys() | closed):
        if _is_unreached(box, user):
            since = None if user in closed else expired[user]
            yield told(CLOSED if user in closed else GONE, {"account": user}) | {"account": user, "since": since}


def of_those_who_turned_away(box: Box) -> Iterator[Answer]:
    """Phones that do not trust the box, and whoever else only looks whether it is there; not who is registered."""
    if box.core is None:
        return
    unmended = _unmended(box.core.events.since(box.clock.now() - RECENT))
    turned_away = [event for event in unmended if event.rule == Rule.TURNED_AWAY]
    here = {binding.flow.remote[0] for binding in box.location if binding.flow is not None} if turned_away else ()
    offset = box.clock.offset()
    for event in [event for event in turned_away if event.host not in here][-MOST_REFUSALS:]:
        yield _refusal(event, offset)


def _silent(box: Box, events: Iterable[Event]) -> list[Event]:
    """The last of each phone that did not react, and has given no sign of life since."""
    last = {(event.account, event.host): event for event in events if event.rule == "silent"}
    silent = [event for event in last.values() if not _is_back(box, event)]
    called = _last_calls(events) if silent else {}
    return [event for event in silent if not (_has_called(called, event) or _rings(box, event))]


def _last_calls(events: Iterable[Event]) -> dict[tuple[str, str], float]:
    """When each account called last, by the host, and by the host and port, that it called from."""
    called: dict[tuple[str, str], float] = {}
    for event in events:
        if event.kind is Kind.CALLING:
            for place in (event.source, event.host):
                called[event.account, place] = max(event.at, called.get((event.account, place), event.at))
    return called


def _has_called(called: Mapping[tuple[str, str], float], silence: Event) -> bool:
    """Whether somebody has called from there since: the account, or what needs no password. A phone that registers is
    rung at one port or connection alone: what calls from another there may be another phone, or rung in vain. The
    source of a place that was set by hand is its host."""
    return any(called.get((user, silence.source), -inf) > silence.at for user in ("", silence.account))


def _rings(box: Box, silence: Event) -> bool:
    """Whether a call that began since has been answered there, where that place was set by hand, or has rung the
    account, where it was its only one; a PBX never registers."""
    account = box.directory.account(silence.account)
    if box.core is None or account is None:
        return False
    events = box.core.events.of(silence.account)
    alone = max([silence.at, *(each.at for each in events if each.kind in GOINGS)])
    calls = [each for each in events if isinstance(each, Incoming)]
    if len(box.location.bindings(account.aor, box.clock.now())) > 1:
        answered = [place_of(each.device) for each in calls if each.at > silence.at and 0 < each.result < 300]
        return _is_by_hand(silence) and place_of(str(silence.words[0])) in answered
    return any(each.at > alone and (each.rang_at is not None or 0 < each.result < 300) for each in calls)


def _is_name(host: str) -> bool:
    return ":" not in host and not host.rpartition(".")[2].isdigit()


def _is_by_hand(silence: Event) -> bool:
    return isinstance(silence.origin, str)


def _is_back(box: Box, silence: Event) -> bool:
    """Whether it has registered since, there or, where it is no longer, elsewhere; of a place that was set by hand,
    whether it is gone, or was set anew."""
    account = box.directory.account(silence.account)
    bindings = box.location.bindings(account.aor, box.clock.now()) if account else []
    if account is not None and _is_by_hand(silence):
        places = [each for each in bindings if each.flow is None and each.contact in silence.words]
        return all(each.seen_at > silence.at for each in places)
    there = [each for each in bindings if each.flow is not None and each.flow.remote[0] == silence.host]
    if account is None or any(each.seen_at > silence.at for each in there or bindings):
        return True
    rung = next((each for each in there if each.flow is not None and each.flow.source == silence.source), None)
    return rung is not None and any(_has_followed(each, rung) for each in bindings if each is not rung)


def _has_followed(binding: Binding, ghost: Binding) -> bool:
    """Whether it is the same phone after a new start, of which the other is what it left behind."""
    is_alike = bool(ghost.user_agent) and binding.user_agent == ghost.user_agent
    return is_alike and binding.registered_at > ghost.seen_at


def _is_unreached(box: Box, user: str) -> bool:
    account = box.directory.account(user)
    if account is None or not account.enabled or box.core is None:
        return False
    return not any(map(box.core.proxy.reaches, box.location.bindings(account.aor, box.clock.now())))


def _unmended(events: Iterable[Event]) -> list[Event]:
    """The last refusals of each kind, of phones that have not got in since: others may have the same account."""
    refused: dict[tuple[str, str, str], Event] = {}
    let_in: dict[tuple[str, str], float] = {}
    for event in events:
        if event.kind is Kind.REFUSED:
            is_one_phones = event.account != "" or event.rule in OF_TLS or not subject(event)
            key = event.account, event.rule, event.host if is_one_phones else event.text
            if key not in refused or refused[key].at < event.at:
                refused[key] = event
        elif event.kind in LET_IN:
            for user in (event.account, ""):  # a phone with the wrong number has got another account by now
                let_in[user, event.host] = max(event.at, let_in.get((user, event.host), event.at))
    return [event for event in refused.values() if not _are_in(event, let_in)]


def _are_in(event: Event, let_in: Mapping[tuple[str, str], float]) -> bool:
    """Whether all whom it tells of have got in since."""
    since = {event.host: event.at} | dict.fromkeys(event.others, event.since)
    return len(since) <= MAX_HOSTS and all(let_in.get((event.account, host), -inf) > at for host, at in since.items())


def _refusal(event: Event, offset: float) -> Answer:
    sentence = GUESSED if event.rule == Rule.WRONG_PASSWORD and event.others else REFUSALS[Rule(event.rule)]
    words = {
        "source": event.host,
        "account": event.account,
        "name": subject(event),
    }
    since = iso((event.since or event.at) + offset)
    return told(sentence, words) | {"times": event.times, "since": since, "account": event.account}


def _together(one: Answer, other: Answer) -> Answer:
    """What a PBX is refused for is said once, for all of its accounts."""
    since = min(one["since"], other["since"])
    return one | {"times": one["times"] + other["times"], "since": since, "account": ""}
