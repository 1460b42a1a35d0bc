"""The INVITE client transaction: RFC 3261 sections 17.1.1 and 9.1, RFC 6026 section 8.4."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import product
from typing import ClassVar

from .client_transaction import NOBODY, ClientSurroundings, ClientTransaction, ClientUser
from .hop_requests import ack_to, cancel_of
from .message import Request, Response
from .timers import T1, TIMEOUT, TIMER_D
from .transaction import TRANSPORT_ERROR
from .wire import Send, Target


class InviteClientState(StrEnum):
    CALLING = "Calling"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    ACCEPTED = "Accepted"
    TERMINATED = "Terminated"


class InviteClientEvent(StrEnum):
    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    REFUSAL = "300-699"
    CANCEL = "CANCEL from TU"
    TIMER_A = "Timer A fires"
    TIMER_B = "Timer B fires"
    TIMER_D = "Timer D fires"
    TIMER_M = "Timer M fires"
    GIVEN_UP = "64*T1 since CANCEL"
    TRANSPORT_ERROR = TRANSPORT_ERROR


class InviteClientTransaction(ClientTransaction):
    """Figure 5 of RFC 6026, with the CANCEL of RFC 3261 section 9.1."""

    __slots__ = ("_ack", "_cancel_headers")

    def __init__(
        self, request: Request, key: str, target: Target, user: ClientUser, layer: ClientSurroundings
    ) -> None:
        super().__init__(request, key, target, user, layer, InviteClientState.CALLING)
        self._ack = b""
        self._cancel_headers: list[tuple[str, str]] | None = None

    @property
    def is_wanted(self) -> bool:
        return self.state is InviteClientState.CALLING and self._cancel_headers is None

    def begin(self, now: float) -> None:
        self._send(self._data)
        if not self.reliable:
            self._start(InviteClientEvent.TIMER_A, T1, now)
        self._start(InviteClientEvent.TIMER_B, TIMEOUT, now)

    def receive(self, response: Response, now: float) -> None:
        self.response = response
        if response.status < 200:
            self._take(InviteClientEvent.PROVISIONAL, now)
        elif response.status < 300:
            self._take(InviteClientEvent.SUCCESS, now)
        else:
            self._take(InviteClientEvent.REFUSAL, now)

    def flow_closed(self, now: float) -> None:
        if self.state is InviteClientState.PROCEEDING:
            self._user.cut_off(self, now)
        else:
            super().flow_closed(now)

    def cancel(self, now: float, headers: Iterable[tuple[str, str]] = ()) -> None:
        if self._cancel_headers is None:
            self._cancel_headers = list(headers)
            self._take(InviteClientEvent.CANCEL, now)

    # -- Calling -----------------------------------------------------------------------------------------------------

    def _retransmit(self, now: float) -> None:
        self._send(self._data)
        self._interval *= 2
        self._start(InviteClientEvent.TIMER_A, self._interval, now)

    def _proceed(self, now: float) -> None:
        self.state = InviteClientState.PROCEEDING
        self._stop_all()
        if self._cancel_headers is not None:
            self._send_cancel(now)
        self._tell(now)

    def _time_out(self, now: float) -> None:
        self._terminate(now)
        self._user.timed_out(self, now)

    def _fail(self, now: float) -> None:
        self._terminate(now)
        self._user.failed(self, now)

    # -- Proceeding --------------------------------------------------------------------------------------------------

    def _send_cancel(self, now: float) -> None:
        self._layer.client(cancel_of(self.request, self._cancel_headers or ()), self.target, NOBODY, now)
        self._start(InviteClientEvent.GIVEN_UP, TIMEOUT, now)

    def _accept(self, now: float) -> None:
        self.state = InviteClientState.ACCEPTED
        self._stop_all()
        self._start(InviteClientEvent.TIMER_M, TIMEOUT, now)
        self._pass_on(now)
        self._let_go()

    def _pass_on(self, now: float) -> None:
        self._tell(now)
        self.response = None

    def _complete(self, now: float) -> None:
        assert self.response is not None
        self._ack = ack_to(self.request, self.response).encode()
        self.state = InviteClientState.COMPLETED
        self._stop_all()
        self._acknowledge(now)
        self._start(InviteClientEvent.TIMER_D, 0 if self.reliable else TIMER_D, now)
        self._tell(now)
        self._let_go()
        self._user = NOBODY  # for the time of Timer D it would keep all that the call was made of

    # -- Completed and Accepted --------------------------------------------------------------------------------------

    def _acknowledge(self, now: float) -> None:
        self._layer.send(Send(self._ack, self.target))  # without its key, as over TCP its transaction ends at once

    def _terminate(self, now: float) -> None:
        self.state = InviteClientState.TERMINATED
        self._leave()

    _S, _E = InviteClientState, InviteClientEvent
    ARROWS: ClassVar = {
        (_S.CALLING, _E.TIMER_A): _retransmit,
        (_S.CALLING, _E.TIMER_B): _time_out,
        (_S.CALLING, _E.TRANSPORT_ERROR): _fail,
        (_S.CALLING, _E.PROVISIONAL): _proceed,
        (_S.CALLING, _E.SUCCESS): _accept,
        (_S.CALLING, _E.REFUSAL): _complete,
        (_S.PROCEEDING, _E.PROVISIONAL): ClientTransaction._tell,
        (_S.PROCEEDING, _E.CANCEL): _send_cancel,
        (_S.PROCEEDING, _E.GIVEN_UP): _time_out,
        (_S.PROCEEDING, _E.SUCCESS): _accept,
        (_S.PROCEEDING, _E.REFUSAL): _complete,
        (_S.COMPLETED, _E.REFUSAL): _acknowledge,
        (_S.COMPLETED, _E.TRANSPORT_ERROR): _terminate,
        (_S.COMPLETED, _E.TIMER_D): _terminate,
        (_S.ACCEPTED, _E.SUCCESS): _pass_on,
        (_S.ACCEPTED, _E.TIMER_M): _terminate,
    }
    IGNORED = frozenset(
        {
            (_S.CALLING, _E.CANCEL),  # waits for a provisional response (9.1)
            (_S.CALLING, _E.GIVEN_UP),  # starts with the CANCEL
            *product((_S.CALLING, _S.PROCEEDING), (_E.TIMER_D, _E.TIMER_M)),  # not started yet
            *product((_S.PROCEEDING, _S.COMPLETED, _S.ACCEPTED), (_E.TIMER_A, _E.TIMER_B)),  # stopped
            (_S.PROCEEDING, _E.TRANSPORT_ERROR),  # the request has arrived
            *product((_S.COMPLETED, _S.ACCEPTED), (_E.PROVISIONAL, _E.CANCEL, _E.GIVEN_UP)),  # too late
            (_S.COMPLETED, _E.SUCCESS),
            (_S.COMPLETED, _E.TIMER_M),
            (_S.ACCEPTED, _E.REFUSAL),
            (_S.ACCEPTED, _E.TIMER_D),
            (_S.ACCEPTED, _E.TRANSPORT_ERROR),
            *product((_S.TERMINATED,), _E),
        }
    )
