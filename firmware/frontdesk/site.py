"""Under which names and addresses the box is asked for its page."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from math import inf
from pathlib import Path

from .certificates import Certificates, Names
from .certificates.names import LOCAL
from .config import LABEL
from .model import Settings

FRESH = 10.0
"""Seconds for which addresses are believed."""
RESOLVER = Path("/etc/resolv.conf")
LOOPBACK = ("127.0.0.1", "::1")


class Site:
    """What the page, the certificate and people are told."""

    def __init__(self, settings: Callable[[], Settings], realm: Callable[[], str], now: Callable[[], float]) -> None:
        """`settings`: those in use; `now`: seconds that only go forward."""
        self._settings = settings
        self._realm = realm
        self._now = now
        self._addresses: tuple[float, frozenset[str]] = (-FRESH, frozenset())
        self.certificates: Certificates | None = None
        """Where there is a listener for https, or for phones over TLS."""
        self.forget: Callable[[], None] = lambda: None
        """What a factory reset takes away of it."""
        self.https_port = 0
        self.http_port = 0
        self._hosts: frozenset[str] = frozenset()
        """Host names that it has had since it was started, as far as it was asked for its page then."""
        self.taken = ""
        """The host name that the box has in its network; empty: the one that it was given."""

    @property
    def hostname(self) -> str:
        """The one that the box was given."""
        return self._settings().hostname

    @property
    def host(self) -> str:
        """The one that it has: another host may have been first."""
        return self.taken or self.hostname

    def names(self) -> Names:
        """All that the box answers to. Its host names of before are among them: whoever has renamed it is still there.
        The one that it was given is another host's where the box has another one."""
        settings = self._settings()
        hosts = {"localhost"}.union(*map(host_names, {self.host, *self._hosts - {self.hostname}}))
        hosts |= {settings.hostname, *settings.domains, *settings.web_names, self._realm()}
        addresses = self.addresses()
        named = frozenset(each for each in hosts if _is_name(each))
        numbers = frozenset(filter(None, map(_address, hosts - named)))
        return Names(named, addresses | numbers, named & {*settings.web_names})

    def addresses(self) -> frozenset[str]:
        """The box's own, those of the loopback included."""
        looked, found = self._addresses
        if self._now() - looked >= FRESH:
            found = frozenset({*LOOPBACK, *_addresses()})
            self._addresses = (self._now(), found)
        return found

    def knows(self, host: str) -> bool:
        """Whether this host (small letters, no port) is a name or address of the box."""
        self._hosts |= {self.host}
        names = self.names()
        return host.rstrip(".") in names.hosts or host in names.addresses

    @property
    def name(self) -> str:
        """What people type."""
        return f"{self.host}.{LOCAL}"

    @property
    def address(self) -> str:
        """Under which phones find it: an IPv4 address where there is one, no link-local one where there is another."""
        found = [ip_address(each) for each in self.addresses() if each not in LOOPBACK]
        found.sort(key=lambda each: (each.is_link_local, each.version, int(each)))
        return str(found[0]) if found else LOOPBACK[0]

    @property
    def authority(self) -> bytes:
        """The certificate of the box's own CA, PEM."""
        return self.certificates.authority if self.certificates else b""

    @property
    def fingerprint(self) -> str:
        """What people compare."""
        return self.certificates.fingerprint if self.certificates else ""

    @property
    def fault(self) -> str:
        """Why browsers and phones get no certificate; empty: they do."""
        return self.certificates.fault if self.certificates else ""

    @property
    def unused(self) -> str:
        """Why the certificate that was given is not used; empty: it is, or there is none."""
        return self.certificates.unused if self.certificates else ""

    @property
    def ends(self) -> float:
        """Until when the certificate that was given is good, Unix seconds."""
        return self.certificates.ends if self.certificates else inf

    @property
    def urls(self) -> list[str]:
        """Where the page is, for people."""
        if self.https_port:
            return [_url("https", self.name, self.https_port, 443)]
        return [_url("http", self.name, self.http_port, 80)] if self.http_port else []


def _url(scheme: str, host: str, port: int, usual: int) -> str:
    return f"{scheme}://{host}/" if port == usual else f"{scheme}://{host}:{port}/"


def _addresses() -> list[str]:
    import ifaddr

    found = [ip.ip if ip.is_IPv4 else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return [str(each).partition("%")[0] for each in found]


def host_names(host: str) -> list[str]:
    """Those of that host: alone, by mDNS, and in the domains in which names are looked up."""
    return [host, f"{host}.{LOCAL}", *(f"{host}.{domain}" for domain in search_domains())]


def search_domains() -> list[str]:
    """Domains in which names are looked up (resolv.conf(5))."""
    try:
        lines = RESOLVER.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    found = [each[1:] for each in words if each[:1] in (["search"], ["domain"])]
    return [name.lower().rstrip(".") for name in (found[-1] if found else ()) if _is_name(name.lower().rstrip("."))]


def _is_name(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= 253 and all(map(LABEL.fullmatch, labels)) and not labels[-1].isdecimal()


def _address(text: str) -> str:
    """That of a host as a URI has it, which puts an IPv6 address in brackets; empty: it is a name."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return ""
