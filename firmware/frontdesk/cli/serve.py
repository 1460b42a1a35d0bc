"""`serve`: its options as the appliance takes them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..app import Options
from ..listeners import Listener, spread
from ..store import StoreError
from ..transport.interfaces import wildcards

if TYPE_CHECKING:
    from ..board import Board


def serve_options(options: Namespace) -> Options:
    """Options of the appliance. Raises StoreError (exit status 2) with one sentence."""
    board = None if options.board is None else find_board(options.board)
    consoles = options.console or (board.consoles if board else ())
    panel = options.panel or (board.panel if board else "")
    return Options(
        data=options.data,
        listeners=listeners(options.sip),
        domains=tuple(options.domains),
        flush=options.flush,
        log=options.log,
        consoles=tuple(where for where in dict.fromkeys(consoles) if where != "off"),
        board=board,
        web=tuple(where for where in dict.fromkeys(options.web) if where != "off"),
        panel="" if panel == "off" else panel,
    )


def find_board(name: str) -> Board:
    """The board of that name; auto: what this computer is. Raises StoreError with one sentence."""
    from .. import board

    try:
        return board.load(board.detect() if name == board.AUTO else name)
    except board.BoardError as error:
        raise StoreError(str(error)) from None


def listeners(texts: Sequence[str]) -> tuple[Listener, ...]:
    """Each `udp:127.0.0.1:5060`, `tls:[::1]:5061`, or `tcp` for all addresses."""
    for text in texts:
        try:
            spread([text.lower()], ())
        except ValueError as error:
            raise StoreError(f"--sip {error}, not {text!r}.") from None
    try:
        return spread([text.lower() for text in texts], wildcards())
    except ValueError as error:
        raise StoreError(f"--sip {error}.") from None
