"""/api/1/: the box for programs, as JSON. A Bearer token (RFC 6750 section 2.1) opens it, and nothing else does.

Errors are {"error": "one sentence"}: 400 where the request cannot be, 401 without a good token, 403 where it may only
read, 404 for what is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bottle import HTTPResponse, request

from frontdesk.control import TABLE, Kind, Role, VerbError, read_count
from frontdesk.control.errors import NotThere

from .route import LARGE, Need, Route
from .visit import Visit


@dataclass(slots=True, frozen=True)
class Row:
    """One thing that can be asked for: a verb. What its path names and what its query or its JSON body says are the
    verb's arguments."""

    method: str
    path: str
    verb: str
    fixed: tuple[tuple[str, object], ...] = ()

    @property
    def need(self) -> Need:
        """Looking takes a read token."""
        return Need.READ_TOKEN if TABLE[self.verb].role is Role.VIEWER else Need.ADMIN_TOKEN

    @property
    def route(self) -> Route:
        """Its row in the table of routes."""
        return Route(self.method, f"/api/1/{self.path}", self.run, self.need, most=LARGE)

    def run(self, visit: Visit, **named: str) -> HTTPResponse:
        """Does it, for whoever's token is good enough; the answer as JSON."""
        role = bearer(visit)
        if role is None:
            return _json(401, {"error": "A good token is needed: Authorization: Bearer TOKEN."}, "Bearer")
        if self.need is Need.ADMIN_TOKEN and role is not Role.ADMIN:
            return _json(403, {"error": "This token may only read."})
        visit.token_role = role
        try:
            answer = visit.do(self.verb, **{**_given(visit, self.verb), **named, **dict(self.fixed)})
        except VerbError as error:
            return _json(404 if isinstance(error, NotThere) else 400, {"error": str(error)})
        if isinstance(answer, dict):
            answer.pop("first_boot_code", None)  # For eyes at the box alone: whoever may only look would run it.
        return _json(200, answer)


ROWS = (
    Row("GET", "status", "status"),
    Row("GET", "problems", "problems"),
    Row("GET", "accounts", "account list"),
    Row("POST", "accounts", "account add"),
    Row("DELETE", "accounts/<user>", "account remove"),
    Row("PUT", "accounts/<user>/enabled", "account enable"),
    Row("DELETE", "accounts/<user>/enabled", "account disable"),
    Row("PUT", "accounts/<user>/password", "account passwd"),
    Row("PATCH", "accounts/<user>", "account set"),
    Row("POST", "accounts/<user>/aliases", "alias add"),
    Row("DELETE", "accounts/<user>/aliases/<alias>", "alias remove"),
    Row("GET", "devices", "device list"),
    Row("POST", "accounts/<user>/devices", "device add"),
    Row("DELETE", "accounts/<user>/devices/<device>", "device revoke"),
    Row("GET", "bindings", "bindings"),
    Row("POST", "accounts/<user>/bindings", "binding add", (("static", True),)),
    Row("DELETE", "accounts/<user>/bindings", "binding remove"),
    Row("GET", "calls", "calls"),
    Row("GET", "events", "events"),
    Row("GET", "who", "who"),
    Row("GET", "settings", "config list"),
    Row("PUT", "settings/<key>", "config set"),
)


def bearer(visit: Visit) -> Role | None:
    """What the request's token may do."""
    scheme, _, token = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    return visit.box.admin.tokens.role(token.strip(), visit.box.clock.wall())


def _given(visit: Visit, verb: str) -> Mapping[str, object]:
    """Arguments of the query, or of the body. Raises VerbError."""
    if request.method in ("GET", "DELETE"):
        kinds = {argument.name: argument.kind for argument in TABLE[verb].arguments}
        return {key: _typed(kinds.get(key, Kind.TEXT), value) for key, value in visit.query.items()}
    body = request.body.read()
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise VerbError("The body is one JSON object.") from None
    if not isinstance(given, dict):
        raise VerbError("The body is one JSON object.")
    return given


def _typed(kind: Kind, value: str) -> object:
    if kind is Kind.COUNT:
        try:
            return read_count(value)
        except ValueError:
            raise VerbError(f"{value[:40]!r} is no number.") from None
    return value == "true" if kind is Kind.FLAG else value


def _json(status: int, answer: Any, challenge: str = "") -> HTTPResponse:
    headers = {"Content-Type": "application/json"} | ({"WWW-Authenticate": challenge} if challenge else {})
    return HTTPResponse(json.dumps(answer) + "\n", status, headers)
