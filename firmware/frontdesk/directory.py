"""Who exists: accounts, aliases, trusted peers, and the names that the box answers for. All in memory; the store
keeps it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from .model import Account
from .sip.host import SIP_PORT, SIPS_PORT, bare, bracketed, canonical_ipv6
from .sip.wire import SECURE, WEB, Flow, HostPort


class Directory:
    """Look-ups by user part, by peer address and by host. Changed on the loop alone: by `control`, the
    endpoint (where the box listens) and the core (its names)."""

    def __init__(self, realm: str, domains: Iterable[str] = ()) -> None:
        self.realm = realm
        self.domains: set[str] = {realm.lower(), *(domain.lower() for domain in domains)}
        self.addresses: set[tuple[str, int]] = set()
        """(host, port) of each listener, host as it stands in a URI (IPv6 in brackets, lower case)."""
        self.clear: set[tuple[str, int]] = set()
        """Those that are heard by UDP or TCP."""
        self.secure: set[tuple[str, int]] = set()
        """Those that are heard over TLS."""
        self._ends: set[tuple[str, tuple[str, int]]] = set()
        self.accounts: dict[str, Account] = {}
        self.peers: dict[str, str] = {}
        """Address without port -> name."""
        self.way_out: Callable[[str], str] = lambda host: ""
        """The own address from which the machine would send to a host; "" where nobody knows."""
        self._aliases: dict[str, str] = {}
        self._hosts: set[str] = set()

    # -- who ---------------------------------------------------------------------------------------------------------

    def account(self, username: str) -> Account | None:
        """The account of that user name (aliases do not count)."""
        return self.accounts.get(username)

    def in_order(self) -> list[Account]:
        """All accounts, by their names."""
        return [account for _, account in sorted(self.accounts.items())]

    def resolve(self, user: str) -> Account | None:
        """The account that is dialled by that user part: its name or one of its aliases."""
        return self.accounts.get(user) or self.accounts.get(self._aliases.get(user, ""))

    def put(self, account: Account) -> None:
        """Adds an account or takes its new form; an alias that was another's is its own now."""
        self.drop(account.username)
        self.accounts[account.username] = account
        for alias in account.aliases:
            self._aliases[alias] = account.username

    def drop(self, username: str) -> None:
        """Takes an account and its aliases away; nothing happens where there is none."""
        account = self.accounts.pop(username, None)
        for alias in account.aliases if account else ():
            if self._aliases.get(alias) == username:
                del self._aliases[alias]

    def trusts(self, flow: Flow) -> bool:
        """Whether a trusted peer is at the other end. A browser never is one: any page of the web could call by it."""
        return flow.remote[0] in self.peers and flow.transport not in WEB

    # -- which names -------------------------------------------------------------------------------------------------

    def listen(self, host: str, port: int, transport: str = "udp") -> None:
        """Adds an address of the box: its host counts as served, with any port of the box."""
        self._hear(self._ends | {(transport, (bracketed(host).lower(), port))})

    def listen_only(self, ends: Collection[tuple[str, HostPort]]) -> None:
        """Takes away each address (its host without brackets) at which the box no longer listens so, by (transport,
        address)."""
        self._hear({(by, (host, port)) for by, (host, port) in self._ends if (by, (bare(host), port)) in ends})

    def _hear(self, ends: set[tuple[str, tuple[str, int]]]) -> None:
        self._ends = ends
        self.addresses = {end for _, end in ends}
        self.clear = {end for transport, end in ends if transport in ("udp", "tcp")}
        self.secure = {end for transport, end in ends if transport == "tls"}
        self._hosts = {host for host, _ in self.addresses}

    def heard_by(self, transport: str) -> list[tuple[str, int]]:
        """The addresses at which the box is heard so."""
        return [end for by, end in self._ends if by == transport]

    @property
    def is_encrypted(self) -> bool:
        """Whether anybody is heard by TLS, with WebSockets in it or not."""
        return any(transport in SECURE for transport, _ in self._ends)

    def listens_on(self, end: HostPort) -> bool:
        """Whether the box hears what is sent to that address."""
        host, port = end
        return ((f"[{host}]", port) if ":" in host else end) in self.addresses

    def serves(self, host: str, port: int | None = None) -> bool:
        """Whether a URI with that host (and port) names this box: a served domain, or an address and port it listens
        on."""
        if port is None and host in self.domains:  # nearly always
            return True
        host = f"[{canonical_ipv6(host[1:-1])}]" if host.startswith("[") else host.removesuffix(".")
        if host in self.domains:
            return port is None or any(port == listening for _, listening in self.addresses) or port == SIP_PORT
        if host not in self._hosts:
            return False
        return (host, port or SIP_PORT) in self.addresses or (port is None and (host, SIPS_PORT) in self.secure)
