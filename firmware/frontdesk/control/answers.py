"""What people answer to the questions of first boot, read; each raises VerbError for what is no answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..config import DEFAULTS, NETWORK, NONE, ZONE, SettingError, combined, text_of
from .errors import VerbError

MOST_ACCOUNTS = 200
"""Of one range: more do not come from a question."""
RANGE = re.compile(r"(\d{1,12})(?:-(\d{1,12}))?", re.ASCII)
ZONES = Path("/usr/share/zoneinfo")
"""Where Debian's tzdata is."""


def checked_host_name(text: str) -> str:
    """One label (RFC 1123 section 2.1)."""
    return _settings(hostname=text)["hostname"]


def checked_zone(text: str, database: Path = ZONES) -> str:
    """A name of the time zone database, in whatever letters; where this computer has none, whatever could be one."""
    text = _spelled(text, database)
    if not ZONE.fullmatch(text) or (database.is_dir() and not _is_zone(database / text)):
        raise VerbError("{text!r} is no time zone such as UTC or Europe/Berlin.", text=text)
    return text


def _is_zone(file: Path) -> bool:
    """Whether it is one (RFC 9636 section 3.1), and no list of leap seconds, which stands among them."""
    try:
        with file.open("rb") as opened:
            return opened.read(4) == b"TZif"
    except OSError:
        return False


def _spelled(text: str, database: Path) -> str:
    """As the database has it."""
    place = database
    for part in text.split("/"):
        names = [each for each in place.iterdir() if each.name.lower() == part.lower()] if place.is_dir() else []
        if not names:
            return text
        place = names[0]
    return str(place.relative_to(database))


def read_network(text: str) -> dict[str, str]:
    """`dhcp`, or an address with its prefix, a gateway and name servers in this order."""
    words = text.replace(",", " ").split() or [text]
    return network_of(words[0], " ".join(words[1:2]), " ".join(words[2:]))


def network_of(address: str, gateway: str = "", servers: str = "") -> dict[str, str]:
    """All settings of the network: what is empty is not there."""
    return _settings(**dict(zip(NETWORK, (address, gateway or NONE, servers or NONE), strict=True)))


def write_network(settings: Mapping[str, str]) -> str:
    """As `read_network` reads it."""
    return " ".join(settings[key] for key in NETWORK).removesuffix(f" {NONE}").removesuffix(f" {NONE}")


def _settings(**texts: str) -> dict[str, str]:
    """The same as they will stand: what the table of settings refuses is no answer."""
    try:
        settings = combined(DEFAULTS, texts)
    except SettingError as error:
        raise VerbError.of(error) from None
    return {key: text_of(settings, key) for key in texts}


def read_range(text: str) -> list[str]:
    """The numbers of a range, `none` of them."""
    if text.lower() == "none":
        return []
    match = RANGE.fullmatch(text)
    if match is None:
        raise VerbError("{text!r} is no range such as 101-120, and not `none`.", text=text)
    first, last = match[1], match[2] or match[1]
    if int(last) < int(first) or int(last) - int(first) >= MOST_ACCOUNTS:
        raise VerbError("A range goes up, and has at most {most_accounts} numbers.", most_accounts=MOST_ACCOUNTS)
    return [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]


def checked_switch(text: str) -> str:
    """`on` or `off`."""
    if text.lower() not in ("on", "off", "yes", "no", "y", "n"):
        raise VerbError("It is on or off, not {text!r}.", text=text)
    return "on" if text.lower() in ("on", "yes", "y") else "off"
