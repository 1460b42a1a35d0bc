"""Why phones are refused, as `problems` tells it: by the rule, what is wrong, its cure, and when it is put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from ..events import MAX_HOSTS, Event, Incoming
from ..model import username_of
from ..sip.errors import ParseError, Rule
from ..sip.host import bare, parse_hostport
from ..sip.uri import Uri
from ..sip.wire import Destination
from .box import Box
from .problem import Problem

REFUSALS = {
    Rule.WRONG_PASSWORD: Problem(
        "{source} answers with a password that is not {account}'s",
        "Type the account's password into that phone once more, or give the account a new one.",
    ),
    Rule.UNKNOWN_USER: Problem(
        "{source} wants to be {name}, and there is no such account",
        "Correct the number in that phone, or add the account.",
    ),
    Rule.DISABLED_ACCOUNT: Problem("{source} wants to be {account}, which is disabled", "Enable the account."),
    Rule.NO_PASSWORD: Problem("{source} wants to be {account}, which has no password", "Give the account one."),
    Rule.ALGORITHM: Problem(
        "{source} answers with a digest algorithm that is not offered",
        "Name the algorithm in the setting `algorithms`, or update that phone.",
    ),
    Rule.UNKNOWN_DOMAIN: Problem(
        "{source} calls this box {name}, which is none of its names",
        "Type the domain of the card, or the box's address, as that phone's domain, or add the name to the setting "
        "`domains`.",
    ),
    Rule.OTHER_ACCOUNT: Problem(
        "{source} logs in as one account and wants to be reached as {name}",
        "Type the same number as user and as authentication name into that phone.",
    ),
    Rule.OTHER_CALLER: Problem(
        "{source} calls as {name}, which is not {account}",
        "Type the account's number as that phone's user or caller ID, and the box's address as its domain.",
    ),
    Rule.FOREIGN_DOMAIN: Problem(
        "{source} calls somebody at {name}, which is not this box",
        "Dial a number of this box, or add the name to the setting `domains`.",
    ),
    Rule.FOREIGN_ROUTE: Problem(
        "{source} sends its calls by way of {name}",
        "Make the outbound proxy of that phone the box's address, or leave it out.",
    ),
    Rule.BAD_URI: Problem(
        "{source} passes on what somebody else has signed",
        "If that is your PBX, trust it: `peer add`, or Peers on the page. Else update that phone.",
    ),
    Rule.NEVER_ANSWERED: Problem(
        "{source} calls and shows no password",
        "If that is your PBX, trust it: `peer add`, or Peers on the page. Else type its account's password into that "
        "phone.",
    ),
    Rule.OTHER_DIALOG: Problem(
        "{source} takes part as {account} in a call of another account",
        "Look which accounts that phone has: a call is ended and transferred by the account that has it.",
    ),
    Rule.OTHER_REALM: Problem(
        "{source} answers with a password for another domain",
        "Take the realm or authentication domain out of that phone's settings, or type the domain of the card there.",
    ),
    Rule.UNTRUSTED: Problem(
        "{source} does not trust the box's certificate, so it cannot register over TLS",
        "Let that phone trust the box's ca.crt, which the page has under System, or whoever has signed the certificate "
        "that the box was given, and let it call the box by a name or address that the box has.",
    ),
    Rule.TURNED_AWAY: Problem(
        "{source} closes its TLS connection as soon as it has seen the box's certificate",
        "If that is a phone, let it trust the box's ca.crt, which the page has under System, or whoever has signed the "
        "certificate that the box was given, and let it call the box by a name or address that the box has. A program "
        "that only looks whether the box is there may be left as it is.",
    ),
    Rule.OLD_TLS: Problem(
        "{source} speaks no TLS that is safe, which is 1.2 or newer",
        "Update that phone, or let it register over UDP or TCP.",
    ),
    Rule.UNTRUSTED_PEER: Problem(
        "{source} shows a certificate that the box does not trust ({name})",
        "Put that certificate, or its CA's, into tls/trusted.crt of the box's data, and see that it is of the name by "
        "which the box calls.",
    ),
    Rule.TLS_OFF: Problem(
        "Calls to {source} are to go over TLS, and the box itself is not heard over TLS",
        "Add tls to the setting `listen`: nobody there could hang up otherwise.",
    ),
    Rule.NOT_UNDERSTOOD: Problem(
        "{source} calls or registers in a way that the box does not take ({name})",
        "Switch off in that phone what is named here, or update it.",
    ),
    Rule.BAD_CREDENTIALS: Problem(
        "{source} sends credentials that are malformed",
        "Update that phone, or look into its story at the account.",
    ),
}
"""By the rule that refused."""


def _is_known(box: Box, name: str) -> bool:
    return box.directory.account(name) is not None


def _is_enabled(box: Box, name: str) -> bool:
    account = box.directory.account(name)
    return account is not None and account.enabled


def _has_password(box: Box, name: str) -> bool:
    account, offered = box.directory.account(name), box.settings.algorithms
    return account is not None and any(all(map(secret.of, offered)) for secret in account.secrets)


def _is_served(box: Box, name: str) -> bool:
    try:
        return box.directory.serves(*parse_hostport(name))
    except ParseError:
        return False


def _is_heard_over_tls(box: Box, _: str) -> bool:
    return bool(box.directory.secure)


MENDED: Mapping[Rule, Callable[[Box, str], bool]] = {
    Rule.UNKNOWN_USER: _is_known,
    Rule.DISABLED_ACCOUNT: _is_enabled,
    Rule.NO_PASSWORD: _has_password,
    Rule.UNKNOWN_DOMAIN: _is_served,
    Rule.FOREIGN_DOMAIN: _is_served,
    Rule.TLS_OFF: _is_heard_over_tls,
}
"""By the rule, whether what it was about would be refused no more."""
OF_LOGINS = frozenset({
    Rule.WRONG_PASSWORD, Rule.NO_PASSWORD, Rule.DISABLED_ACCOUNT, Rule.ALGORITHM, Rule.BAD_CREDENTIALS,
    Rule.OTHER_ACCOUNT,
})  # fmt: skip
"""What a phone has got right that has registered since."""
OF_STRANGERS = OF_LOGINS | {
    Rule.UNKNOWN_USER, Rule.OTHER_CALLER, Rule.OTHER_REALM, Rule.BAD_URI, Rule.NEVER_ANSWERED,
}  # fmt: skip
"""What nobody asks of a trusted peer, but where it registers."""
OF_TLS = frozenset({Rule.UNTRUSTED, Rule.TURNED_AWAY, Rule.UNTRUSTED_PEER, Rule.OLD_TLS})
"""What is wrong between the box and one phone or server, which has not said who it is."""
GUESSED = Problem(
    "Several addresses answer with passwords that are not {account}'s; the last one was {source}",
    "Where you do not know them, see that nobody reaches the box from outside. Else type the password into these "
    "phones once more.",
)


def _is_trusted(box: Box, event: Event) -> bool:
    hosts = {event.host, *event.others}
    return hosts <= box.directory.peers.keys() and not event.text.startswith("REGISTER ")


def _has_answered(box: Box, event: Event) -> bool:
    """Whether a call since went over TLS to that address, or to a name, and was answered: the box trusts it by now."""
    if box.core is None:
        return False
    users = {username_of(each.aor) for each in box.location if each.flow is None}
    calls = [each for user in users for each in box.core.events.of(user) if isinstance(each, Incoming)]
    return any(each.at > event.at and 0 < each.result < 300 and _is_there(each.device, event.host) for each in calls)


def place_of(contact: str) -> tuple[str, int | None]:
    """Host and port of a Contact, of one that has answered too; "" where it can't be read."""
    try:
        uri = Uri.parse(contact)
    except ParseError:
        return "", None
    return uri.host, uri.port


def _is_there(device: str, host: str) -> bool:
    try:
        uri = Uri.parse(device)
    except ParseError:
        return False
    transport = "tls" if uri.scheme == "sips" else (uri.parameters.get("transport") or "").lower()
    return transport == "tls" and (bare(uri.host) == host or Destination(bare(uri.host), None, transport).is_name)


def is_put_right(box: Box, event: Event) -> bool:
    """Whether its cause is gone, it is trusted by now, or its phone has registered since: a renewal is no event."""
    if (is_mended := MENDED.get(Rule(event.rule))) and is_mended(box, subject(event)):
        return True
    if event.rule == Rule.UNTRUSTED_PEER and _has_answered(box, event):
        return True
    if Rule(event.rule) in OF_STRANGERS and _is_trusted(box, event):
        return True
    account = box.directory.account(event.account)
    if event.account and account is None:
        return True  # its phones want to be an unknown user by now
    if Rule(event.rule) not in OF_LOGINS or len(event.others) >= MAX_HOSTS:
        return False
    bindings = box.location.bindings(account.aor, box.clock.now()) if account else ()
    seen = {each.flow.remote[0]: each.seen_at for each in bindings if each.flow is not None}
    since = {event.host: event.at} | dict.fromkeys(event.others, event.since)
    return all(seen.get(host, -inf) > at for host, at in since.items())


def subject(event: Event) -> str:
    """What the refusal was about; "" where it named nothing."""
    _, named, about = event.text.rpartition(" for ")
    return about.strip("'\"") if named else ""
