"""Who exists: accounts, aliases, trusted peers, and the names that the box answers for. All in memory; the store
keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .model import Account
from .sip.host import SIP_PORT, bare, bracketed, canonical_ipv6
from .sip.wire import HostPort


class Directory:
    """Look-ups by user part, by peer address and by host. Changed on the loop alone: by `control`, the
    endpoint (where the box listens) and the core (its names)."""

    def __init__(self, realm: str, domains: Iterable[str] = ()) -> None:
        self.realm = realm
        self.domains: set[str] = {realm.lower(), *(domain.lower() for domain in domains)}
        self.addresses: set[tuple[str, int]] = set()
        """(host, port) of each listener, host as it stands in a URI (IPv6 in brackets, lower case)."""
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

    # -- which names -------------------------------------------------------------------------------------------------

    def listen(self, host: str, port: int) -> None:
        """Adds an address of the box: its host counts as served, with any port of the box."""
        host = bracketed(host)
        self.addresses.add((host.lower(), port))
        self._hosts.add(host.lower())

    def listen_only(self, listens: Callable[[str, int], bool]) -> None:
        """Takes away each address (its host without brackets, its port) at which the box no longer listens."""
        self.addresses = {(host, port) for host, port in self.addresses if listens(bare(host), port)}
        self._hosts = {host for host, _ in self.addresses}

    def listens_on(self, end: HostPort) -> bool:
        """Whether the box hears what is sent to that address."""
        host, port = end
        return ((f"[{host}]", port) if ":" in host else end) in self.addresses

    def serves(self, host: str, port: int | None = None) -> bool:
        """Whether a URI with that host (and port) names this box: a served domain, or an address and port it listens
        on."""
        host = f"[{canonical_ipv6(host[1:-1])}]" if host.startswith("[") else host.removesuffix(".")
        if host in self.domains:
            return port is None or any(port == listening for _, listening in self.addresses) or port == SIP_PORT
        return host in self._hosts and (host, port or SIP_PORT) in self.addresses
