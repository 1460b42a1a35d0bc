"""What server transactions share, and the non-INVITE one (RFC 3261 section 17.2.2, RFC 4320)."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import ClassVar, Protocol

from .message import Ingredients, Request, Response
from .response_target import reconnection_target, response_target
from .timers import Delay
from .transaction import EACH, TRANSPORT_ERROR, Surroundings, Transaction
from .wire import Destination, Flow


class ServerSurroundings(Surroundings, Protocol):
    """What a server transaction needs of its layer."""

    @property
    def trying(self) -> Delay: ...

    def finish(self, transaction: NonInviteServerTransaction, answer: bytes | Ingredients, now: float) -> None: ...


class Room(Protocol):
    """The memory for requests that are open, which those who send them share."""

    def take(self, sender: str, size: int) -> None: ...

    def give_back(self, sender: str, size: int) -> None: ...


class ServerTransaction(Transaction):
    """A request received over `flow`, and the responses to it."""

    __slots__ = ("_answer", "_given", "_moved", "_taken", "_way_back", "context", "flow", "request")

    _layer: ServerSurroundings

    def __init__(
        self,
        request: Request,
        flow: Flow,
        key: str,
        layer: ServerSurroundings,
        state: StrEnum,
        target: Flow | None = None,
    ) -> None:
        Transaction.__init__(self, key, target or response_target(request, flow), layer, state)
        self.request = request
        self.flow = flow
        self.context: object | None = None
        """The transaction user's own."""
        self._answer = b""  # the latest response
        self._given: Response | None = None  # what the user has just handed in
        self._moved = False
        self._way_back: Destination | None = None  # once the request is gone
        self._taken: tuple[Room, str, int] | None = None

    def take(self, room: Room, sender: str, size: int) -> None:
        """It takes so many bytes, for its sender, as long as it keeps its messages."""
        self._taken = room, sender, size
        room.take(sender, size)

    @property
    def sender(self) -> str:
        """For whom it is counted; "" where it is not, or no longer."""
        return self._taken[1] if self._taken is not None else ""

    def keep(self, response: bytes, before: bytes = b"") -> None:
        """A response is kept as well, here or by its user, in place of the one before: large ones count."""
        if self._taken is not None and (len(response) > EACH or len(before) > EACH):
            room, sender, size = self._taken
            more = _counted(response) - _counted(before)
            self._taken = room, sender, size + more
            room.take(sender, more)

    def _give_back(self) -> None:
        if self._taken is not None:
            room, sender, size = self._taken
            self._taken = None
            room.give_back(sender, size)

    def begin(self, now: float) -> None:
        """Starts what runs from the request on."""

    def respond(self, response: Response, now: float) -> None:
        """The user's response: provisional, final, or one more 2xx to an INVITE."""
        raise NotImplementedError

    def receive(self, request: Request, now: float) -> None:
        """The request has come again, or its ACK."""
        raise NotImplementedError

    def let_go(self) -> None:
        """Its user has given the final response. Of the request nobody needs more than where a new connection leads."""
        if self.reliable:
            self._way_back = reconnection_target(self.request, self.flow)
        del self.request

    def _leave(self) -> None:
        self.context = None  # which knows this transaction: no cycle is left for the garbage collector
        self._give_back()
        Transaction._leave(self)

    def _respond(self, now: float) -> None:
        assert self._given is not None
        answer = self._given.encode()
        self.keep(answer, self._answer)
        self._answer = answer
        self._send(answer)

    def _reconnect(self, now: float) -> None:
        # The state stays as it is (RFC 6026 section 8.8); a response whose connection is gone gets a new one (18.2.2).
        if self.reliable and not self._moved:
            self._moved = True
            self.target = self._way_back or reconnection_target(self.request, self.flow)
            self._repeat(now)

    def _repeat(self, now: float) -> None:
        if self._answer:
            self._send(self._answer)


def _counted(response: bytes) -> int:
    """Bytes of a large one, parsed and as it goes on."""
    return 2 * len(response) if len(response) > EACH else 0


class NonInviteServerState(StrEnum):
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    TERMINATED = "Terminated"


class NonInviteServerEvent(StrEnum):
    REQUEST = "Request"
    PROVISIONAL = "1xx from TU"
    FINAL = "200-699 from TU"
    TIMEOUT = "408 from TU"
    TRYING_DUE = "no response until Timer E is at T2"
    TIMER_J = "Timer J fires"
    TRANSPORT_ERROR = TRANSPORT_ERROR


class NonInviteServerTransaction(ServerTransaction):
    """Figure 8, with RFC 4320: no provisional response but 100, over UDP only when Timer E is at T2; no 408.

    In Completed over UDP nothing is left of it but its key and its answer, among the layer's `FinishedAnswers`.
    """

    __slots__ = ()

    def __init__(
        self, request: Request, flow: Flow, key: str, layer: ServerSurroundings, target: Flow | None = None
    ) -> None:
        """`target`: where its answers go, if that is known."""
        ServerTransaction.__init__(self, request, flow, key, layer, NonInviteServerState.TRYING, target)

    def begin(self, now: float) -> None:
        self._waits_in = self._layer.trying.alone
        self._layer.trying.start(self, now)

    def respond(self, response: Response, now: float) -> None:
        self._given = response
        if response.status < 200:
            self._take(NonInviteServerEvent.PROVISIONAL, now)
        elif response.status == 408:
            self._take(NonInviteServerEvent.TIMEOUT, now)
        else:
            self._take(NonInviteServerEvent.FINAL, now)

    def receive(self, request: Request, now: float) -> None:
        self._take(NonInviteServerEvent.REQUEST, now)

    def _proceed(self, now: float) -> None:
        # RFC 4320 section 4.1: over UDP the 100 waits for its time, and no other provisional response is sent at all.
        if self.reliable and self._given is not None and self._given.status == 100:
            self.state = NonInviteServerState.PROCEEDING
            self._respond(now)

    def _try(self, now: float) -> None:
        self.state = NonInviteServerState.PROCEEDING
        self._given = Response.to_request(self.request, 100)
        self._respond(now)

    def complete(self, answer: bytes, kept: bytes | Ingredients, now: float) -> None:
        """A final response that is encoded already, the first one; `kept`: what is kept of it."""
        self.state = NonInviteServerState.COMPLETED
        self._send(answer)
        self._shrink(kept, now)

    def _complete(self, now: float) -> None:
        assert self._given is not None
        answer = self._given.encode()
        self.complete(answer, self._given.ingredients or answer, now)
        self._given = None

    def _complete_silently(self, now: float) -> None:
        # RFC 4320 section 4.2: the client has timed out as well; its last retransmissions are still absorbed.
        self.state = NonInviteServerState.COMPLETED
        self._shrink(b"", now)

    def _shrink(self, answer: bytes | Ingredients, now: float) -> None:
        if self.reliable:
            self._terminate(now)  # Timer J is zero
        else:
            self._leave()
            self._layer.finish(self, answer, now)

    def _terminate(self, now: float) -> None:
        self.state = NonInviteServerState.TERMINATED
        self._leave()

    _S, _E = NonInviteServerState, NonInviteServerEvent
    ARROWS: ClassVar = {
        (_S.TRYING, _E.PROVISIONAL): _proceed,
        (_S.TRYING, _E.TRYING_DUE): _try,
        (_S.TRYING, _E.FINAL): _complete,
        (_S.TRYING, _E.TIMEOUT): _complete_silently,
        (_S.PROCEEDING, _E.REQUEST): ServerTransaction._repeat,
        (_S.PROCEEDING, _E.TRANSPORT_ERROR): ServerTransaction._reconnect,
        (_S.PROCEEDING, _E.FINAL): _complete,
        (_S.PROCEEDING, _E.TIMEOUT): _complete_silently,
    }
    IGNORED = frozenset(
        {
            (_S.TRYING, _E.REQUEST),  # nothing to repeat yet
            (_S.TRYING, _E.TRANSPORT_ERROR),  # nothing has been sent
            (_S.PROCEEDING, _E.PROVISIONAL),  # its 100 has been sent
            (_S.PROCEEDING, _E.TRYING_DUE),
            *product((_S.TRYING, _S.PROCEEDING), (_E.TIMER_J,)),
            # Completed: Request and Timer J are dealt with in FinishedAnswers; other final responses are discarded.
            *product((_S.COMPLETED, _S.TERMINATED), _E),
        }
    )
