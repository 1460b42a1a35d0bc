"""Makes SIP messages that are valid by RFC 3261 section 25, written in the many ways that it allows.

Hypothesis draws a seed only: to build every piece of a message by strategies takes a hundred times as long.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from random import Random

from hypothesis import strategies as st

LETTERS = string.ascii_letters + string.digits
TOKEN = LETTERS + "-.!%*_+`'~"
USER = LETTERS + "-_.!~*'()&=+$,;?/"
URI_WORD = LETTERS + "-_.!~*'()[]/:&+$"
GAPS = ("", "", "", " ", "\t", " \r\n ")
Words = Callable[[Random], str]


def text(random: Random, alphabet: str, least: int = 1, most: int = 8) -> str:
    return "".join(random.choices(alphabet, k=random.randint(least, most)))


def escaped(random: Random, alphabet: str) -> str:
    """Some text with now and then an escape in it."""
    return text(random, alphabet) + (f"%{random.randrange(128):02X}" if random.random() < 0.3 else "")


def token(random: Random) -> str:
    return text(random, TOKEN)


def host(random: Random) -> str:
    kind = random.randrange(4)
    if kind == 0:
        return str(IPv4Address(random.getrandbits(32)))
    if kind == 1:
        return f"[{IPv6Address(random.getrandbits(128) & random.getrandbits(128))}]"
    return ".".join(text(random, LETTERS) for _ in range(kind)) + ".example"


def port(random: Random) -> str:
    return random.choice(("", f":{random.randint(1, 65535)}"))


def parameters(random: Random, value: Words = token, gaps: tuple[str, ...] = GAPS) -> str:
    """A run of parameters, each name once, some without a value."""
    written = ""
    for name in {text(random, LETTERS + "-").lower() for _ in range(random.randrange(4))}:
        name = name.swapcase() if random.random() < 0.5 else name
        equals = "" if random.random() < 0.3 else f"{random.choice(gaps)}={random.choice(gaps)}{value(random)}"
        written += f"{random.choice(gaps)};{random.choice(gaps)}{name}{equals}"
    return written


def uri(random: Random) -> str:
    """A sip or sips URI without headers."""
    user = random.choice(("", f"{escaped(random, USER)}@", f"{escaped(random, LETTERS)}:{escaped(random, LETTERS)}@"))
    tail = parameters(random, lambda random: escaped(random, URI_WORD), gaps=("",))
    return f"{random.choice(('sip', 'sips'))}:{user}{host(random)}{port(random)}{tail}"


def quoted(random: Random) -> str:
    return '"' + text(random, 'ab ,;<>@é\\"', 0).replace("\\", "\\\\").replace('"', '\\"') + '"'


def address(random: Random) -> str:
    """A name-addr with header parameters, or an addr-spec."""
    if random.random() < 0.2:
        return f"sip:{text(random, LETTERS)}@{host(random)}{port(random)}{parameters(random)}"
    display = random.choice(("", f"{token(random)} {token(random)} ", f"{quoted(random)} ", quoted(random)))
    plain_quoted = f'"{text(random, "ab,<> =")}"'
    value: Words = random.choice((token, lambda _: plain_quoted))
    return f"{display}<{uri(random)}>{parameters(random, value)}"


def via(random: Random) -> str:
    """One via-parm."""
    transport = random.choice(("UDP", "tcp", "TLS", "x-Y"))
    return f"SIP/2.0/{transport} {host(random)}{port(random)}{parameters(random)}"


def several(random: Random, make: Words, most: int) -> str:
    return random.choice((", ", ",", " , ")).join(make(random) for _ in range(random.randint(1, most)))


def message(random: Random) -> bytes:
    """A request or a response with a body; header lines in any order, compact or long."""
    method = random.choice(("INVITE", "REGISTER", "OPTIONS", "BYE", "MESSAGE", "NEW-one"))
    start = f"{method} {uri(random)} SIP/2.0"
    if random.random() < 0.3:
        start = f"SIP/2.0 {random.randint(100, 699)} {text(random, 'aé =*', 0)}"
    body = random.randbytes(random.randrange(20))
    fields = [(random.choice(("Via", "v", "VIA")), several(random, via, 2)) for _ in range(random.randint(1, 3))]
    fields += [(random.choice(("Contact", "m")), several(random, address, 3)) for _ in range(random.randrange(3))]
    fields += [("Subject", text(random, 'aé ,;:"<', 0)) for _ in range(random.randrange(2))]
    fields += [("From", address(random)), (random.choice(("To", "t", "TO")), address(random))]
    fields += [("Call-ID", token(random)), ("CSeq", f"{random.getrandbits(31)} {method}"), ("l", str(len(body)))]
    random.shuffle(fields)
    lines = [start, *(f"{name}:{random.choice(GAPS)}{value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode() + body


seeds = st.integers(0, 2**32).map(Random)
uris = seeds.map(uri)
addresses = seeds.map(address)
vias = seeds.map(via)
messages = seeds.map(message)
