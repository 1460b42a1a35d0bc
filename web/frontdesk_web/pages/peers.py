"""Trusted peers."""

from __future__ import annotations

from ..visit import Visit


def show(visit: Visit) -> str:
    """All of them."""
    return visit.render("peers", peers=visit.do("peer list"))
