"""The appliance: everything is put together here, served, and put away in order."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .certificates import Certificates
from .config import CERTIFICATES, DEFAULTS
from .control import Admin, Box, VerbError, alarms, owed
from .control import run as control_run
from .control.admin import two_at_once
from .control.candidate import Alarm, Candidate
from .control.day import Day
from .control.start import started
from .control_socket import ControlSocket
from .core import Core, Keys
from .directory import Directory
from .endpoint import Endpoint
from .events import Event, Kind, Wording
from .listeners import USUAL, Listener, spread
from .location import LocationService
from .log import EventLines, Recent, start_logging
from .machine import machine
from .mailbox import Mailbox
from .model import Sentence, Settings
from .page import Page
from .process import files_for, keep_time, settle_memory
from .service_manager import ALIVE, READY, STOPPING, ServiceManager, is_service
from .site import Site, host_names
from .store import Clock, DirectoryLock, Journal, Records, Store, StoreError, open_store
from .store.journal import Write
from .transport.interfaces import not_here, way_out, wildcards
from .transport.keep_alive import keep_open
from .transport.tcp import ON_THE_WAY
from .transport.tls import Contexts
from .watchdog import Part, Watchdog

if TYPE_CHECKING:  # Without a board and a console, nothing of them is loaded.
    from .board import Board
    from .console.line import Line
    from .pins import Front

JOURNAL_PATIENCE = 60.0
"""Seconds that the disk may take: a worn card pauses for many, and a start would take longer."""
PAGE_PATIENCE = 180.0
"""Seconds: a restore may take its time, and six workers at it are as good as stuck."""
SPARE_FILES = 1024
"""File descriptors beside those of connections: sockets, the database, threads, browsers."""
ADDRESS_PATIENCE = 120.0
"""Seconds since power-up in which an address that is not there yet is waited for: systemd starts the box anew."""
BAD_START = 2
"""Exit status of what can't be started."""

_log = logging.getLogger("frontdesk")


@dataclass(slots=True, frozen=True)
class Options:
    """What `serve` was told on its command line."""

    data: Path
    listeners: tuple[Listener, ...] = ()
    """Where `--sip` says; empty: as the settings say."""
    domains: tuple[str, ...] = ()
    """The first names the realm of a database that is yet to be made."""
    flush: float | None = None
    """Seconds; None: as the settings say."""
    log: str = "text"
    consoles: tuple[str, ...] = ()
    """Each `pty`, a device, or a URL of pyserial."""
    board: Board | None = None
    """Its settings are the defaults of those that are kept."""
    web: tuple[str, ...] = ()
    """Where the setup page is, unless the settings say it: `https:0.0.0.0:8443`; empty: there is none."""
    panel: str = ""
    """The front panel's port, as a console's; empty: there is none."""


def run(options: Options) -> int:
    """Serves until SIGTERM or SIGINT; the exit status. Raises StoreError where the data directory can't be used."""
    recent = start_logging(options.log)
    _check_user(options.data)
    options.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with DirectoryLock(options.data, serve=True):
        store = open_store(options.data, options.domains[0] if options.domains else None, serve=True)
        try:
            return asyncio.run(_Appliance(options, store, ServiceManager(os.environ, os.getpid()), recent).serve())
        finally:
            store.close()


class _Appliance:
    """One run of the box."""

    def __init__(self, options: Options, store: Store, manager: ServiceManager, recent: Recent) -> None:
        """`recent`: the last lines of the log."""
        self._recent = recent
        self._options = options
        self._manager = manager
        self._store = store
        self._clock = Clock.of_this_boot()
        self._machine = machine(options.board.interface if options.board else "")
        self._defaults = self._machine.defaults(options.board.defaults if options.board else DEFAULTS)
        self._stored = store.settings(self._defaults)
        self._host = ""
        self._settings = _settings(self._stored, options)
        keep_time(self._settings.timezone)
        for notice in store.notices:
            _log.warning("%s", notice)
        self._core = self._make_core()
        self._site = Site(lambda: self._settings, lambda: self._core.directory.realm, self._clock.now)
        self._certificates = Certificates(options.data / CERTIFICATES, self._site.names, self._clock.wall)
        self._work: set[asyncio.Task[None]] = set()
        """What was started and is not done: the loop itself would not hold it."""

    def _make_core(self) -> Core:
        store, settings = self._store, self._settings
        directory = Directory(store.realm, settings.domains)
        directory.peers, directory.way_out = store.peers(), way_out
        for account in store.accounts():
            directory.put(account)
        bindings = store.bindings(self._clock.now(), self._clock.wall(), self._clock.boot_id)
        location = LocationService(bindings, store.next_binding_id())
        keys = Keys(record_route=store.record_route_key, process=secrets.token_bytes(32))
        core = Core(directory, location, settings, keys, os.urandom)
        core.events.subscribe(EventLines(self._options.log, sys.stderr, self._clock.wall, self._recent).write)
        return core

    async def serve(self) -> int:
        """From the first listener to the last byte on the disk."""
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._raise_file_limit()
        self._forgo_lost_addresses()
        mailbox = Mailbox[tuple[list[int], Exception | None]](loop, lambda word: endpoint.committed(*word))
        journal = self._store.journal(
            lambda tickets, error: mailbox.put((tickets, error)),
            self._clock,
            call_records=lambda: self._settings.call_records,
        )
        contexts = Contexts(self._certificates.context, self._certificates.outgoing)
        endpoint = Endpoint(self._core, journal, contexts)
        front = self._front()
        try:
            return await self._serve(endpoint, journal, front, stop)
        finally:
            endpoint.settle()  # whatever ended it, what was to be stored is
            if front is not None:
                await front.close()
            await endpoint.close()
            journal.close()
            mailbox.close()

    def _configure(self, settings: Settings) -> None:
        self._stored, self._settings = settings, _settings(settings, self._options, self._host)
        self._core.configure(self._settings)
        keep_time(settings.timezone)
        self._raise_file_limit()

    def _call_itself(self, host: str) -> None:
        """The network has given the box that host name."""
        self._host = host
        self._configure(self._stored)

    def _reconfigure(self, settings: Settings) -> None:
        """While the box serves."""
        self._configure(settings)
        self._page.announce()

    def _raise_file_limit(self) -> None:
        """As many files as all connections need; where the system grants fewer, fewer connections."""
        listeners = sum(each.transport != "udp" for each in self._listeners(self._settings))
        most = files_for(self._settings.max_connections, SPARE_FILES + listeners * ON_THE_WAY)
        if most < self._settings.max_connections:
            _log.warning("The system grants files for %d connections, not %d.", most, self._settings.max_connections)
            self._core.configure(replace(self._settings, max_connections=most))

    def _forgo_lost_addresses(self) -> None:
        """Where the machine does not have an address of `listen` (any more), the box is heard on the others; where none
        is left, on all that it has: else no phone would ring, and nobody could set it right from afar. Soon after
        power-up it is tried again instead: the network may still give it."""
        settings = self._settings
        phones = () if self._options.listeners else settings.listen
        lost = not_here((*phones, *(settings.web_listen if settings.web else ())))
        if not lost or self._clock.now() < ADDRESS_PATIENCE:
            return
        listen = tuple(each for each in settings.listen if each not in lost)
        web_listen = tuple(each for each in settings.web_listen if each not in lost)
        self._settings = replace(settings, listen=listen, web_listen=web_listen)
        sentence = "This computer has no address for {where}: until the next start the box is heard elsewhere."
        notice = Sentence(sentence, where=", ".join(lost))
        notice.cure = Sentence("Set `listen` and `web.listen` to addresses that it has, or to all and default.")
        self._store.notices.append(notice)
        _log.warning("%s", notice)

    async def _serve(self, endpoint: Endpoint, journal: Journal, front: Front | None, stop: asyncio.Event) -> int:
        try:
            await endpoint.listen(self._listeners(self._settings))
            box = self._box(endpoint, journal)
            page = self._page = Page(box, self._options.web, self._site, self._certificates, self._call_itself)
            box.site = self._site
            page.listen(self._settings)
            self._show_certificates(wait=True)
        except OSError as error:
            print(f"frontdesk: cannot listen on {error.filename}: {_reason(error)}.", file=sys.stderr)  # noqa: T201
            return BAD_START
        box.admin.settle_code()
        if box.admin.code and sys.stdout.isatty():  # Where it is written down it would outlive its purpose.
            print(f"first-boot code: {box.admin.code}", flush=True)  # noqa: T201
        control = ControlSocket(box)
        settle_memory()
        await control.start(self._options.data)
        for line in page.lines:
            print(f"page: {line}")  # noqa: T201
        lines = self._lines(box)
        endpoint.settle()
        if os.geteuid() == 0:
            _log.warning("serving as root: that is for a container or a trial; `make install` makes a user for it")
        print("ready", flush=True)  # noqa: T201
        self._manager.tell(READY)
        if front is not None:
            self._show(front, box)
        tasks = [*map(asyncio.create_task, (box.admin.count_uptime(), self._started(box))), *self._watch(journal, page)]
        tasks.append(asyncio.create_task(keep_open(self._core.location.behind_routers, endpoint.send_over)))
        await stop.wait()
        self._manager.tell(STOPPING)
        for task in tasks:
            task.cancel()
        try:
            page.close()
            await asyncio.gather(*(line.close() for line in lines))
            await control.close()
        finally:
            self._core.shut_down(self._clock.now())
        return 0

    async def _started(self, box: Box) -> None:
        """The computer is brought to the settings while phones are answered already."""
        async with box.turn:
            await started(box, owed.read(self._store.meta))

    def _watch(self, journal: Journal, page: Page) -> list[asyncio.Task[None]]:
        """Feeds the watchdog while the loop runs this and the other parts answer."""
        if not self._manager.watchdog:
            return []
        faulthandler.enable()  # The signal that ends what is stuck writes down where it is stuck.
        parts = [
            Part("the journal", journal.heartbeat, JOURNAL_PATIENCE, is_held_up=journal.is_held_up),
            Part("the page", page.ping, PAGE_PATIENCE, lambda: self._restart(page)),
        ]
        watchdog = Watchdog(parts, lambda: self._manager.tell(ALIVE), self._clock.now)
        return [asyncio.create_task(watchdog.run(self._manager.watchdog / 2))]

    def _restart(self, page: Page) -> None:
        """The page alone is started anew, and people can see it."""
        wording = Wording("the page was stuck: it was started anew")
        self._core.events.add(Event(self._clock.now(), Kind.WARNING, "", wording))
        page.restart()

    def _front(self) -> Front | None:
        board = self._options.board
        if board is None or (board.led is None and board.button is None):
            return None
        from .pins import Front

        return Front(board, self._clock.now)

    def _show(self, front: Front, box: Box) -> None:
        front.ready(
            is_alarmed=lambda: any(True for _ in alarms(box)),
            is_calling=lambda: bool(self._core.proxy.calls.active(self._clock.now())),
            reset=lambda: control_run(box, "factory-reset", {"yes": True}),
        )

    def _listeners(self, settings: Settings) -> tuple[Listener, ...]:
        return self._options.listeners or spread(settings.listen or USUAL, wildcards())

    def _show_certificates(self, *, wait: bool = False) -> None:
        """To people, where browsers or phones are shown them."""
        is_used = self._site.https_port or self._core.directory.is_encrypted
        self._site.certificates = self._certificates if is_used else None
        if is_used:
            self._certificates.prepare(wait=wait)

    async def _listen(self, endpoint: Endpoint, settings: Settings) -> list[str]:
        """Is where the settings say, for phones if the command line has not said it. Raises VerbError."""
        told = bool(self._options.listeners) and settings.listen != self._settings.listen
        try:
            self._page.listen(settings)
            await endpoint.listen(self._listeners(settings))
        except OSError as error:
            self._page.listen(self._settings)
            sentence = "Cannot listen on {where}: {reason}. Nothing was changed."
            raise VerbError(sentence, where=error.filename, reason=_reason(error)) from None
        self._show_certificates()
        return [Sentence("listen: kept, but not used now: `serve --sip` says where to listen.")] if told else []

    def _later(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> Alarm:
        """Runs something in so many seconds."""

        def start() -> None:
            self._work.add(task := asyncio.create_task(work()))
            task.add_done_callback(self._work.discard)

        return asyncio.get_running_loop().call_later(seconds, start)

    def _lines(self, box: Box) -> list[Line]:
        """Consoles and the front panel; where the console or panel made a pty, its path is told."""
        if not self._options.consoles and not self._options.panel:
            return []
        from .console import line

        lines = [("console", line.console(box, where)) for where in self._options.consoles]
        if self._options.panel:
            lines.append(("panel", line.panel(box, self._options.panel)))
        for what, each in lines:
            print(f"{what}: {each.name}")  # noqa: T201
            each.start()
        return [each for _, each in lines]

    def _day(self, journal: Journal) -> Day:
        day = Day(lambda: len(self._core.location), lambda: journal.bytes_written, self._clock.now)
        self._core.events.subscribe(day.hear)
        return day

    def _box(self, endpoint: Endpoint, journal: Journal) -> Box:
        async def execute(write: Write, **how: bool) -> Any:
            return await asyncio.wrap_future(journal.execute(write, **how))

        records = Records(execute, self._clock, self._store.forget_past)
        return Box(
            self._core.directory,
            self._core.location,
            records,
            self._stored,
            self._clock,
            admin=Admin(records, self._store.meta, self._options.data, self._clock.now, two_at_once()),
            defaults=self._defaults,
            system=self._machine,
            notices=self._store.notices,
            candidate=Candidate(self._later),
            core=self._core,
            settle=endpoint.settle,
            configure=self._reconfigure,
            journal=journal,
            listeners=endpoint.listeners,
            listen=lambda settings: self._listen(endpoint, settings),
            log=self._recent,
            disk=self._store.space,
            refused_at=lambda: endpoint.waiting.refused_at,
            day=self._day(journal),
            started_at=self._clock.now(),
            turn=asyncio.Lock(),
        )


def _check_user(data: Path) -> None:
    """The service never runs as root, and root leaves no files in data that are another's. Raises StoreError."""
    if os.geteuid() != 0:
        return
    if is_service(os.environ, os.getpid()):
        raise StoreError("The service is to run as a user of its own, not as root: its unit lacks User=.")
    owner = data.stat().st_uid if data.exists() else 0
    if owner:
        raise StoreError(f"The data in {data} belong to the user {owner}: serve as that user, not as root.")


def _settings(stored: Settings, options: Options, host: str = "") -> Settings:
    """Those in use; `host`: the name that the network has given the box, if it has."""
    settings = stored if options.flush is None else replace(stored, flush=options.flush)
    named = host_names(host or stored.hostname)
    return replace(settings, domains=tuple(dict.fromkeys((*stored.domains, *options.domains, *named))))


def _reason(error: OSError) -> str:
    """asyncio puts a sentence of its own into strerror."""
    return os.strerror(error.errno) if error.errno else str(error)
