"""The nouns that the rooms share: accounts and their secrets, addresses-of-record, bindings, changes, call records,
settings; and what is said to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from types import MappingProxyType

from .sip.wire import Flow

AddressOfRecord = str
"""`sip:USER@REALM`: one account, one address-of-record, whatever served name a request used."""


def address_of_record(username: str, realm: str) -> AddressOfRecord:
    """An account's."""
    return f"sip:{username}@{realm}"


def username_of(aor: AddressOfRecord) -> str:
    """The account that has that address-of-record."""
    return aor.removeprefix("sip:").rpartition("@")[0]


HA1_SIZES = {"MD5": 16, "SHA-256": 32, "SHA-512-256": 32}
"""Bytes of a HA1 by its algorithm."""


class Secret:
    """One password of an account: the main one (name "") or that of a single device. Only HA1 is kept, never the
    password; as bytes in a row, since 10,000 dictionaries of texts take 4 MB more."""

    __slots__ = ("_hashes", "name")

    def __init__(self, name: str, ha1: Mapping[str, str]) -> None:
        """`ha1`: algorithm -> HA1 in hex (RFC 7616 section 3.4.2); what is none counts as absent."""
        self.name = name
        self._hashes = _digest("".join(map(ha1.get, HA1_SIZES, _NONE)), _ENDS[-1]) or b"".join(
            _digest(ha1.get(algorithm, ""), size) or bytes(size) for algorithm, size in HA1_SIZES.items()
        )

    def of(self, algorithm: str) -> str | None:
        """The HA1 of that algorithm in lower-case hex."""
        piece = self._hashes[_HA1_PLACES[algorithm]]
        return piece.hex() if any(piece) else None

    @property
    def ha1(self) -> dict[str, str]:
        """Algorithm -> HA1 in lower-case hex."""
        return {algorithm: text for algorithm in HA1_SIZES if (text := self.of(algorithm))}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.name, self._hashes) == (other.name, other._hashes)

    __hash__ = None  # type: ignore[assignment]


_ENDS = tuple(accumulate(HA1_SIZES.values()))
"""Where each HA1 ends among the bytes of all."""
_HA1_PLACES = {name: slice(end - size, end) for (name, size), end in zip(HA1_SIZES.items(), _ENDS, strict=True)}
_NONE = ("",) * len(HA1_SIZES)


def _digest(text: str, size: int) -> bytes:
    """The bytes, or none where these are not so many."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        return b""
    return digest if len(digest) == size else b""


_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class Account:
    """Somebody who may register and call."""

    username: str
    aor: AddressOfRecord
    name: str = ""
    enabled: bool = True
    secrets: tuple[Secret, ...] = ()
    """The main one first; at most MAX_SECRETS."""
    aliases: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def devices(self) -> list[str]:
        """Those that have a secret of their own."""
        return [secret.name for secret in self.secrets if secret.name]


MAX_SECRETS = 8
"""Secrets of one account, the main one included: what a wrong password costs is fixed by it."""


class BindingState(StrEnum):
    """How far a binding is believed."""

    LIVE = "live"
    RESTORED = "restored"
    STATIC = "static"


@dataclass(slots=True, eq=False)
class Binding:
    """One device's place: the Contact that it registered and where it was really seen. Times are monotonic seconds
    (CLOCK_BOOTTIME)."""

    id: int
    """The row's key; it stays when the binding moves."""
    aor: AddressOfRecord
    contact: str
    """The Contact's URI without angle brackets, as it came."""
    parameters: str
    """The Contact's other parameters as they came, each with its semicolon, without expires."""
    flow: Flow | None
    """Where the last REGISTER came from; connection 0 after a restart. None for a static binding: its URI is
    resolved."""
    granted: int
    """Seconds granted last; 0 for a static binding."""
    expires_at: float | None
    """None: never (static)."""
    call_id: str = ""
    cseq: int = 0
    nonce_issued: float = 0.0
    """When the nonce that its last accepted REGISTER answered was made."""
    q: float | None = None
    instance: str | None = None
    """`+sip.instance` without quotes, with its angle brackets."""
    reg_id: int | None = None
    path: tuple[str, ...] = ()
    """Path values in the order of the REGISTER: the Route set towards the device (RFC 3327)."""
    user_agent: str = ""
    device: str = ""
    """The name of the secret that it registered with ("" for the main one)."""
    displaced: tuple[str, ...] = ()
    """The last Call-IDs that seemed to be the same device's; not kept."""
    registered_at: float = 0.0
    seen_at: float = 0.0
    accepted_at: float = 0.0
    """As `seen_at`, but 0 after a restart of the box: no nonce that is answered from then on is older."""
    call_id_since: float = 0.0
    """When its first REGISTER with that Call-ID was accepted, or it came out of the database."""
    state: BindingState = BindingState.LIVE
    connected: bool = True
    """Whether the flow's connection is open; always so over UDP."""
    passed_over_at: float = 0.0
    """When its device was heard over another flow (RFC 5626), and not over this one; not kept."""

    @property
    def is_dead(self) -> bool:
        """Whether its device would be tried in vain over that flow, as far as is known since it last registered."""
        return not self.connected or self.passed_over_at > self.seen_at

    def starts_anew(self, call_id: str) -> bool:
        """Whether a REGISTER with that Call-ID shows that its device was off: as long as it is on it keeps its own (RFC
        3261 section 10.2). One that has never done so shows nothing."""
        return call_id != self.call_id and self.seen_at > self.call_id_since

    def copy(self) -> Binding:
        """Another of the same values; an attrgetter takes twice as long, copy.copy six times."""
        return Binding(
            self.id, self.aor, self.contact, self.parameters, self.flow, self.granted, self.expires_at, self.call_id,
            self.cseq, self.nonce_issued, self.q, self.instance, self.reg_id, self.path, self.user_agent, self.device,
            self.displaced, self.registered_at, self.seen_at, self.accepted_at, self.call_id_since, self.state,
            self.connected, self.passed_over_at,
        )  # fmt: skip


@dataclass(slots=True)
class CallRecord:
    """One call that has ended, or that has if the box loses its power. Times are monotonic seconds; the store writes
    them as wall time."""

    call_id: str
    caller: str
    """The account's username, a trusted peer's name or address, or the From URI."""
    callee: str
    """The user part that was dialled."""
    started_at: float
    answered_at: float | None
    ended_at: float
    result: int
    """The final status the caller got (200 for an answered call, also where another device has answered it and the
    caller took it back here; 487 for one given up); 0: it was up when the box stopped, at `ended_at`."""
    device: str = ""
    """The URI of the Contact that answered, or of the first that rang where none did; "": none rang."""
    id: int = 0
    """Under which it has been written while it went on; 0: it was not."""


@dataclass(slots=True)
class Changes:
    """What one commit puts on disk, all or nothing."""

    saved: list[Binding] = field(default_factory=list)
    """Added, moved or refreshed: rows as they are to be from now on."""
    removed: list[int] = field(default_factory=list)
    """Ids of bindings."""
    calls: list[CallRecord] = field(default_factory=list)
    """Those that have ended."""
    up: list[CallRecord] = field(default_factory=list)
    """Those that go on, with nothing else in the same commit."""

    def __bool__(self) -> bool:
        return bool(self.saved or self.removed or self.calls or self.up)


@dataclass(slots=True)
class Commit:
    """The core's wish for durability: when `changes` are on disk it wants `committed(ticket)`."""

    ticket: int
    changes: Changes


@dataclass(slots=True)
class Close:
    """The core's wish that a connection be closed."""

    flow: Flow


@dataclass(slots=True, frozen=True)
class Settings:
    """What can be set on the box; seconds unless said otherwise. Read through `config`."""

    algorithms: tuple[str, ...] = ("MD5",)
    """Digest algorithms offered, most preferred on top (RFC 8760). MD5 alone by default: many phones read only the
    first challenge."""
    min_expires: int = 60
    default_expires: int = 3600
    max_expires: int = 86_400
    max_bindings: int = 10
    """Of one account."""
    max_connections: int = 1000
    max_accounts: int = 100_000
    events: int = 40_000
    """Kept in memory at most, about 300 bytes each."""
    flush: float = 600.0
    """How long a pure refresh may wait for the disk; 0: every refresh is on disk before its 200."""
    timer_c: float = 181.0
    """RFC 3261 section 16.6 step 11: more than three minutes is the RFC's; it is reset by each provisional answer."""
    max_breadth: int = 60
    """RFC 5393 section 5.3.3."""
    call_records: int = 10_000
    """Kept at most; the oldest go first."""
    trunk: str = ""
    """The username whose places get the numbers that nobody has; "": none."""
    listen: tuple[str, ...] = ()
    """Where SIP is heard, such as udp:0.0.0.0:5060; none: UDP and TCP 5060 of all addresses."""
    domains: tuple[str, ...] = ()
    """Names that the box answers for besides its realm, its host name and its addresses."""
    hostname: str = "frontdesk"
    timezone: str = "UTC"
    """A name of the IANA time zone database."""
    net_address: str = "dhcp"
    """Or an address with the length of its prefix, such as 192.0.2.10/24."""
    net_gateway: str = ""
    net_dns: tuple[str, ...] = ()
    web: bool = True
    """Whether there is a setup page."""
    web_listen: tuple[str, ...] = ()
    """Where the page is, such as https:0.0.0.0:443; none: where `serve` says."""
    web_names: tuple[str, ...] = ()
    """Further names under which browsers may ask for the page."""
    web_allow_plain: bool = False
    """Whether a password may be typed over plain http where there is no https."""
    console_recovery: bool = True
    """Whether a lost admin password can be taken away at the console, just after power-up."""
    console_idle: float = 600.0
    """Until a console with nobody at it logs out; 0: never."""


class Sentence(str):
    """Something for a person. Its template and the words in it are there for whoever says it in another language."""

    template: str
    """With {names} of words in it."""
    words: dict[str, object]
    """By their names; one that is a Sentence is said in that language too, and so is the word `rule`."""
    cure: str = ""
    """What helps, where it tells of something wrong."""

    def __new__(cls, template: str, **words: object) -> Sentence:
        sentence = super().__new__(cls, template.format(**words) if words else template)
        sentence.template = template
        sentence.words = words
        return sentence

    @classmethod
    def of(cls, error: Refused) -> Sentence:
        """What an error says, as a note, or as a piece of another sentence."""
        return cls(error.template, **error.words)


class Refused(Exception):
    """Something cannot be; the text is one sentence for the person who wanted it, with a template and words as a
    Sentence has them."""

    def __init__(self, template: str, **words: object) -> None:
        super().__init__(template.format(**words) if words else template)
        self.template = template
        self.words = words
