"""The short way of an INVITE without credentials: nearly always nothing but a challenge comes of it (RFC 3261 22.3).

It asks of the request what the long way asks, and answers the same, byte for byte: a test holds that. Like there,
nothing is kept of a stranger.
"""

from __future__ import annotations

from ..auth import Authenticator
from ..directory import Directory
from ..proxy import is_for_an_account
from ..sip.matching import server_key
from ..sip.message import Request
from ..sip.plain_request import PlainRequest
from ..sip.transaction_layer import TransactionLayer
from ..sip.wire import Flow
from .answers import Answers
from .unanswered import Unanswered

_CREDENTIALS = frozenset({"proxy-authorization"})


class Challenges:
    """For INVITEs from whoever is no trusted peer. One of the box's own that comes round has two Vias, and is none."""

    def __init__(
        self,
        directory: Directory,
        authenticator: Authenticator,
        layer: TransactionLayer,
        answers: Answers,
        unanswered: Unanswered,
    ) -> None:
        self._directory = directory
        self._authenticator = authenticator
        self._layer = layer
        self._answers = answers
        self._unanswered = unanswered

    def answer(self, invite: Request, flow: Flow, now: float) -> bool:
        """Whether that was all; what needs a closer look goes the long way."""
        if not isinstance(invite, PlainRequest) or not invite.lacks(_CREDENTIALS) or not is_for_an_account(invite):
            return False
        if flow.remote[0] in self._directory.peers or self._layer.knows(server_key(invite)):
            return False
        self._unanswered.challenged(flow, now)
        self._answers.challenge(invite, flow, self._authenticator.proxy_challenges(now))
        return True
