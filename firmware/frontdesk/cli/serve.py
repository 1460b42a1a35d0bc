"""`serve`: its options as the appliance takes them."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from ..app import Options
from ..endpoint import Listener
from ..store import StoreError

if TYPE_CHECKING:
    from ..board import Board

TRANSPORTS = ("udp", "tcp")
PLANNED = ("tls", "ws", "wss")


def serve_options(options: Namespace) -> Options:
    """Options of the appliance. Raises StoreError (exit status 2) with one sentence."""
    board = None if options.board is None else find_board(options.board)
    consoles = options.console or (board.consoles if board else ())
    panel = options.panel or (board.panel if board else "")
    told = {"listeners": tuple(map(listener, options.sip))} if options.sip else {}
    return Options(
        data=options.data,
        domains=tuple(options.domain),
        guard=options.guard != "off",
        flush=options.flush,
        log=options.log,
        consoles=tuple(where for where in dict.fromkeys(consoles) if where != "off"),
        board=board,
        panel="" if panel == "off" else panel,
        **told,
    )


def find_board(name: str) -> Board:
    """The board of that name; auto: what this computer is. Raises StoreError with one sentence."""
    from .. import board

    try:
        return board.load(board.detect() if name == board.AUTO else name)
    except board.BoardError as error:
        raise StoreError(str(error)) from None


def listener(text: str) -> Listener:
    """`udp:127.0.0.1:5060`, `tcp:[::1]:5060`."""
    transport, _, place = text.partition(":")
    host, _, port = place.rpartition(":")
    if transport in PLANNED:
        raise StoreError(f"--sip {transport}: is not there yet; udp: and tcp: are.")
    if transport not in TRANSPORTS or not host or not port.isdecimal() or int(port) > 65535:
        raise StoreError(f"--sip takes udp:HOST:PORT or tcp:HOST:PORT, not {text!r}.")
    return Listener(transport, _address(host), int(port))


def _address(text: str) -> str:
    from ipaddress import ip_address

    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise StoreError(f"--sip takes a numeric address, not {text!r}.") from None
