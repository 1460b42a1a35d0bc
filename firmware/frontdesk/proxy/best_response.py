"""The best of the final responses that the branches brought (RFC 3261 section 16.7 steps 6 and 7)."""

from __future__ import annotations

from collections.abc import Sequence

from ..sip.message import Response
from ..sip.status import CHALLENGES

_CHALLENGE_KEYS = ("www-authenticate", "proxy-authenticate")

_USEFUL = 3
_PREFERENCE = {
    # What tells how to send the request again comes first (step 6) ...
    401: 0, 407: 0, 415: 1, 420: 1, 484: 1,
    # ... then that somebody is there and talks ...
    486: 2,
    # ... last what says little about the person: it was not reached, or the box itself called it off.
    503: 8, 480: 4, 430: 4, 408: 5, 440: 5, 482: 6, 483: 6, 487: 7,
}  # fmt: skip


def best_response(responses: Sequence[Response]) -> Response:
    """One of the final responses, none a 2xx: a 6xx before all, else of the lowest class the most useful.

    Of equals the first that came. Where it is a 401 or 407, the challenges of all others are gathered in it.
    """
    best = min(responses, key=_rank)
    if best.status in CHALLENGES:
        _gather(best, [other for other in responses if other is not best and other.status in CHALLENGES])
    return best


def after_cancel(responses: Sequence[Response]) -> list[Response]:
    """Those that count where the caller gave up: 487 tells why it ended, whatever another phone had said before; but a
    6xx goes before all."""
    return [response for response in responses if response.status == 487 or response.status >= 600]


def _rank(response: Response) -> tuple[int, int]:
    family = response.status // 100
    return 0 if family == 6 else family, _PREFERENCE.get(response.status, _USEFUL)


def _gather(best: Response, others: Sequence[Response]) -> None:
    for other in others:
        best.fields += [field for field in other.fields if field[0] in _CHALLENGE_KEYS]
