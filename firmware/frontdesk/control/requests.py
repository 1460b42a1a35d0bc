"""What programs ask of the box, and what they are told.

{"verb": "account add", "arguments": {...}} brings {"answer": ...} or {"error": "one sentence"}.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable
from typing import Any

from .errors import VerbError

_log = logging.getLogger(__name__)

Request = tuple[str, dict[str, object]]
"""A verb and its arguments."""


def read(data: bytes) -> Request:
    """One request. Raises VerbError."""
    try:
        request = json.loads(data)
    except (ValueError, RecursionError):
        raise VerbError("A request is one JSON object on one line.") from None
    return checked(request)


def checked(request: object) -> Request:
    """The same of what was read already. Raises VerbError."""
    if not isinstance(request, dict) or not isinstance(request.get("verb"), str):
        raise VerbError('A request is an object with a "verb".')
    arguments = request.get("arguments", {})
    if not isinstance(arguments, dict):
        raise VerbError('The "arguments" are an object.')
    return request["verb"], arguments


async def answered(work: Awaitable[Any]) -> dict[str, Any]:
    """What becomes of it, as it is told."""
    try:
        return {"answer": await work}
    except VerbError as error:
        return {"error": str(error)}
    except Exception:
        _log.exception("a request of a program failed")
        return {"error": "The box could not do that; its log says why."}
