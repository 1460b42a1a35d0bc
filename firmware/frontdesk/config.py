"""What can be set on the box: each setting's key, its form in text and one sentence, over `model.Settings`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from .listeners import DEFAULT, USUAL, read_listeners, read_web_listeners
from .model import HA1_SIZES, Refused, Sentence, Settings

if TYPE_CHECKING:  # Loaded where an address is read.
    from ipaddress import IPv4Interface, IPv6Interface

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
"""Seconds in each unit of a duration."""
ALGORITHMS = tuple(HA1_SIZES)
"""RFC 8760 section 2.1, as the digest room knows them."""
DHCP = "dhcp"
NONE = "none"
"""How an address that is not there is typed."""
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""One label of a host name (RFC 1123 section 2.1), in lower case."""
USER = re.compile(r"[A-Za-z0-9_.+*!~-]{1,64}")
"""What may stand in a user part with no escapes (RFC 3261 section 25.1) and is no trouble in a file or a shell."""
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")


class SettingError(Refused):
    """A key or value that cannot be; the word `rule` in it is a piece of a sentence itself."""


@dataclass(slots=True, frozen=True)
class Form:
    """How the values of one kind are read, written and named to people."""

    name: str
    read: Callable[[str], Any]
    """Raises ValueError with the rule that the text breaks."""
    write: Callable[[Any], str]


@dataclass(slots=True, frozen=True)
class Setting:
    """One row of the table; `key` is the field of `Settings` with dashes, or with a dot after the noun."""

    key: str
    form: Form
    meaning: str
    least: float = 0
    most: float = float("inf")

    @property
    def field(self) -> str:
        """The name in `Settings`."""
        return _field(self.key)


def _field(key: str) -> str:
    return key.replace("-", "_").replace(".", "_")


def read_duration(text: str) -> float:
    """`90`, `90s`, `1.5h` as seconds."""
    unit = UNITS.get(text[-1:], 0)
    number = text[:-1] if unit else text
    if not number.isascii() or not number.replace(".", "", 1).isdecimal():
        raise ValueError("is a duration such as 60s, 10m, 1h or 1d")
    return float(number) * (unit or 1)


def write_duration(seconds: float) -> str:
    """Seconds in the largest unit that divides them."""
    for unit, length in reversed(UNITS.items()):
        if seconds and seconds % length == 0:
            return f"{seconds / length:.15g}{unit}"
    return f"{seconds:.15g}s"


DIGITS = 18
"""Of a number, as the database takes it; int() refuses thousands of them with an error of its own."""


def read_count(text: str) -> int:
    """A whole number as it is typed. Raises ValueError with the rule that the text breaks."""
    if not text.isascii() or not text.isdecimal():
        raise ValueError("is a whole number")
    if len(text) > DIGITS:
        raise ValueError("has at most 18 digits")
    return int(text)


def read_switch(text: str) -> bool:
    """`on` or `off`."""
    if text not in ("on", "off"):
        raise ValueError("is on or off")
    return text == "on"


def read_names(text: str) -> tuple[str, ...]:
    """Names or addresses between commas or spaces, in lower case, as they stand in a URI; or `none`."""
    from .sip.host import is_host

    if text.lower() == NONE:
        return ()
    names = text.replace(",", " ").split()
    if not all(map(is_host, names)):  # as it was typed: some letters are others in lower case, the Kelvin sign a k
        raise ValueError("is a list of names such as example.com, and of addresses such as 192.0.2.10 or [fd00::10]")
    return tuple(dict.fromkeys(map(str.lower, names)))


def read_algorithms(text: str) -> tuple[str, ...]:
    """Digest algorithms, most preferred first."""
    names = tuple(dict.fromkeys(text.upper().replace(",", " ").split()))
    if not names or not set(names) <= set(ALGORITHMS):
        raise ValueError("is a list of MD5, SHA-256 and SHA-512-256, most preferred first")
    return names


def read_host_name(text: str) -> str:
    """One label, in lower case; not a number, which would be read as an address (RFC 1123 section 2.1)."""
    name = text.lower()
    if not text.isascii() or not LABEL.fullmatch(name) or name.isdecimal() or name == "localhost":
        raise ValueError("is up to 63 letters, digits and dashes, with a letter, and not localhost")
    return name


def read_account(text: str) -> str:
    """An account's name, or `none`."""
    if not USER.fullmatch(text):
        raise ValueError("is the name of an account, or none")
    return "" if text.lower() == NONE else text


def read_zone(text: str) -> str:
    """The name of a time zone."""
    if not ZONE.fullmatch(text):
        raise ValueError("is a time zone such as UTC or Europe/Berlin")
    return text


def read_interface(text: str) -> str:
    """`dhcp`, or an address that a host can have with the length of its prefix."""
    if text.lower() == DHCP:
        return DHCP
    from ipaddress import ip_interface

    address, slash, length = text.partition("/")
    try:
        interface = ip_interface(f"{read_host(address)}/{int(length)}" if slash else "")
    except ValueError:
        raise ValueError("is dhcp, or an address with the length of its prefix such as 192.0.2.10/24") from None
    if not is_of_a_host(interface):
        raise ValueError("is an address that a host of its network can have")
    return str(interface)


def is_of_a_host(interface: IPv4Interface | IPv6Interface) -> bool:
    """Whether it is neither the network itself nor all of its hosts; in a network of two, both are (RFC 3021, 6164)."""
    network = interface.network
    if network.prefixlen >= network.max_prefixlen - 1:
        return True
    return interface.ip != network[0] and (interface.version == 6 or interface.ip != network[-1])


def read_host(text: str) -> str:
    """The address of a host."""
    from ipaddress import ip_address

    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError("is an IP address") from None
    if address.is_loopback or address.is_multicast or address.is_unspecified or "%" in text:
        raise ValueError("is the IP address of a host")
    return str(address)


def read_gateway(text: str) -> str:
    """An address, or `none`."""
    return "" if text.lower() == NONE else read_host(text)


def read_hosts(text: str) -> tuple[str, ...]:
    """Addresses between commas or spaces, or `none`."""
    return () if text.lower() == NONE else tuple(dict.fromkeys(map(read_host, text.replace(",", " ").split())))


DURATION = Form("duration", read_duration, write_duration)
SECONDS = Form("duration", lambda text: int(read_duration(text)), write_duration)
COUNT = Form("number", read_count, str)
SWITCH = Form("on/off", read_switch, lambda on: "on" if on else "off")
NAMES = Form("names", read_names, lambda names: ", ".join(names) or NONE)

SETTINGS = (
    Setting(
        "algorithms",
        Form("names", read_algorithms, ", ".join),
        "Digest algorithms offered, most preferred first; many phones read only the first.",
    ),
    Setting(
        "listen",
        Form("listeners", read_listeners, lambda listeners: ", ".join(listeners or USUAL)),
        "Where phones are heard: udp, tcp, tls, ws, wss, or one address udp:192.0.2.1:5060; all: udp, tcp.",
    ),
    Setting("domains", NAMES, "Names that the box answers for besides its realm, its host name and its addresses."),
    Setting(
        "trunk",
        Form("account", read_account, lambda user: user or NONE),
        "The account that gets what accounts dial and nobody here has, such as pbx.",
    ),
    Setting("min-expires", SECONDS, "The shortest registration that is granted (423 below it); 1h at most.", 1, 86_400),
    Setting("default-expires", SECONDS, "Granted where a phone asks for nothing.", 1, 2**31),
    Setting("max-expires", SECONDS, "The longest registration that is granted.", 1, 2**31),
    Setting("max-bindings", COUNT, "Devices of one account.", 1, 100),
    Setting("max-connections", COUNT, "TCP connections open at once.", 1, 100_000),
    Setting("max-accounts", COUNT, "Accounts of the box.", 1, 1_000_000),
    Setting("flush", DURATION, "How long a pure refresh may wait for the disk; 0s: it never waits.", 0, 86_400),
    Setting("timer-c", DURATION, "How long a call may ring with no news (RFC 3261 Timer C).", 1, 3600),
    Setting("max-breadth", COUNT, "Branches that one call may have at once (RFC 5393).", 1, 1000),
    Setting("call-records", COUNT, "Ended calls that are kept; the oldest go first.", 0, 1_000_000),
    Setting("events", COUNT, "Events that are kept in memory; the oldest go first.", 1000, 1_000_000),
    Setting("hostname", Form("name", read_host_name, str), "The box's own name in its network."),
    Setting("timezone", Form("zone", read_zone, str), "Where the box stands, such as Europe/Berlin."),
    Setting("net.address", Form("address", read_interface, str), "dhcp, or an address such as 192.0.2.10/24."),
    Setting("net.gateway", Form("address", read_gateway, lambda text: text or NONE), "The way to other networks."),
    Setting(
        "net.dns",
        Form("addresses", read_hosts, lambda hosts: ", ".join(hosts) or NONE),
        "Name servers, unless DHCP names them.",
    ),
    Setting("web", SWITCH, "The setup page."),
    Setting(
        "web.listen",
        Form("listeners", read_web_listeners, lambda listeners: ", ".join(listeners) or DEFAULT),
        "Where the page is, such as https:0.0.0.0:443; default: as this box is started.",
    ),
    Setting(
        "web.names", NAMES, "Further names under which browsers may ask for the page; ca.crt is made anew for them."
    ),
    Setting("web.allow-plain", SWITCH, "Log-ins over plain http, where there is no https; who listens in reads them."),
    Setting("console.recovery", SWITCH, "Whether a lost admin password can be taken away at the console."),
    Setting("console.idle", DURATION, "When a console with nobody at it logs out; 0s: never.", 0, 86_400),
)
TABLE = {setting.key: setting for setting in SETTINGS}
GONE = frozenset({"guard"})
"""Keys of older boxes that mean nothing any more: where they are kept or written down, they are passed over."""
DEFAULTS = Settings()
"""Of a box whose board has no others."""
NETWORK = ("net.address", "net.gateway", "net.dns")
HOST = ("hostname", "timezone", *NETWORK)
"""Those that the machine takes, not the service."""
CONTROL_SOCKET = "control.sock"
"""In the data directory: the commands' way into a box that serves."""
CERTIFICATES = "tls"
"""In the data directory: the folder with the CA of the page, and what it has made."""
OWED = "machine"
"""The row of the table `meta` that says what the machine is still to be brought to; `control.owed` has its form."""
_FIELDS = {setting.field: setting for setting in SETTINGS}
assert set(_FIELDS) == {field.name for field in fields(Settings)}


def find(key: str) -> Setting:
    """The row of that key (dashes, dots or underscores). Raises SettingError."""
    setting = _FIELDS.get(_field(key))
    if setting is None:
        raise SettingError("There is no setting {key!r}; there are {keys}.", key=key, keys=", ".join(TABLE))
    return setting


def parse(key: str, text: str) -> Any:
    """The value that `text` stands for. Raises SettingError."""
    setting = find(key)
    try:
        value = setting.form.read(text.strip())
    except ValueError as error:
        raise SettingError("{key} {rule}, not {text!r}.", key=setting.key, rule=str(error), text=text) from None
    if isinstance(value, int | float) and not setting.least <= value <= setting.most:
        least, most = setting.form.write(setting.least), setting.form.write(setting.most)
        sentence = "{key} is at least {least} and at most {most}, not {text!r}."
        raise SettingError(sentence, key=setting.key, least=least, most=most, text=text)
    return value


def text_of(settings: Settings, key: str) -> str:
    """The value of one setting as it is typed."""
    setting = find(key)
    return setting.form.write(getattr(settings, setting.field))


def combined(settings: Settings, texts: Mapping[str, str | None], defaults: Settings = DEFAULTS) -> Settings:
    """`settings` with these changed (None: back to its default). Raises SettingError."""
    values = {
        find(key).field: getattr(defaults, find(key).field) if text is None else parse(key, text)
        for key, text in texts.items()
    }
    return _checked(replace(settings, **values))


def load(texts: Mapping[str, str], defaults: Settings = DEFAULTS) -> tuple[Settings, list[Sentence]]:
    """The settings that were kept as text, over the defaults, and a sentence for each that cannot be."""
    values: dict[str, Any] = {}
    complaints = []
    for key, text in texts.items():
        if key in GONE:
            continue
        try:
            values[find(key).field] = parse(key, text)
        except SettingError as error:
            complaints.append(Sentence.of(error))
    try:
        return _checked(replace(defaults, **values)), complaints
    except SettingError as error:
        others = {field: value for field, value in values.items() if not field.endswith(("_expires", "_gateway"))}
        return replace(defaults, **others), [*complaints, Sentence.of(error)]


def _checked(settings: Settings) -> Settings:
    if not settings.min_expires <= settings.default_expires <= settings.max_expires:
        raise SettingError("min-expires, default-expires and max-expires must stand in this order.")
    if settings.net_gateway and settings.net_address != DHCP:
        from ipaddress import ip_address, ip_interface

        gateway, interface = ip_address(settings.net_gateway), ip_interface(settings.net_address)
        if gateway not in interface.network and not gateway.is_link_local:
            sentence = "net.gateway {gateway} is not in the network of net.address {interface}."
            raise SettingError(sentence, gateway=gateway, interface=interface)
        if gateway == interface.ip:
            raise SettingError("net.gateway {gateway} is the box's own address.", gateway=gateway)
    return settings
