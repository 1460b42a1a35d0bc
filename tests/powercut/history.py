"""What was asked of the box, and what of it was acknowledged by when: from it follows what a power cut may leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]
"""What is so -> how: "phone CALL-ID" -> host and port, "call CALL-ID" -> the result of each record, "account NAME" ->
its row, "setting KEY" -> its text; None: it is not there."""


@dataclass(slots=True)
class Change:
    """A fact's new value, and where the log of the disk stood when it was acknowledged."""

    value: Any
    acknowledged: int | None = None

    def is_acknowledged(self, position: int) -> bool:
        """Whether it was by then."""
        return self.acknowledged is not None and self.acknowledged <= position


class History:
    """The changes of each fact in their order; `position` says where the log of the disk stands."""

    def __init__(self, position: Callable[[], int]) -> None:
        self._position = position
        self._changes: dict[str, list[Change]] = {}
        self.acknowledgements = 0

    def ask(self, key: str, value: Any) -> Change:
        """From now on it may be so."""
        change = Change(value)
        self._changes.setdefault(key, [Change(None, 0)]).append(change)
        return change

    def acknowledge(self, *changes: Change) -> None:
        """From now on it must be so."""
        position = self._position()
        for change in changes:
            change.acknowledged = position
            self.acknowledgements += 1

    def complaints(self, found: Facts, position: int) -> list[str]:
        """A sentence for each fact that a cut at that position of the log cannot have left so."""
        wrong = [f"{key} was never asked for" for key in found if key not in self._changes]
        for key, changes in self._changes.items():
            since = max(i for i, change in enumerate(changes) if change.is_acknowledged(position))
            if found.get(key) not in [change.value for change in changes[since:]]:
                wrong.append(f"{key} is {found.get(key)}, acknowledged was {changes[since].value}")
        return wrong
