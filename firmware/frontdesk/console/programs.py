"""Machine mode of the serial line: requests of programs in frames, done by the verbs of `control`.

The frames and requests: firmware/panel_link/README.md. While a box has an admin password, a stranger gets `hello`,
`status` without names, and `login`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import secrets
from collections.abc import Coroutine
from typing import Any

from panel_link.answering import LONGEST_REQUEST, Answerer, Exchange
from panel_link.messages import LOG_IN

from .. import __version__
from ..control import TABLE, Box, VerbError, requests, run
from ..control.candidate import EDITOR, PROGRAM
from ..control.errors import Answer
from ..control.throttle import SERIAL_LINE
from .identity import hostname, serial_number

SILENCE = 30.0
"""Seconds without a whole frame, and the line belongs to people again: a zero may be noise, and people type on."""
LONGEST_OF_STRANGERS = 4096
"""Bytes of a request."""
FOR_STRANGERS = ("hello", "status", "login")
STATUS_OF_STRANGERS = ("version", "uptime", "accounts", "bindings", "calls", "provisioned")
BRING_A_PASSWORD = ("import", "restore")
"""They may end every session; whoever asked stays inside, for the answer is still to be fetched."""
MOST_STEPS = 10_000
PRODUCT = "frontdesk"

_log = logging.getLogger(__name__)


class Programs:
    """Bytes in, bytes out; what takes time is done beside, and asked for by the other end until it is done."""

    def __init__(self, box: Box, serial: str = "") -> None:
        self._box = box
        self._admin = box.admin
        self._serial = serial or serial_number()
        self._line = Answerer(PRODUCT, secrets.randbits(32))
        self._entered: int | None = None
        """The epoch in which somebody has logged in, or came before there was a password."""
        self._visits = 0
        """That have ended: what one of them has asked for does not let the next one in."""
        self._heard_at = -math.inf
        self._working: set[asyncio.Task[None]] = set()

    def receive(self, data: bytes, now: float) -> bytes:
        """What is to be sent for the bytes that came; called on the loop."""
        if now - self._heard_at > SILENCE:
            self.log_out()
        if not self._admin.is_set:
            self._entered = self._admin.epoch
        self._line.locked = not self._inside
        self._line.longest = LONGEST_REQUEST if self._inside else LONGEST_OF_STRANGERS
        reply = self._line.receive(data)
        if self.heard:
            self._heard_at = now
        for exchange in self._line.pending:
            self._start(exchange)
        self._line.pending.clear()
        return reply

    @property
    def heard(self) -> bool:
        """It was a program that sent the last bytes."""
        return self._line.heard

    @property
    def left(self) -> bool:
        """The program has said that the line is people's again."""
        return self._line.left

    def log_out(self) -> None:
        """Who is next has to log in."""
        self._entered = None
        self._visits += 1

    @property
    def _inside(self) -> bool:
        return self._entered == self._admin.epoch

    # -- one request ---------------------------------------------------------------------------------------------------

    def _start(self, exchange: Exchange) -> None:
        try:
            verb, arguments = requests.read(bytes(exchange.request))
        except VerbError as error:
            exchange.answer = _encoded({"error": str(error)})
            return
        exchange.request = bytearray()
        exchange.private = self._inside and verb != "login"
        if not self._inside and verb not in FOR_STRANGERS:
            exchange.answer = _encoded({"error": LOG_IN})
            return
        task = asyncio.get_running_loop().create_task(self._finish(exchange, self._do(verb, arguments, self._visits)))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _finish(self, exchange: Exchange, work: Coroutine[Any, Any, Any]) -> None:
        EDITOR.set(PROGRAM)
        exchange.answer = _encoded(await requests.answered(work))

    async def _do(self, verb: str, arguments: dict[str, object], visit: int) -> Any:
        if verb == "hello":
            return self._hello()
        if verb == "login":
            return await self._login(arguments.get("password"), visit)
        if verb == "all":
            return await self._all(arguments.get("steps"))
        answer = await run(self._box, verb, arguments)
        if verb in BRING_A_PASSWORD:
            self._let_in(visit)
        if verb == "status" and not self._inside:
            return {key: answer[key] for key in STATUS_OF_STRANGERS}
        return answer

    def _hello(self) -> Answer:
        who = {"product": PRODUCT, "version": __version__, "serial": self._serial, "hostname": hostname()}
        if not self._inside:
            return who | {"login": True}
        return who | {"login": False, "password": self._admin.is_set, "verbs": list(TABLE)}

    async def _login(self, password: object, visit: int) -> Answer:
        if not isinstance(password, str) or not await self._admin.check(password, SERIAL_LINE):
            _log.warning("a program gave a wrong admin password on the serial line")
            raise VerbError("That is not the admin password.")
        _log.info("a program logged in on the serial line")
        self._let_in(visit)
        return {}

    def _let_in(self, visit: int) -> None:
        """Whoever has asked for it, if he is still there."""
        if visit == self._visits:
            self._entered = self._admin.epoch

    async def _all(self, steps: object) -> Answer:
        """One after the other, up to the first that is refused."""
        if not isinstance(steps, list) or len(steps) > MOST_STEPS:
            raise VerbError(f"The steps are a list of at most {MOST_STEPS} requests.")
        checked = [requests.checked(step) for step in steps]
        answers: list[Any] = []
        for verb, arguments in checked:
            try:
                answers.append(await run(self._box, verb, arguments))
            except VerbError as error:
                return {"answers": answers, "error": str(error)}
        return {"answers": answers}


def _encoded(answer: Answer) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
