"""The box's certificates: a CA of its own and a leaf for its names, or a pair that it was given (RFC 5280).

DIR/tls holds ca.crt and ca.key, which are made once, and again only where they would end before a leaf does, or where
somebody wants a name that they are not good for: whoever trusts a CA should not have to trust another because the box
is called otherwise, or because its clock was ahead for a while (ca-before.crt and its key are the CA of before);
box.crt and box.key, made anew when they grow old or names change; and given.crt and given.key, which somebody may put
there: they are used as they are; and trusted.crt, whom the box believes besides those whom its system does.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from .. import RELEASED
from .names import Names, fingerprint
from .settled import Settled, noted, read

__all__ = ["Certificates", "Names"]

TRUSTED = "trusted.crt"
GIVEN = ("given.crt", "given.key")
NO_WILDCARDS = 0x2
"""*.pbx.example is not sip.pbx.example (RFC 5922 section 7.2): OpenSSL's X509_CHECK_FLAG_NO_WILDCARDS."""
PATIENCE = 60.0
"""Seconds that making a certificate may take on the slowest board."""

_log = logging.getLogger("frontdesk")


class Certificates:
    """The context that TLS servers use: whoever asks for it gets one whose certificate is good now."""

    def __init__(
        self,
        directory: Path,
        names: Callable[[], Names],
        wall: Callable[[], float],
        make: Callable[[Path, Names, datetime, datetime], Settled] | None = None,
    ) -> None:
        """`directory`: DIR/tls; `wall`: Unix seconds, which may be those of 1970; `make`: `settle_apart`, if nothing
        else is said."""
        self._make = make or settle_apart
        self._directory = directory
        self._names = names
        self._wall = wall
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._refused: list[int] = []
        """Stamp of a given pair that cannot be used."""
        self._refusal = ""
        """Why."""
        self._end: tuple[list[int], float] = [], inf
        """Of a given pair: its stamp, and `ends`."""
        self._basis: object = None
        """What the context was made for."""
        self._good = (released(), released())
        """From when until when it is used."""
        self._outgoing: tuple[object, ssl.SSLContext] | None = None
        """For connections that the box opens, and what it was made for."""
        self.fault = ""
        """Why whoever asked last got no context; empty: there was one."""

    @property
    def is_given(self) -> bool:
        """Whether somebody has put a pair there, and it can be used."""
        stamp = self._stamp()
        return bool(stamp) and stamp != self._refused

    def _stamp(self) -> list[int]:
        """Of the pair that somebody has put there; empty: there is none."""
        try:
            return [(self._directory / name).stat().st_mtime_ns for name in GIVEN]
        except OSError:
            return []

    @property
    def unused(self) -> str:
        """Why what somebody has put there is not used; empty: it is, or there is nothing."""
        there = [name for name in GIVEN if os.path.lexists(self._directory / name)]
        if len(there) == 1:
            return f"{there[0]} is there alone"
        for name in there:  # Links may lead to where the box may not look, or nowhere.
            try:
                (self._directory / name).stat()
            except OSError as error:
                return f"{name}: {error.strerror}"
        return self._refusal if there and not self.is_given else ""

    @property
    def ends(self) -> float:
        """Until when the pair that is used is good, Unix seconds, if it was given: the box's own never ends."""
        stamp = self._stamp()
        if not stamp or stamp == self._refused:
            return inf
        if stamp != self._end[0]:
            self._end = stamp, _end_of(self._directory / GIVEN[0])
        return self._end[1]

    @property
    def authority(self) -> bytes:
        """The certificate of the box's own CA, PEM; empty where it was given a pair, or none was asked for yet."""
        try:
            return b"" if self.is_given else (self._directory / "ca.crt").read_bytes()
        except OSError:
            return b""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate that people compare, `AB:CD:...`: the CA's, or the one that was given."""
        try:
            return fingerprint(self.authority or (self._directory / "given.crt").read_bytes())
        except (OSError, ValueError):
            return ""

    def prepare(self, *, wait: bool) -> None:
        """They are there before anybody asks. `wait`: at once where there are none yet, as on a new box; else no call
        is held up."""
        if wait and not self.authority:
            self._look_ahead()
        else:
            threading.Thread(target=self._look_ahead, name="certificates", daemon=True).start()

    def _look_ahead(self) -> None:
        try:
            self.context()
        except (OSError, ValueError) as error:  # phones are served, and who comes by TLS has it tried again
            _log.warning("the certificate cannot be used: %s", error)

    def context(self) -> ssl.SSLContext:
        """Made anew where names, files or time ask for it. Raises OSError, ValueError."""
        with self._lock:
            try:
                context = self._renewed()
            except (OSError, ValueError) as error:
                self.fault = str(error)
                raise
            self.fault = ""
            return context

    def outgoing(self) -> ssl.SSLContext:
        """For connections that the box opens: it asks for a certificate (RFC 5922 section 7.3), and shows its own where
        it is asked. Raises OSError, ValueError."""
        own = self.context()
        basis = own, _changed(self._directory / TRUSTED)
        if self._outgoing is None or self._outgoing[0] != basis:
            self._outgoing = basis, self._asking()
        return self._outgoing[1]

    def _asking(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # one that stands in TRUSTED needs no CA above it
        # The ssl module has no public name for it; a Python that has it elsewhere raises AttributeError here.
        context._host_flags |= NO_WILDCARDS  # type: ignore[attr-defined]
        context.load_default_certs()
        if (self._directory / TRUSTED).exists():
            try:
                context.load_verify_locations(self._directory / TRUSTED)
            except (OSError, ValueError) as error:
                raise ValueError(f"{TRUSTED} cannot be used: {error}") from error
        name = "given" if self.is_given else "box"
        context.load_cert_chain(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        return context

    def forget(self) -> None:
        """All of it goes, a given pair too: the next CA is another one."""
        with self._lock:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._context = self._outgoing = None

    def _renewed(self) -> ssl.SSLContext:
        basis, now = self._look(), self._now()
        if self._context is None or basis != self._basis or not self._good[0] <= now < self._good[1]:
            self._context, self._basis = self._load(now), basis
        return self._context

    def _look(self) -> object:
        return self._stamp() if self.is_given else self._names()

    def _now(self) -> datetime:
        """A clock that was never set says 1970: no certificate is older than the program."""
        return max(datetime.fromtimestamp(max(0.0, self._wall()), UTC), released())

    def _load(self, now: datetime) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A server MAY send tickets (RFC 8446 section 4.6.1): pjsip on GnuTLS (Debian 12 has Jami so) is deaf after one.
        context.num_tickets = 0
        if self.is_given and self._took_given(context):
            self._good = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        else:
            self._settle(self._names(), now)
            context.load_cert_chain(self._directory / "box.crt", self._directory / "box.key")
        return context

    def _took_given(self, context: ssl.SSLContext) -> bool:
        """A pair that is broken shuts nobody out: the box's own is used until there is a good one."""
        try:
            context.load_cert_chain(self._directory / "given.crt", self._directory / "given.key", _locked)
        except (OSError, ValueError) as error:
            self._refused, self._refusal = self._stamp(), str(error)
            _log.warning("given.crt and given.key cannot be used, the box's own certificate is: %s", error)
            return False
        return True

    def _settle(self, names: Names, now: datetime) -> None:
        """There are a CA and a leaf of it for these names."""
        settled = noted(self._directory, names, now) or self._make(self._directory, names, now, released())
        if settled.new:
            _log.warning("The box has a new CA; browsers, and phones that speak TLS, are to trust %s.", settled.new)
        self._good = (settled.since, settled.until)


def settle_apart(directory: Path, names: Names, now: datetime, released: datetime) -> Settled:
    """As `settling.settle`, in a process of its own. Raises OSError."""
    asked = {"names": names.said, "now": now.isoformat(), "released": released.isoformat()}
    command = [sys.executable, "-P", "-m", __name__, str(directory)]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked) + "\n", capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if done.returncode == 0:
            return read(json.loads(done.stdout))
    except (KeyError, TypeError, ValueError, subprocess.TimeoutExpired) as error:
        raise OSError(f"no certificate was made: {error}") from None
    raise OSError(f"no certificate was made: {(done.stderr.strip().splitlines() or ['it ended early'])[-1]}")


def _locked() -> str:
    """Asked for a key's password: else OpenSSL asks the terminal at which the box was started, and all wait."""
    raise ValueError("given.key has a password")


def _end_of(certificate: Path) -> float:
    """Until when that PEM is good (RFC 5280 section 4.1.2.5), Unix seconds; it is no matter where it cannot be read."""
    try:
        # The ssl module has no public name for it, and the library that has takes 8 MB.
        return ssl.cert_time_to_seconds(ssl._ssl._test_decode_cert(certificate)["notAfter"])  # type: ignore[attr-defined]
    except (AttributeError, KeyError, OSError, ValueError):
        return inf


def _changed(path: Path) -> int:
    """When; 0: it is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def released() -> datetime:
    """When this release was made."""
    return datetime.fromtimestamp(RELEASED, UTC)
