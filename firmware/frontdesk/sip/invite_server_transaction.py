"""The INVITE server transaction: RFC 3261 section 17.2.1, RFC 6026 sections 8.5 to 8.8."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import ClassVar

from .message import Request, Response
from .server_transaction import ServerSurroundings, ServerTransaction
from .timers import T1, T2, T4, TIMEOUT
from .transaction import TRANSPORT_ERROR
from .wire import Flow


class InviteServerState(StrEnum):
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    ACCEPTED = "Accepted"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class InviteServerEvent(StrEnum):
    INVITE = "INVITE"
    ACK = "ACK"
    PROVISIONAL = "101-199 from TU"
    SUCCESS = "2xx from TU"
    REFUSAL = "300-699 from TU"
    TIMER_G = "Timer G fires"
    TIMER_H = "Timer H fires"
    TIMER_I = "Timer I fires"
    TIMER_L = "Timer L fires"
    TRANSPORT_ERROR = TRANSPORT_ERROR


class InviteServerTransaction(ServerTransaction):
    """Figure 7 of RFC 6026. The 100 is the user's to send."""

    __slots__ = ("_interval", "refusal")

    def __init__(self, request: Request, flow: Flow, key: str, layer: ServerSurroundings) -> None:
        super().__init__(request, flow, key, layer, InviteServerState.PROCEEDING)
        self.refusal: Response | None = None
        """The 300-699 response that waits for its ACK."""
        self._interval = T1

    def respond(self, response: Response, now: float) -> None:
        self._given = response
        if response.status < 200:
            self._take(InviteServerEvent.PROVISIONAL, now)
        elif response.status < 300:
            self._take(InviteServerEvent.SUCCESS, now)
        else:
            self._take(InviteServerEvent.REFUSAL, now)

    def receive(self, request: Request, now: float) -> None:
        self._take(InviteServerEvent.ACK if request.method == "ACK" else InviteServerEvent.INVITE, now)

    # -- Proceeding --------------------------------------------------------------------------------------------------

    def _accept(self, now: float) -> None:
        self.state = InviteServerState.ACCEPTED
        self._pass_on(now)
        self._start(InviteServerEvent.TIMER_L, TIMEOUT, now)

    def _pass_on(self, now: float) -> None:
        self._respond(now)
        self._given = None
        if not self.reliable:
            self._answer = b""  # who sent the 2xx repeats it
            self._give_back()

    def _complete(self, now: float) -> None:
        self.state = InviteServerState.COMPLETED
        self.refusal = self._given
        self._respond(now)
        if not self.reliable:
            self._start(InviteServerEvent.TIMER_G, T1, now)
        self._start(InviteServerEvent.TIMER_H, TIMEOUT, now)

    # -- Completed, Confirmed, Accepted ------------------------------------------------------------------------------

    def _retransmit(self, now: float) -> None:
        self._repeat(now)
        self._interval = min(2 * self._interval, T2)
        self._start(InviteServerEvent.TIMER_G, self._interval, now)

    def _confirm(self, now: float) -> None:
        self.state = InviteServerState.CONFIRMED
        self._stop_all()
        self._start(InviteServerEvent.TIMER_I, 0 if self.reliable else T4, now)

    def _terminate(self, now: float) -> None:
        self.state = InviteServerState.TERMINATED
        self._leave()

    _S, _E = InviteServerState, InviteServerEvent
    ARROWS: ClassVar = {
        (_S.PROCEEDING, _E.INVITE): ServerTransaction._repeat,
        (_S.PROCEEDING, _E.PROVISIONAL): ServerTransaction._respond,
        (_S.PROCEEDING, _E.TRANSPORT_ERROR): ServerTransaction._reconnect,
        (_S.PROCEEDING, _E.SUCCESS): _accept,
        (_S.PROCEEDING, _E.REFUSAL): _complete,
        (_S.COMPLETED, _E.INVITE): ServerTransaction._repeat,
        (_S.COMPLETED, _E.TRANSPORT_ERROR): ServerTransaction._reconnect,
        (_S.COMPLETED, _E.TIMER_G): _retransmit,
        (_S.COMPLETED, _E.TIMER_H): _terminate,
        (_S.COMPLETED, _E.ACK): _confirm,
        (_S.CONFIRMED, _E.TIMER_I): _terminate,
        (_S.ACCEPTED, _E.SUCCESS): _pass_on,
        (_S.ACCEPTED, _E.TRANSPORT_ERROR): ServerTransaction._reconnect,
        (_S.ACCEPTED, _E.TIMER_L): _terminate,
    }
    IGNORED = frozenset(
        {
            (_S.PROCEEDING, _E.ACK),  # nothing to acknowledge yet
            (_S.ACCEPTED, _E.INVITE),  # absorbed: who sent the 2xx repeats it
            (_S.ACCEPTED, _E.ACK),  # not ours: the layer leaves it to the user
            *product((_S.CONFIRMED,), (_E.INVITE, _E.ACK)),  # absorbed
            (_S.CONFIRMED, _E.TRANSPORT_ERROR),  # nothing is sent any more
            *product((_S.COMPLETED, _S.CONFIRMED), (_E.PROVISIONAL, _E.SUCCESS, _E.REFUSAL)),  # one final response
            *product((_S.ACCEPTED,), (_E.PROVISIONAL, _E.REFUSAL)),
            # Timers of other states
            *product((_S.PROCEEDING,), (_E.TIMER_G, _E.TIMER_H, _E.TIMER_I, _E.TIMER_L)),
            *product((_S.COMPLETED,), (_E.TIMER_I, _E.TIMER_L)),
            *product((_S.CONFIRMED,), (_E.TIMER_G, _E.TIMER_H, _E.TIMER_L)),
            *product((_S.ACCEPTED,), (_E.TIMER_G, _E.TIMER_H, _E.TIMER_I)),
            *product((_S.TERMINATED,), _E),
        }
    )
