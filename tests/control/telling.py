"""Refusals that a desk hears of, and the problems that it tells."""

from __future__ import annotations

from typing import Any

from frontdesk.events import Event, Kind, Wording
from tests.control.desk import Desk
from tests.store.rows import NOW


def refuse(
    desk: Desk, rule: str, account: str = "101", name: str = "101", source: str = "192.0.2.23:5060/udp",
    method: str = "REGISTER",
) -> None:  # fmt: skip
    text = f"{method} refused: {rule.replace('-', ' ')} for {name!r}"
    desk.core.events.add(Event(desk.now, Kind.REFUSED, account, Wording(text), (), source, rule))


def told(desk: Desk) -> list[dict[str, Any]]:
    desk.now = NOW
    problems: list[dict[str, Any]] = desk.do("problems")
    return problems
