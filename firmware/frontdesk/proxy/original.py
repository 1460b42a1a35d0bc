"""A received request as its branches are made from it: RFC 3261 section 16.6, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..directory import Directory
from ..sip.client_transaction import ClientTransaction
from ..sip.message import Field, Request
from ..sip.timers import Deadlines
from ..sip.transaction import EACH
from ..sip.transaction_layer import TransactionLayer
from ..sip.unread_request import UnreadRequest
from ..sip.wire import Flow, Target
from .branch import Branch
from .forwarding import (
    DROPPED,
    RECORD_ROUTED,
    as_field,
    is_private,
    local_hop,
    postprocess_routes,
    record_routes,
    shared_fields,
    shared_lines,
    via,
)
from .loop import loop_hash, make_branch
from .record_route import Side, Tokens
from .routing import Routed
from .target_set import Candidate

Shared = tuple[bytes | None, list[Field]]
"""What all branches have in common: encoded, or the fields of a request that had to be parsed."""


@dataclass(slots=True)
class Surroundings:
    """What all requests share."""

    directory: Directory
    layer: TransactionLayer
    deadlines: Deadlines
    tokens: Tokens
    random: Callable[[], str]
    """A fresh token, for branches and tags."""
    whereabouts: Callable[[Candidate], Target]
    """Where a candidate's phone is by now."""
    passed_over: Callable[[Candidate, Candidate, float], None]
    """Told of one whose phone was heard by way of the other."""
    silent: Callable[[Candidate, float], None]
    """Told of one that did not react to a call."""


class Original:
    """One request, once for all of its branches."""

    def __init__(
        self, request: Request, routed: Routed, flow: Flow, around: Surroundings, caller: Side | None, *, trusted: bool
    ) -> None:
        """`caller`: the sender's side of the dialog that may come of it; None inside a dialog. `trusted`: whether what
        he says of his identity may go on."""
        self._request = routed.request
        self._routed = routed
        self._around = around
        self._caller = caller
        self._flow = flow
        self._open = self._shared(identity=trusted)
        self._private = self._shared(identity=False) if trusted and is_private(request) else None
        # Inside a dialog there is one target, so that no loop can multiply (RFC 5393 section 4.1).
        self._second_part = loop_hash(request) if routed.dialog is None else ""

    def _shared(self, *, identity: bool) -> Shared:
        request, realm = self._request, self._around.directory.realm
        dropped = DROPPED[identity, not self._routed.routes_end]
        lines = shared_lines(request, realm, dropped)
        return lines, [] if lines is not None else shared_fields(request, realm, dropped)

    def needs(self, branches: int) -> int:
        """Bytes that are kept for as long as it is open, with so many branches."""
        lines, fields = self._open
        head = len(lines) if lines is not None else sum(len(line) for _, _, line in fields)
        return (1 + branches) * (EACH + head + len(self._request.body))

    def start(self, branch: Branch, share: int, now: float) -> ClientTransaction:
        """Step 10: sends the branch's request by a client transaction of its own."""
        parameter = self._branch_parameter()
        request = self.request_to(branch.candidate, share, parameter)
        return self._around.layer.client(request, branch.candidate.target, branch, now, parameter)

    def _branch_parameter(self) -> str:
        return make_branch(self._around.random(), self._second_part)

    def request_to(self, candidate: Candidate, share: int, branch: str = "") -> Request:
        """Steps 1 to 9 for one target and its share of Max-Breadth; `branch`: the Via's, if it is known already."""
        request = self._request
        outgoing = local_hop(candidate.target, self._around.directory)
        lines = [via(candidate.target, outgoing, branch or self._branch_parameter())]
        if request.method in RECORD_ROUTED:
            incoming = local_hop(self._flow, self._around.directory)
            lines += record_routes(self._token_for(candidate), incoming, outgoing, request.uri.scheme)
        if candidate.path:
            lines += [f"Route: {value}" for value in candidate.path]
        lines.append(f"Max-Breadth: {share}")  # RFC 5393 section 5.3.3: every forwarded request carries one
        shared = self._open if self._private is None else self._shared_with(candidate.target, self._private)
        copy = self._copy(candidate.uri, lines, shared)
        if candidate.path or self._routed.route is not None:
            postprocess_routes(copy)
        return copy

    def _shared_with(self, target: Target, private: Shared) -> Shared:
        directory, (host, port) = self._around.directory, target.remote if isinstance(target, Flow) else target[:2]
        return self._open if host in directory.peers or directory.serves(host, port) else private

    def _copy(self, uri: str, own: list[str], shared: Shared) -> Request:
        """The request with that Request-URI, and with these lines of its own on top."""
        method, body, (lines, rest) = self._request.method, self._request.body, shared
        if lines is None:
            return Request(method, uri, [*map(as_field, own), *rest], body)
        head = "\r\n".join((f"{method} {uri} SIP/2.0", *own)).encode("utf-8", "surrogateescape")
        return UnreadRequest(method, uri, b"\r\n".join((head, lines, b"", body)))

    def _token_for(self, candidate: Candidate) -> str:
        dialog = self._routed.dialog
        if dialog is not None:
            return dialog.token
        return self._around.tokens.mint(self._request, self._caller or Side(0, None), candidate.token_side)
