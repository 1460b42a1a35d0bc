"""The transaction layer: to which transaction a message belongs (RFC 3261 sections 17 and 18.2.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .client_transaction import ClientTransaction, ClientUser, NonInviteClientTransaction
from .errors import ParseError
from .finished_answers import FinishedAnswers
from .invite_client_transaction import InviteClientTransaction
from .invite_server_transaction import InviteServerState, InviteServerTransaction
from .matching import ack_keys, client_key, key_below, own_key, response_key, server_key
from .message import Ingredients, Request, Response
from .response_target import response_target
from .server_transaction import NonInviteServerEvent, NonInviteServerTransaction, ServerTransaction
from .timers import TRYING_AFTER, Deadlines
from .transaction import Transaction
from .wire import Destination, Flow, Send, Target


class TransactionLayer:
    """All live transactions. The core makes them for requests that have passed its checks, so a stranger makes none."""

    def __init__(self, deadlines: Deadlines, send: Callable[[Send], None]) -> None:
        self.deadlines = deadlines
        self.finished = FinishedAnswers(deadlines)
        self.send = send
        """For what a transaction wants to send."""
        self.trying = deadlines.delays[NonInviteServerEvent.TRYING_DUE, TRYING_AFTER]
        """At hand: a REGISTER that waits for the disk begins with it."""
        self._clients: dict[str, ClientTransaction] = {}
        self._servers: dict[str, ServerTransaction] = {}

    def __len__(self) -> int:
        """Live transactions; `len(finished)` more are kept as answers only."""
        return len(self._clients) + len(self._servers)

    # -- requests ----------------------------------------------------------------------------------------------------

    def receive_request(self, request: Request, now: float) -> bool:
        """Whether the request ends here: a retransmission, or the ACK to a 300-699 response. Raises ParseError."""
        if request.method == "ACK":
            return self._receive_ack(request, now)
        key = server_key(request)
        finished = self.finished.get(key)
        if finished is not None:
            answer, target = finished
            if answer:
                self.send(Send(answer, target))
            return True
        server = self._servers.get(key)
        if server is not None:
            server.receive(request, now)
        return server is not None

    def expects(self, key: str) -> bool:
        """Whether a server transaction of that key is alive."""
        return key in self._servers

    def _receive_ack(self, ack: Request, now: float) -> bool:
        server = self._acknowledged(ack)
        if server is None or server.state is InviteServerState.ACCEPTED:  # the ACK to a 2xx is the user's (RFC 6026)
            return False
        server.receive(ack, now)
        return True

    def _acknowledged(self, ack: Request) -> InviteServerTransaction | None:
        old = ack.transaction_name is None
        for key in ack_keys(ack):
            server = self._servers.get(key)
            if isinstance(server, InviteServerTransaction) and not (old and _answered_otherwise(server, ack)):
                return server
        return None

    def server(self, request: Request, flow: Flow, now: float) -> ServerTransaction:
        """A server transaction for a request that `receive_request` left to the core."""
        make = InviteServerTransaction if request.method == "INVITE" else NonInviteServerTransaction
        key = server_key(request)
        server = self._servers[key] = make(request, flow, key, self)
        server.begin(now)
        return server

    def server_under(
        self, key: str, request: Request, flow: Flow, target: Flow, now: float
    ) -> NonInviteServerTransaction:
        """A non-INVITE one where key and target are known: nothing of the request is read."""
        server = self._servers[key] = NonInviteServerTransaction(request, flow, key, self, target)
        server.begin(now)
        return server

    def answer(self, request: Request, flow: Flow, response: Response, now: float) -> None:
        """A non-INVITE request and its final response in one step: the way of most REGISTERs, no machine made."""
        encoded, target = response.encode(), response_target(request, flow)
        self.send(Send(encoded, target))
        if not target.reliable:
            self.finished.add(server_key(request), encoded, target, now)

    def knows(self, key: str) -> bool:
        """Whether a request with that key would be a retransmission."""
        return key in self._servers or self.finished.holds(key)

    def finish(self, transaction: NonInviteServerTransaction, answer: bytes | Ingredients, now: float) -> None:
        """A non-INVITE server transaction over UDP is Completed: its key and answer are kept."""
        assert isinstance(transaction.target, Flow)
        self.finished.add(transaction.key, answer, transaction.target, now)

    def invite(self, cancel: Request, flow: Flow) -> ServerTransaction | None:
        """The INVITE server transaction that a CANCEL names (9.2); both have to come from the same address."""
        server = self._servers.get(server_key(cancel, "INVITE"))
        return server if server is not None and server.flow.remote[0] == flow.remote[0] else None

    def contexts(self, flow: Flow | None = None) -> list[object]:
        """What hangs on server transactions, all or those whose requests came so."""
        servers = [server for server in self._servers.values() if flow is None or server.flow == flow]
        return [server.context for server in servers if server.context is not None]

    def is_own(self, request: Request) -> bool:
        """Whether the request is one that we have just sent: its top Via's branch names a live client transaction."""
        return client_key(request.via.branch or "", request.method) in self._clients

    def sender_of(self, spiral: Request) -> str:
        """For whom the request is counted that this one of ours was made from; "" where nobody is."""
        server = self._servers.get(key_below(spiral))
        return server.sender if server is not None else ""

    # -- responses ---------------------------------------------------------------------------------------------------

    def client(
        self, request: Request, target: Target, user: ClientUser, now: float, branch: str | None = None
    ) -> ClientTransaction:
        """Sends a request, our Via with a unique branch on top, in a client transaction of its own.

        `branch`: of that Via, where it is at hand.
        """
        make = InviteClientTransaction if request.method == "INVITE" else NonInviteClientTransaction
        key = client_key(branch or request.via.branch or "", request.method)
        client = self._clients[key] = make(request, key, target, user, self)
        client.begin(now)
        return client

    def receive_response(self, response: Response, now: float) -> bool:
        """Whether a client transaction takes the response; else drop it (RFC 6026 section 8.9), as one past reading."""
        try:
            client = self._clients.get(response_key(response))
        except ParseError:
            return False
        if client is not None:
            client.receive(response, now)
        return client is not None

    # -- both --------------------------------------------------------------------------------------------------------

    def transport_failed(self, key: str, now: float) -> None:
        """What was sent with that key did not go out (17.1.4, 17.2.4)."""
        transaction = self._clients.get(key) or self._servers.get(key)
        if transaction is not None:
            transaction.transport_failed(now)

    def sent_over(self, key: str, target: Target, now: float, others: Sequence[Destination] = ()) -> None:
        """A request to a destination has gone there, the first of several where there are `others`, and fails with that
        connection. A destination: it goes there once more."""
        client = self._clients.get(key)
        if client is not None:
            client.sent_over(target, others, now)

    def is_wanted(self, key: str) -> bool:
        """Whether what waits with that key, while its way is looked for, is still to be sent; without a key always."""
        client = self._clients.get(key)
        return client.is_wanted if client is not None else not key or key in self._servers

    def unreached(self, data: bytes, now: float) -> None:
        """ICMP gives back the first bytes of what was sent and can't arrive (18.4).

        The branch is proof: who was not on the way can't know it, so nobody else can make a call fail.
        """
        client = self._clients.get(own_key(data) or "")
        if client is not None:
            client.transport_failed(now)

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone: requests on it that nobody has answered yet have failed (17.1.4)."""
        for client in [client for client in self._clients.values() if client.target == flow]:
            client.flow_closed(now)

    def forget(self, transaction: Transaction) -> None:
        """A transaction is Terminated, or has shrunk to its answer."""
        for alive in (self._clients, self._servers):
            if alive.get(transaction.key) is transaction:
                del alive[transaction.key]


def _answered_otherwise(server: InviteServerTransaction, ack: Request) -> bool:
    # An old phone's ACK is matched by the response's To tag as well (17.2.3): that to a 2xx differs in nothing else.
    return server.refusal is None or server.refusal.to.tag != ack.to.tag
