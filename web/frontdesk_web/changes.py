"""Forms that do one verb each: one row says which, what is told, and where the browser goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .gate import go
from .language import N_
from .pages import accounts, peers, settings, system
from .route import Need, Route
from .visit import Visit


@dataclass(slots=True, frozen=True)
class Change:
    """One row. `{user}` in `path` and `back` is the account."""

    path: str
    verb: str
    fields: tuple[str, ...]
    """Arguments of the verb, as the form or the path names them; an empty one that is optional is left out."""
    said: str
    back: str
    again: Callable[..., Any]
    optional: tuple[str, ...] = ()
    fixed: tuple[tuple[str, object], ...] = ()
    typed: bool = True
    """Whether its fields are typed; else the button says them."""

    def run(self, visit: Visit, **named: str) -> None:
        """Does it, and sends the browser on."""
        given = {**visit.form, **named}
        arguments: dict[str, object] = {field: given.get(field, "").strip() for field in self.fields}
        arguments |= {field: given[field].strip() for field in self.optional if given.get(field, "").strip()}
        if "password" in self.optional and "password" not in arguments and visit.session is not None:
            visit.session.check_cards(1)  # One is made.
        answer = visit.change(self.said, self.verb, **arguments, **dict(self.fixed))
        words = {**arguments, **named}
        if isinstance(answer, dict) and "password" in answer and visit.session is not None:
            visit.session.remember(answer["user"], answer["password"], answer.get("device", ""))
        go(self.back.format(**{name: quote(str(value), safe="") for name, value in words.items()}))

    @property
    def route(self) -> Route:
        """Its row in the table of routes."""
        return Route("POST", self.path, self.run, Need.ADMIN, self.again, self.typed)


ONE = "/accounts/<user>"
BACK = "/accounts/{user}"

CHANGES = (
    Change("/accounts", "account add", ("user",), N_("Added {user}."), BACK, accounts.show, ("name", "password")),
    Change(f"{ONE}/remove", "account remove", ("user",), N_("Removed {user}."), "/accounts", accounts.one,
           typed=False),
    Change(f"{ONE}/enable", "account enable", ("user",),
           N_("Enabled {user}. Its phones are reached once they register again."), BACK, accounts.one),
    Change(f"{ONE}/disable", "account disable", ("user",), N_("Disabled {user}; nobody is reached there now."), BACK,
           accounts.one),
    Change(f"{ONE}/password", "account passwd", ("user",), N_("{user} has a new password; its phones need it."),
           f"{BACK}/card", accounts.one, ("password",)),
    Change(f"{ONE}/alias", "alias add", ("user", "alias"), N_("{alias} now reaches {user}."), BACK, accounts.one),
    Change(f"{ONE}/unalias", "alias remove", ("alias",), N_("{alias} no longer reaches anybody."), BACK, accounts.one,
           typed=False),
    Change(f"{ONE}/device", "device add", ("user", "device"), N_("{device} has a password of its own."),
           f"{BACK}/card?device={{device}}", accounts.one, ("password",)),
    Change(f"{ONE}/revoke", "device revoke", ("user", "device"), N_("{device} can no longer register."), BACK,
           accounts.one, typed=False),
    Change(f"{ONE}/bind", "binding add", ("user", "contact"), N_("{user} is now reached at {contact}."), BACK,
           accounts.one, ("q",), (("static", True),)),
    Change(f"{ONE}/drop", "binding remove", ("user", "contact"), N_("{user} is no longer reached at {contact}."), BACK,
           accounts.one, typed=False),
    Change("/peers", "peer add", ("address",), N_("Requests from {address} need no password now."), "/peers",
           peers.show, ("name",)),
    Change("/peers/remove", "peer remove", ("address",), N_("Requests from {address} need a password now."), "/peers",
           peers.show, typed=False),
    Change("/settings/rollback", "config rollback", (), N_("All is as it was."), "/settings", settings.show),
    Change("/system/token", "token add", ("name", "role"), N_("The token {name}, shown this once:"), "/system",
           system.show),
    Change("/system/untoken", "token revoke", ("name",), N_("The token {name} is worth nothing now."), "/system",
           system.show, typed=False),
    Change("/system/acknowledge", "acknowledge", (), N_("The alarm is acknowledged."), "/", system.show),
)  # fmt: skip
