"""One request: who asks, what the box answers him, and how it is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bottle import template

from frontdesk import __version__
from frontdesk.control import Box, Role, run
from frontdesk.control.candidate import EDITOR
from frontdesk.control.errors import Refused, Sentence
from frontdesk.control.passwords import is_password
from frontdesk.control.text import code, ending, length, weak
from frontdesk.control.times import iso

from . import language, static
from .language import N_
from .sessions import Notice, Session, Sessions
from .site import OnLoop, Site

VIEWS = [str(Path(__file__).parent / "views")]
"""The very same list each time: Bottle keeps each template for good, by the list that it was looked for in."""
Spoken = Callable[[str, Mapping[str, object]], str]
"""The console's line for a verb and its arguments; empty: there is none."""

STATES = {"calling": N_("calling"), "ringing": N_("ringing")}


@dataclass(slots=True)
class House:
    """What all requests share."""

    box: Box
    on_loop: OnLoop
    site: Site
    spoken: Spoken
    sessions: Sessions


@dataclass(slots=True)
class Visit:
    """What a page is given."""

    house: House
    path: str
    host: str
    """As the browser wrote it, with no port."""
    source: str
    """The browser's address."""
    query: Mapping[str, str]
    loopback: bool
    """Whether it comes from the box itself."""
    secure: bool
    """Whether it came over TLS."""
    may_log_in: bool
    """Whether a password may be typed here."""
    texts: language.Language
    language: str
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    cookie: str = ""
    session: Session | None = None
    token_role: Role | None = None
    """What a program's token may do."""
    error: str = ""
    """Why what was asked for was not done."""
    headers: dict[str, str] = field(default_factory=dict)
    told: list[Notice] = field(default_factory=list)
    """Of this page alone, where no session keeps it for the next."""

    @property
    def box(self) -> Box:
        """What is served."""
        return self.house.box

    @property
    def role(self) -> Role:
        """What this visitor may do."""
        return self.token_role or (self.session.role if self.session else Role.VIEWER)

    @property
    def cards(self) -> dict[tuple[str, str], str]:
        """Account and device ("": the account's own) -> the password that was made for it in this session, as long as
        it is the one that its phone needs."""
        made = self.session.cards.copy() if self.session is not None else {}  # Another tab of his may add some.
        return {card: password for card, password in made.items() if self._is_good(*card, password)}

    def _is_good(self, user: str, device: str, password: str) -> bool:
        account = self.box.directory.accounts.get(user)
        return account is not None and is_password(account, device, self.box.directory.realm, password)

    @property
    def first(self) -> int:
        """How many rows of a long table come before those that are asked for."""
        start = self.query.get("start", "")
        return int(start) if start.isascii() and start.isdecimal() and len(start) < 8 else 0

    def next_host(self, settings: Mapping[str, str]) -> str:
        """Where this page is once these settings are in use; empty: where it is now, as far as is known."""
        if (address := settings.get("net.address", "dhcp")) != "dhcp":
            return address.partition("/")[0]
        before, (name, dot, domain) = self.box.settings.hostname, self.host.partition(".")
        renamed = settings.get("hostname", before)
        return f"{renamed}{dot}{domain}" if name in (before, self.house.site.host) and renamed != before else ""

    def on_loop(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Does something where the box lives."""
        return self.house.on_loop(work)

    def do(self, words: str, /, **arguments: object) -> Any:
        """The answer of a verb. Raises VerbError."""

        async def work() -> Any:
            EDITOR.set(Sentence(N_("The page, from {source},"), source=self.source))
            return await run(self.box, words, arguments, self.role)

        return self.on_loop(work)

    def change(self, said: str, words: str, /, **arguments: object) -> Any:
        """Does a verb, and tells of it on the next page. Raises VerbError."""
        answer = self.do(words, **arguments)
        told = {**arguments, **(answer if isinstance(answer, dict) else {})}
        self.tell(self._(said).format(**told), self.house.spoken(words, arguments), secret=told.get("token", ""))
        self.warn(answer)
        return answer

    def warn(self, answer: object) -> None:
        """Tells whose password can be guessed at once, if an answer says so."""
        if (warning := weak(answer)) is not None:
            self.tell(self.noted(warning), failed=True)

    def tell(self, text: str, *lines: str, secret: str = "", failed: bool = False) -> None:
        """Something for the next page, and the lines that do the same."""
        (self.session.notices if self.session is not None else self.told).append(Notice(text, lines, secret, failed))

    def said(self, told: Sentence | Refused) -> str:
        """What was done, or why it could not be, in the visitor's language."""
        text = self._(told.template) if told.template else ""
        return text.format(**self.worded(told.words)) if told.words else text

    def worded(self, words: Mapping[str, object]) -> dict[str, object]:
        """Words of a sentence, those in the visitor's language that are pieces of sentences themselves."""
        pieces = {name: self._(str(word)) for name, word in words.items() if name == "rule"}
        return {name: self.noted(word) if isinstance(word, str) else word for name, word in words.items()} | pieces

    def noted(self, note: str) -> str:
        """A note of `control`, in the visitor's language where it is a sentence of the catalog."""
        return self.said(note) if isinstance(note, Sentence) else note

    def _(self, text: str) -> str:
        return self.texts.gettext(text)

    @property
    def version(self) -> str:
        """Of the program; nobody learns it who is not logged in."""
        return __version__ if self.session is not None else ""

    # -- what is shown -------------------------------------------------------------------------------------------------

    def render(self, view: str, **values: object) -> str:
        """A page."""
        notices = self.told
        if self.session is not None:
            notices, self.session.notices = self.session.notices, []
        return self.part(view, notices=notices, **values)

    def part(self, view: str, **values: object) -> str:
        """A piece of a page. What a phone says of itself may be no UTF-8: such bytes are shown as question marks."""
        shown: str = template(
            view, template_lookup=VIEWS, visit=self, _=self.texts.gettext, n_=self.texts.ngettext,
            time=self.time, length=length, quote=quote, static=static.address, **values,
        )  # fmt: skip
        return shown.encode("utf-8", "replace").decode()

    def time(self, text: str | None, form: str = "%H:%M") -> str:
        """A time of the box, where it stands; on another day with its date."""
        if not text:
            return ""
        zone = _zone(self.box.settings.timezone)
        at = datetime.fromisoformat(text).astimezone(zone)
        today = datetime.fromtimestamp(self.box.clock.wall(), zone).date()
        return at.strftime(form if at.date() == today or form != "%H:%M" else "%Y-%m-%d %H:%M")

    def decimal(self, number: float, form: str = ".1f") -> str:
        """With a point or a comma; with one digit after it, if nothing else is said."""
        return f"{number:{form}}".replace(".", self._("."))

    def since(self, seconds: float) -> str:
        """A time that was so many seconds ago."""
        return self.time(iso(self.box.clock.wall() - seconds))

    def state(self, call: dict[str, Any]) -> str:
        """How far a call has come that is up: it rings only when its phone says so."""
        return self._(STATES.get(call["state"], N_("talking")))

    def outcome(self, call: dict[str, Any]) -> str:
        """How a call ended."""
        return self._(ending(call)) + code(call) if call["state"] == "ended" else self._("still up")


def _zone(name: str) -> ZoneInfo | Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
