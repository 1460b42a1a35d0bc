"""What client transactions share, and the non-INVITE one (RFC 3261 section 17.1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import product
from typing import ClassVar, Protocol

from .message import Request, Response
from .timers import T1, T2, T4, TIMEOUT
from .transaction import TRANSPORT_ERROR, Surroundings, Transaction
from .wire import Destination, Target


class ClientUser(Protocol):
    """The transaction user: who sent the request and wants to know what becomes of it."""

    def received(self, client: ClientTransaction, response: Response, now: float) -> None:
        """A provisional response, the final one, or one more 2xx to an INVITE."""

    def found(self, client: ClientTransaction, others: Sequence[Destination], now: float) -> None:
        """It has gone to the first address of a name, which has these others (RFC 3263 section 4.3)."""

    def timed_out(self, client: ClientTransaction, now: float) -> None:
        """Timer B or F has fired, or a cancelled INVITE got no final response."""

    def failed(self, client: ClientTransaction, now: float) -> None:
        """The transport could not send the request."""

    def cut_off(self, client: ClientTransaction, now: float) -> None:
        """The connection of an INVITE that has had a provisional response is closed: none may come over it any more."""


class Nobody:
    """Who is not interested: in what becomes of a CANCEL, as the INVITE's own end counts, or in what is over."""

    def received(self, client: ClientTransaction, response: Response, now: float) -> None: ...

    def found(self, client: ClientTransaction, others: Sequence[Destination], now: float) -> None: ...

    def timed_out(self, client: ClientTransaction, now: float) -> None: ...

    def failed(self, client: ClientTransaction, now: float) -> None: ...

    def cut_off(self, client: ClientTransaction, now: float) -> None: ...


NOBODY = Nobody()


class ClientSurroundings(Surroundings, Protocol):
    """What a client transaction needs of its layer: an INVITE that is cancelled starts another one."""

    def client(self, request: Request, target: Target, user: ClientUser, now: float) -> ClientTransaction: ...


class ClientTransaction(Transaction):
    """A request sent to `target`; `key` comes back with a transport error."""

    __slots__ = ("_data", "_interval", "_user", "request", "response")

    _layer: ClientSurroundings

    def __init__(
        self, request: Request, key: str, target: Target, user: ClientUser, layer: ClientSurroundings, state: StrEnum
    ) -> None:
        super().__init__(key, target, layer, state)
        self.request = request
        self.response: Response | None = None
        """The latest one."""
        self._user = user
        self._data = request.encode()
        self._interval = T1

    @property
    def is_wanted(self) -> bool:
        """Whether its request is still to go out, where that has taken a while: nothing was heard, nobody gave up."""
        raise NotImplementedError

    def begin(self, now: float) -> None:
        """Sends the request and starts the timers."""
        raise NotImplementedError

    def receive(self, response: Response, now: float) -> None:
        """A response that matches has come."""
        raise NotImplementedError

    def flow_closed(self, now: float) -> None:
        """The connection is closed: what nobody has answered has failed."""
        self.transport_failed(now)

    def sent_over(self, target: Target, others: Sequence[Destination], now: float) -> None:
        """It has found its way: its copies, its CANCEL and its ACK follow (9.1, 17.1.1.3; RFC 3263 section 4)."""
        self.target = target
        if others:
            self._user.found(self, others, now)

    def cancel(self, now: float, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Cancels an INVITE (9.1); no other request should be, so nothing happens to those."""

    def give_up(self, now: float) -> None:
        """Whoever it is to has been reached in another way: it is not repeated, and an INVITE is cancelled."""
        self.cancel(now)

    def _let_go(self) -> None:
        """It has its answer and is not sent again: all that stays of it for its last timer is its place."""
        self.response = None
        del self.request, self._data

    def _tell(self, now: float) -> None:
        assert self.response is not None
        self._user.received(self, self.response, now)


class NonInviteClientState(StrEnum):
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    TERMINATED = "Terminated"


class NonInviteClientEvent(StrEnum):
    PROVISIONAL = "1xx"
    FINAL = "200-699"
    TIMER_E = "Timer E fires"
    TIMER_F = "Timer F fires"
    TIMER_K = "Timer K fires"
    TRANSPORT_ERROR = TRANSPORT_ERROR


class NonInviteClientTransaction(ClientTransaction):
    """Figure 6."""

    __slots__ = ()

    def __init__(
        self, request: Request, key: str, target: Target, user: ClientUser, layer: ClientSurroundings
    ) -> None:
        super().__init__(request, key, target, user, layer, NonInviteClientState.TRYING)

    @property
    def is_wanted(self) -> bool:
        return self.state is NonInviteClientState.TRYING

    def begin(self, now: float) -> None:
        self._send(self._data)
        if not self.reliable:
            self._start(NonInviteClientEvent.TIMER_E, T1, now)
        self._start(NonInviteClientEvent.TIMER_F, TIMEOUT, now)

    def receive(self, response: Response, now: float) -> None:
        self.response = response
        self._take(NonInviteClientEvent.PROVISIONAL if response.status < 200 else NonInviteClientEvent.FINAL, now)

    def _retransmit(self, now: float) -> None:
        self._send(self._data)
        self._interval = min(2 * self._interval, T2)
        self._start(NonInviteClientEvent.TIMER_E, self._interval, now)

    def _retransmit_slowly(self, now: float) -> None:
        self._send(self._data)
        self._start(NonInviteClientEvent.TIMER_E, T2, now)

    def _proceed(self, now: float) -> None:
        self.state = NonInviteClientState.PROCEEDING
        self._tell(now)

    def _complete(self, now: float) -> None:
        self.state = NonInviteClientState.COMPLETED
        self._stop_all()
        self._start(NonInviteClientEvent.TIMER_K, 0 if self.reliable else T4, now)
        self._tell(now)
        self._let_go()
        self._user = NOBODY  # there is one final response: what its user keeps for it goes now

    def give_up(self, now: float) -> None:
        self._terminate(now)

    def _time_out(self, now: float) -> None:
        self._terminate(now)
        self._user.timed_out(self, now)

    def _fail(self, now: float) -> None:
        self._terminate(now)
        self._user.failed(self, now)

    def _terminate(self, now: float) -> None:
        self.state = NonInviteClientState.TERMINATED
        self._leave()

    _S, _E = NonInviteClientState, NonInviteClientEvent
    ARROWS: ClassVar = {
        (_S.TRYING, _E.TIMER_E): _retransmit,
        (_S.TRYING, _E.TIMER_F): _time_out,
        (_S.TRYING, _E.TRANSPORT_ERROR): _fail,
        (_S.TRYING, _E.PROVISIONAL): _proceed,
        (_S.TRYING, _E.FINAL): _complete,
        (_S.PROCEEDING, _E.TIMER_E): _retransmit_slowly,
        (_S.PROCEEDING, _E.TIMER_F): _time_out,
        (_S.PROCEEDING, _E.TRANSPORT_ERROR): _fail,
        (_S.PROCEEDING, _E.PROVISIONAL): ClientTransaction._tell,
        (_S.PROCEEDING, _E.FINAL): _complete,
        (_S.COMPLETED, _E.TIMER_K): _terminate,
    }
    IGNORED = frozenset(
        {
            (_S.TRYING, _E.TIMER_K),  # starts in Completed
            (_S.PROCEEDING, _E.TIMER_K),
            (_S.COMPLETED, _E.PROVISIONAL),  # late ones
            (_S.COMPLETED, _E.FINAL),
            (_S.COMPLETED, _E.TIMER_E),  # stopped
            (_S.COMPLETED, _E.TIMER_F),
            (_S.COMPLETED, _E.TRANSPORT_ERROR),  # the request has arrived, and its answer too
            *product((_S.TERMINATED,), _E),
        }
    )
