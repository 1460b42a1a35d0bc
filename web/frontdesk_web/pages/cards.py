"""Cards: what is to be typed into a phone, to be printed and cut out."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from ..gate import go, refused
from ..language import N_
from ..visit import Visit
from .accounts import account_of

USUAL = "5060"
"""The port of SIP."""
EVERYWHERE = ("", "0.0.0.0", "[::]")
"""Hosts of listeners on all addresses."""


@dataclass(slots=True, frozen=True)
class Card:
    """One phone's."""

    user: str
    name: str
    device: str
    password: str
    """Empty: it was given or changed elsewhere, and the box does not know it."""
    qr: str
    """SVG."""


def one(visit: Visit, user: str) -> str:
    """The card of an account, or of one of its devices."""
    account = account_of(visit, user)
    device = visit.query.get("device", "")
    if device and device not in account["passwords"]:
        raise refused(404, N_("There is no such device."))
    return _shown(visit, [_card(visit, user, device, account["name"], visit.cards.get((user, device), ""))])


def made(visit: Visit) -> str:
    """The cards of all whose passwords were made in this session, as long as they are theirs."""
    assert visit.session is not None
    visit.session.is_unseen = False
    names = {each["user"]: each["name"] for each in visit.do("account list")}
    cards = [_card(visit, *of, names.get(of[0], ""), password) for of, password in visit.cards.items()]
    return _shown(visit, cards, visit.session.made)


def forget(visit: Visit) -> None:
    """Lets go of the cards that a page has shown, to have room for others. Raises VerbError."""
    assert visit.session is not None
    visit.session.forget(visit.form.get("made", ""))
    go("/accounts")


def _shown(visit: Visit, cards: list[Card], made: int = 0) -> str:
    words = {"domain": visit.box.directory.realm, "server": server(visit), "transports": transports(visit)}
    return visit.render("cards", cards=cards, made=made, **words)


def transports(visit: Visit) -> str:
    """What a phone can be set to, with the port where it is another one than the server's."""
    heard = [each.split(":", 1) for each in visit.do("status")["listeners"]]
    ports = {transport.upper(): place.rpartition(":")[2] for transport, place in reversed(heard)}
    usual = ports.get("UDP", USUAL)
    names = sorted(ports, key=("UDP", "TCP", "TLS", "WSS", "WS").index)
    return ", ".join(name if ports[name] == usual else f"{name} ({ports[name]})" for name in names)


def server(visit: Visit) -> str:
    """What a phone is given for its server: the address under which this browser has found the box, or another one at
    which phones are heard, for few phones look up names as browsers do."""
    heard = visit.do("status")["listeners"]
    listeners = [each for each in heard if each.startswith("udp:")] or heard
    places = [each.partition(":")[2].rpartition(":") for each in listeners] or [("", "", USUAL)]
    port = places[0][2]
    heard = [host for host, _, _ in places if host not in EVERYWHERE]
    if len(heard) < len(places):
        address = visit.host if _is_reachable(visit.host.strip("[]")) else visit.house.site.address
    else:
        address = visit.host if visit.host in heard else heard[0]
    return address if port == USUAL else f"{address}:{port}"


def _is_reachable(text: str) -> bool:
    """Whether it is an address, and one that phones find the box at."""
    try:
        return not ip_address(text).is_loopback
    except ValueError:
        return False


def _card(visit: Visit, user: str, device: str, name: str, password: str) -> Card:
    domain = visit.box.directory.realm
    lines = [f"sip:{user}@{domain}", f"User: {user}", f"Domain: {domain}", f"Server: {server(visit)}"]
    if password:
        lines.append(f"Password: {password}")
    return Card(user, name, device, password, _qr("\n".join(lines)))


def _qr(text: str) -> str:
    """ISO/IEC 18004, as SVG."""
    import segno

    made = segno.make(text, error="m", micro=False)
    code: str = made.svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True)  # As large as the style says.
    return code
