"""Nonces: signed, short-lived, and each of their counts good for once (RFC 7616 sections 3.3, 3.4 and 5.5).

A nonce says when it was made and is signed, so one that was never used needs no memory: a stranger leaves no trace.
What an account has used of a nonce is kept in a window, at most WINDOWS for each account. A window that goes, for want
of room or by age, raises the account's floor: nonces as old as that or older are good only while they have a window. So
nothing passes twice, whatever the order of requests and whatever the clock does.
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass, field
from itertools import count
from math import inf
from operator import attrgetter

UNUSED_LIFE = 300.0
"""Seconds that a nonce lives; and one that has registered, at least."""
LONGEST_LIFE = 86_400.0
"""Seconds that a nonce lives at most, however long its binding."""
WINDOWS = 24
"""Kept for one account, at most."""
LEFT = 16
"""Of them, once some had to make room. To look through them for a single one took a fourteenth of a full exchange."""
WINDOW_BITS = 128
"""Counts below the highest that may still come, out of order."""

Use = int | bytes
"""What a request uses of its nonce: a count (qop), or all of it (no qop; then the request's hash, to know it again)."""

_PART = 12  # bytes of the stamp, and of its signature
_LENGTH = 32  # characters of both in base64: none is to spare, so there is one way to write them
_MASK = (1 << WINDOW_BITS) - 1
_GOES_AFTER = attrgetter("goes_after")


@dataclass(slots=True, eq=False)
class Window:
    """What an account has used of one nonce."""

    nonce: str
    issued: float
    expires_at: float
    highest: int = -1
    bits: int = 0
    """Bit i: the count `highest - i` was used."""
    request: bytes | None = None
    """The hash of the one request that the nonce served, without qop."""
    spared: float = 0.0
    """Seconds by which it makes room later than the others: it has registered."""
    goes_after: float = 0.0
    """When it was used last, and those: the windows with the least go first."""

    @property
    def is_unused(self) -> bool:
        """Whether nothing of its nonce has been used: then it is kept nowhere."""
        return self.highest < 0 and self.request is None

    def admits(self, use: Use) -> bool:
        """Whether that is still to be had of the nonce."""
        if not isinstance(use, int):
            return self.is_unused or self.request == use
        if self.request is not None:
            return False
        below = self.highest - use
        return below < 0 or (below < WINDOW_BITS and not self.bits >> below & 1)

    def take(self, use: Use, now: float) -> None:
        """Marks it as used."""
        self.goes_after = now + self.spared
        if not isinstance(use, int):
            self.request = use
        elif use > self.highest:
            ahead = use - self.highest
            self.bits = (self.bits << ahead | 1) & _MASK if ahead < WINDOW_BITS else 1
            self.highest = use
        else:
            self.bits |= 1 << (self.highest - use)

    def extend(self, expires_at: float) -> None:
        """It has registered a binding that lives until then, and lives as long."""
        if self.expires_at == -inf:
            return  # it had to make room meanwhile
        if not self.spared:
            self.spared = LONGEST_LIFE
            self.goes_after += LONGEST_LIFE
        if expires_at < self.issued + UNUSED_LIFE:
            expires_at = self.issued + UNUSED_LIFE
        elif expires_at > self.issued + LONGEST_LIFE:
            expires_at = self.issued + LONGEST_LIFE
        self.expires_at = expires_at


@dataclass(slots=True)
class _Used:
    """The windows of one account, and its floor."""

    windows: list[Window] = field(default_factory=list)
    """Nearly always one. A dictionary takes 180 bytes more for it; to make a longer tuple, all windows are touched."""
    floor: float = -1.0
    oldest: float = inf
    newest: float = -inf
    """None of the windows was issued before the one or after the other, so that few are looked through."""

    def of(self, nonce: str) -> Window | None:
        for window in self.windows:
            if window.nonce == nonce:
                return window
        return None

    def add(self, window: Window, now: float) -> None:
        self._make_room(now)
        self.windows.append(window)
        issued = window.issued  # min and max would take ten times as long
        if issued < self.oldest:
            self.oldest = issued
        if issued > self.newest:
            self.newest = issued

    def _make_room(self, now: float) -> None:
        """The expired go; then, if there must be, some: first those that did not register, unused for the longest."""
        if self.oldest + UNUSED_LIFE <= now:
            alive = [window for window in self.windows if window.expires_at > now]
            self._keep(alive, [window for window in self.windows if window.expires_at <= now])
            self.oldest = min((window.issued for window in alive), default=inf)
        if len(self.windows) >= WINDOWS:
            windows = sorted(self.windows, key=_GOES_AFTER)
            self._keep(windows[-LEFT:], windows[:-LEFT])

    def _keep(self, windows: list[Window], gone: list[Window]) -> None:
        self.windows = windows
        for window in gone:
            if window.issued > self.floor:
                self.floor = window.issued
            window.expires_at = -inf  # whoever keeps it at hand finds it no good


class Nonces:
    """Issues nonces and keeps what accounts have used of them.

    `key` (32 bytes) is to be fresh at each start: with an old one, nonces would be good whose windows are forgotten.
    """

    def __init__(self, key: bytes) -> None:
        self._signature = hashlib.blake2s(key=key, digest_size=_PART, person=b"nonce")
        self._numbers = count()
        """Two nonces of one millisecond differ; the signature keeps them from being foretold."""
        self._used: dict[str, _Used] = {}
        self._floor = -1.0  # of the accounts that were forgotten

    def issue(self, now: float) -> str:
        """A new nonce: 32 characters."""
        stamp = (int(now * 1000) << 48 | next(self._numbers)).to_bytes(_PART, "big")
        return b2a_base64(stamp + self._sign(stamp), newline=False).decode("ascii")

    def unused(self, nonce: str, now: float) -> Window:
        """That of a nonce that was issued `now`, for whoever knows it again: to find it good takes longer."""
        issued = int(now * 1000) / 1000
        return Window(nonce, issued, issued + UNUSED_LIFE)

    def find(self, username: str | None, nonce: str, now: float) -> Window | None:
        """What the account (None: there is none) has used of that nonce; None where it is expired or not ours."""
        issued = self.issued(nonce)
        if issued is None:
            return None
        used = self._used.get(username) if username is not None else None
        window = used.of(nonce) if used and issued <= used.newest else None
        if window is None:
            if issued <= self._floor:
                return None
            window = Window(nonce, issued, issued + UNUSED_LIFE)
        return window if now < window.expires_at else None

    def spend(self, username: str, window: Window, use: Use, now: float) -> bool:
        """Takes `use`, which the window admits. False: its nonce is not above the account's floor, or has a window of
        the account's already."""
        if window.is_unused:
            used = self._used.get(username)
            if used is None:
                self._used[username] = used = _Used()
            if window.issued <= used.floor or (window.issued <= used.newest and used.of(window.nonce)):
                return False
            used.add(window, now)
        window.take(use, now)
        return True

    def extend(self, username: str, nonce: str, expires_at: float) -> None:
        """Lets a nonce live as long as the binding that it registered; without qop it has served its one request."""
        used = self._used.get(username)
        window = used.of(nonce) if used else None
        if window is not None and window.request is None:
            window.extend(expires_at)

    def forget(self, username: str) -> None:
        """Lets an account's windows go. The floor for all keeps what was used from coming back, should the account."""
        used = self._used.pop(username, None)
        if used is not None:
            self._floor = max(self._floor, used.floor, *(window.issued for window in used.windows))

    def issued(self, nonce: str) -> float | None:
        """When it was made, or None where the signature is not ours."""
        try:
            data = a2b_base64(nonce, strict_mode=True)
        except ValueError:
            return None
        stamp, signature = data[:_PART], data[_PART:]
        if len(nonce) != _LENGTH or not hmac.compare_digest(self._sign(stamp), signature):
            return None
        return int.from_bytes(stamp[:6], "big") / 1000

    def _sign(self, stamp: bytes) -> bytes:
        signature = self._signature.copy()
        signature.update(stamp)
        return signature.digest()
