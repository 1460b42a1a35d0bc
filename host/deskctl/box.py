"""A box at the other end of a cable: its verbs, through pulled cables."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from panel_link import asking
from panel_link.asking import Anew, Asker, Call, LinkError
from panel_link.messages import LOG_IN

from .cable import Cable, CableGone

COMES_BACK = 60.0
"""Seconds that a pulled cable has."""
GREETS_WITHIN = 3.0
STRANGE = "The box answers in a way that is not known here."
HELLO = {"serial", "hostname", "version", "login"}
"""What every box tells of itself."""
ERASE_LINE = b"\x15"
"""Ctrl-U: a plug that goes in makes noise, and where something is typed already the console takes frames for typing."""


class Refused(Exception):
    """The box will not do it; the text is its sentence."""


class StepRefused(Refused):
    """One of several; `done`: how many before it were done."""

    def __init__(self, sentence: str, done: int) -> None:
        super().__init__(sentence)
        self.done = done


class NeedsLogin(Refused):
    """The box wants the admin password."""


class AnotherBox(LinkError):
    """What was begun is another one's; the text says which is at the cable now."""


class Progress(Protocol):
    """A bar for one request."""

    def moved(self, sent: int, to_send: int, got: int, to_get: int | None) -> None: ...
    def lost(self) -> None: ...
    def hidden(self) -> AbstractContextManager[None]:
        """While the person is asked something."""


class _Quiet:
    """No bar."""

    def moved(self, sent: int, to_send: int, got: int, to_get: int | None) -> None: ...
    def lost(self) -> None: ...
    def hidden(self) -> AbstractContextManager[None]:
        return nullcontext()


class _Call(Call):
    def __init__(self, request: bytes, progress: Progress) -> None:
        super().__init__(secrets.randbits(32), request)
        self.progress = progress

    def moved(self) -> None:
        self.progress.moved(self.sent, len(self.request), len(self.answer), self.total)


class Box:
    """Each method raises Refused, LinkError, or CableGone where the cable does not come back."""

    def __init__(
        self, cable: Cable, password: Callable[[], str], comes_back: float = COMES_BACK, serial: str | None = None
    ) -> None:
        """`password` is asked for once, and only if the box wants one. `serial`: it is for the box with that serial
        number alone; None: for the one that answers first."""
        self._cable = cable
        self._ask_password = password
        self.password: str | None = None
        self._comes_back = comes_back
        self._asker: Asker | None = None
        self._instance: int | None = None
        self._serial = serial
        self._resent = 0
        self.hello: dict[str, Any] = {}

    @property
    def resent(self) -> int:
        """Frames that had to be sent again."""
        return self._resent + (self._asker.resent if self._asker else 0)

    def connect(self, patience: float = 0.0, greets_within: float = GREETS_WITHIN) -> dict[str, Any]:
        """Opens the cable and finds out who is there, without a login. Raises AnotherBox where it is not the one that
        was there before: nothing is sent to it."""
        self._cable.close()
        self._cable.open(patience)
        self._cable.write(ERASE_LINE)
        asker = Asker(self._cable)
        asker.greet(greets_within)
        self.hello = _answer(asker.run(_Call(_request("hello", {}), _Quiet())))
        if not isinstance(self.hello, dict) or not self.hello.keys() >= HELLO:
            raise LinkError(STRANGE)
        self._check_serial(asker)
        self._asker, self._instance = asker, asker.instance
        return self.hello

    def _check_serial(self, asker: Asker) -> None:
        serial = str(self.hello["serial"])
        self._serial = self._serial or serial
        if serial != self._serial:
            asker.leave()
            raise AnotherBox(
                f"The box at the cable has the serial number {serial}; what was begun is for {self._serial}. Nothing "
                "was sent to it."
            )

    def log_in(self, progress: Progress | None = None) -> None:
        """If the box wants it; `progress`: the bar of what it is needed for."""
        if self._asker is None or not self.hello.get("login"):
            return
        if self.password is None:
            with (progress or _Quiet()).hidden():
                self.password = self._ask_password()
        request = _request("login", {"password": self.password})
        _answer(self._asker.run(_Call(request, _Quiet())))
        self.hello = _answer(self._asker.run(_Call(_request("hello", {}), _Quiet())))

    def ask(self, verb: str, progress: Progress | None = None, /, **arguments: object) -> Any:
        """The answer to a verb."""
        bar = progress or _Quiet()
        call = _Call(_request(verb, arguments), bar)
        logged_in = False
        while True:
            try:
                return self._run(call)
            except NeedsLogin:
                # The session has ended, by silence or by another password; the box keeps what was sent.
                if logged_in:
                    raise
                logged_in = True
                if call.total is not None:
                    call = _Call(call.request, bar)
                self.hello["login"] = True
                self.log_in(bar)
            except CableGone:
                if self._asker is None:
                    raise
                self._resent = self.resent
                self._asker = None
                bar.lost()

    def _run(self, call: _Call) -> Any:
        if self._asker is None:
            self._connect_again(call)
        assert self._asker is not None
        try:
            return _answer(self._asker.run(call))
        except asking.Refused as error:
            raise (NeedsLogin(LOG_IN) if str(error) == LOG_IN else Refused(str(error))) from None

    def all(self, steps: list[tuple[str, dict[str, object]]], progress: Progress | None = None) -> list[Any]:
        """The answers to several; none is done before all have come to the box."""
        requests = [{"verb": verb, "arguments": arguments} for verb, arguments in steps]
        answer = self.ask("all", progress, steps=requests)
        if "error" in answer:
            done = len(answer["answers"])
            raise StepRefused(f"Step {done + 1} of {len(steps)}, {steps[done][0]}: {answer['error']}", done)
        return list(answer["answers"])

    def close(self) -> None:
        """Gives the line back to people."""
        try:
            if self._asker is not None:
                self._asker.leave()
        except (LinkError, CableGone):
            pass  # It comes back by itself after a while.
        self._cable.close()

    def _connect_again(self, call: _Call) -> None:
        before = self._instance
        self.connect(self._comes_back)
        if before != self._instance and call.sent == len(call.request):
            raise Anew("The box was started anew meanwhile; look what it has done, and ask again.")
        self.log_in(call.progress)


def _request(verb: str, arguments: dict[str, object]) -> bytes:
    return json.dumps({"verb": verb, "arguments": arguments}, ensure_ascii=False, separators=(",", ":")).encode()


def _answer(text: bytes) -> Any:
    try:
        answer = json.loads(text)
    except ValueError:
        raise LinkError(STRANGE) from None
    if not isinstance(answer, dict) or not answer.keys() & {"error", "answer"}:
        raise LinkError(STRANGE)
    if "error" in answer:
        raise (NeedsLogin if answer["error"] == LOG_IN else Refused)(answer["error"])
    return answer["answer"]
