"""The box's certificates: a CA of its own and a leaf for its names, or a pair that it was given (RFC 5280).

DIR/tls holds ca.crt and ca.key, which are made once, and again only where the box gets a name that they are not good
for; box.crt and box.key, made anew when they grow old or names change; and given.crt and given.key, which somebody may
put there: they are used as they are.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from .. import RELEASED
from .names import Names, is_private

__all__ = ["Certificates", "Names", "is_private"]

_log = logging.getLogger("frontdesk")


class Certificates:
    """The context that TLS servers use: whoever asks for it gets one whose certificate is good now."""

    def __init__(self, directory: Path, names: Callable[[], Names], wall: Callable[[], float]) -> None:
        """`directory`: DIR/tls; `wall`: Unix seconds, which may be those of 1970."""
        self._directory = directory
        self._names = names
        self._wall = wall
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._refused: list[int] = []
        """Stamp of a given pair that cannot be used."""
        self._basis: object = None
        """What the context was made for."""
        self._good = (released(), released())
        """From when until when it is used."""

    @property
    def is_given(self) -> bool:
        """Whether somebody has put a pair there, and it can be used."""
        stamp = self._stamp()
        return bool(stamp) and stamp != self._refused

    def _stamp(self) -> list[int]:
        """Of the pair that somebody has put there; empty: there is none."""
        try:
            return [(self._directory / name).stat().st_mtime_ns for name in ("given.crt", "given.key")]
        except FileNotFoundError:
            return []

    @property
    def authority(self) -> bytes:
        """The certificate of the box's own CA, PEM; empty where it was given a pair, or none was asked for yet."""
        try:
            return b"" if self.is_given else (self._directory / "ca.crt").read_bytes()
        except FileNotFoundError:
            return b""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate that people compare, `AB:CD:...`: the CA's, or the one that was given."""
        try:
            return fingerprint(self.authority or (self._directory / "given.crt").read_bytes())
        except (OSError, ValueError):
            return ""

    def context(self) -> ssl.SSLContext:
        """Made anew where names, files or time ask for it. Raises OSError, ValueError."""
        with self._lock:
            basis, now = self._look(), self._now()
            if self._context is None or basis != self._basis or not self._good[0] <= now < self._good[1]:
                self._context, self._basis = self._load(now), basis
            return self._context

    def forget(self) -> None:
        """All of it goes, a given pair too: the next CA is another one."""
        with self._lock:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._context = None

    def _look(self) -> object:
        return self._stamp() if self.is_given else self._names()

    def _now(self) -> datetime:
        """A clock that was never set says 1970: no certificate is older than the program."""
        return max(datetime.fromtimestamp(max(0.0, self._wall()), UTC), released())

    def _load(self, now: datetime) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.is_given and self._took_given(context):
            self._good = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        else:
            self._settle(self._names(), now)
            context.load_cert_chain(self._directory / "box.crt", self._directory / "box.key")
        return context

    def _took_given(self, context: ssl.SSLContext) -> bool:
        """A pair that is broken shuts nobody out: the box's own is used until there is a good one."""
        try:
            context.load_cert_chain(self._directory / "given.crt", self._directory / "given.key")
        except (OSError, ValueError) as error:
            self._refused = self._stamp()
            _log.warning("given.crt and given.key cannot be used, the box's own certificate is: %s", error)
            return False
        return True

    def _settle(self, names: Names, now: datetime) -> None:
        """There is a CA that is good for these names, and a leaf of it for them."""
        from . import making  # The library takes its time: only who needs a certificate waits for it.

        self._directory.mkdir(mode=0o700, exist_ok=True)
        authority = making.load(self._directory / "ca.crt", self._directory / "ca.key")
        if authority is None or not making.covers(authority.certificate, names.hosts):
            authority = making.authority(names.hosts, released())
            self._write("ca", authority.pem, authority.key_pem)
            _log.warning("The box has a new CA; browsers are to trust %s.", fingerprint(authority.pem))
        leaf = making.load(self._directory / "box.crt", self._directory / "box.key")
        if leaf is None or not making.is_good(leaf.certificate, authority.certificate, names, now):
            leaf = making.leaf(authority, names, now)
            self._write("box", leaf.pem + authority.pem, leaf.key_pem)
        since = leaf.certificate.not_valid_before_utc
        self._good = (since, since + making.RENEW)

    def _write(self, name: str, certificate: bytes, key: bytes) -> None:
        """The key first: a certificate that is there alone would be another key's."""
        for suffix, content, mode in (("key", key, 0o600), ("crt", certificate, 0o644)):
            temporary = self._directory / f"{name}.{suffix}.tmp"
            temporary.unlink(missing_ok=True)
            with open(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self._directory / f"{name}.{suffix}")


def released() -> datetime:
    """When this release was made."""
    return datetime.fromisoformat(RELEASED).replace(tzinfo=UTC)


def fingerprint(pem: bytes) -> str:
    """SHA-256 of a chain's first certificate, as browsers show it. Raises ValueError."""
    text = pem.decode("ascii")
    end = text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
    der = ssl.PEM_cert_to_DER_cert(text[text.index(ssl.PEM_HEADER) : end])
    return hashlib.sha256(der).digest().hex(":").upper()
