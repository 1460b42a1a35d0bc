"""The appliance: what it asks of the system."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import socket
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from itertools import count
from pathlib import Path
from signal import SIGTERM
from types import SimpleNamespace
from typing import cast

import pytest

from frontdesk import app
from frontdesk.control_socket import ControlSocket
from frontdesk.listeners import Listener
from frontdesk.model import Settings
from frontdesk.page import Page
from frontdesk.service_manager import READY, ServiceManager
from frontdesk.store import Journal, StoreError, open_store
from frontdesk.transport.tcp import ON_THE_WAY

LISTENERS = Listener("tcp", "127.0.0.1", 0), Listener("udp", "127.0.0.1", 0)
SPARE = app.SPARE_FILES + ON_THE_WAY


class _System:
    """Grants open files up to `hard`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int) -> None:
        self.soft, self.hard = soft, hard
        monkeypatch.setattr(resource, "getrlimit", lambda kind: (self.soft, self.hard))
        monkeypatch.setattr(resource, "setrlimit", self._set)

    def _set(self, kind: int, limits: tuple[int, int]) -> None:
        assert limits[0] <= self.hard or self.hard == resource.RLIM_INFINITY
        self.soft, self.hard = limits


@contextlib.contextmanager
def appliance_of(directory: Path) -> Iterator[app._Appliance]:
    """A box that does not serve yet."""
    store = open_store(directory, "office.test")
    try:
        yield app._Appliance(app.Options(directory, LISTENERS), store, ServiceManager({}, 1), deque())
    finally:
        store.close()


def connections(directory: Path, wanted: int = 1000) -> int:
    """How many the box lets in once it has asked for files."""
    with appliance_of(directory) as appliance:
        appliance._configure(Settings(max_connections=wanted))
        return appliance._core.settings.max_connections


@pytest.mark.parametrize("hard", [524_288, resource.RLIM_INFINITY])
def test_the_file_limit_is_raised_to_fit_all_connections_and_a_burst(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hard: int
) -> None:
    system = _System(monkeypatch, 1024, hard)
    assert connections(tmp_path) == 1000
    assert system.soft == 1000 + SPARE


def test_more_connections_set_while_the_box_runs_get_their_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system = _System(monkeypatch, 1024, 524_288)
    assert connections(tmp_path, 5000) == 5000
    assert system.soft == 5000 + SPARE


def test_where_the_system_grants_fewer_files_fewer_connections_are_let_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _System(monkeypatch, 1024, SPARE + 300)
    with caplog.at_level(logging.WARNING):
        assert connections(tmp_path) == 300
    assert "300 connections, not 1000" in caplog.text


@pytest.mark.parametrize(("wanted", "let_in"), [(1000, 128), (20, 20)])
def test_where_the_system_grants_few_files_an_office_still_gets_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wanted: int, let_in: int
) -> None:
    _System(monkeypatch, 1024, 1024)
    assert connections(tmp_path, wanted) == let_in


def test_a_limit_that_is_high_enough_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    system = _System(monkeypatch, 20_000, 20_000)
    assert connections(tmp_path) == 1000
    assert system.soft == 20_000


def test_what_was_done_later_is_let_go_of(tmp_path: Path) -> None:
    async def case(appliance: app._Appliance) -> None:
        over = asyncio.Event()

        async def work() -> None:
            assert len(appliance._work) == 1
            over.set()

        appliance._later(0, work)
        await over.wait()
        await asyncio.sleep(0)
        assert not appliance._work

    with appliance_of(tmp_path) as appliance:
        asyncio.run(asyncio.wait_for(case(appliance), 5))


def test_disk_that_is_silent_does_not_have_the_box_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answered: Future[None] = Future()
    answered.set_result(None)
    journal = SimpleNamespace(heartbeat=Future, is_held_up=lambda: True)
    page = SimpleNamespace(ping=lambda: answered)

    async def case(appliance: app._Appliance) -> None:
        fed, is_fed_on = count(1), asyncio.Event()

        def tell(word: str) -> None:
            if next(fed) == 3:
                is_fed_on.set()

        monkeypatch.setattr(appliance._manager, "tell", tell)
        (watch,) = appliance._watch(cast(Journal, journal), cast(Page, page))
        await is_fed_on.wait()
        watch.cancel()

    with appliance_of(tmp_path) as appliance:
        appliance._clock = replace(appliance._clock, now=count(0, app.JOURNAL_PATIENCE + 1).__next__)
        appliance._manager.watchdog = 1e-6
        asyncio.run(asyncio.wait_for(case(appliance), 5))


def test_what_may_wait_for_the_disk_is_on_it_though_something_does_not_close(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the system grants no thread any more, the page does not."""
    close = ControlSocket.close

    async def fail(control: ControlSocket) -> None:
        await close(control)
        raise RuntimeError("no thread")

    monkeypatch.setattr(ControlSocket, "close", fail)
    monkeypatch.setattr(app, "settle_memory", lambda: None)
    shut_down: list[float] = []

    def tell(word: str) -> None:
        if word == READY:
            os.kill(os.getpid(), SIGTERM)

    with appliance_of(tmp_path) as appliance:
        monkeypatch.setattr(appliance._core, "shut_down", shut_down.append)
        monkeypatch.setattr(appliance._manager, "tell", tell)
        with pytest.raises(RuntimeError, match="no thread"):
            asyncio.run(asyncio.wait_for(appliance.serve(), 10))
    assert shut_down


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (("udp:192.0.2.1:5060", "udp:127.0.0.1:5060"), ("udp:127.0.0.1:5060",)),
        (("udp:192.0.2.1:5060",), ()),
        (("udp:127.0.0.1:5060", "tcp:[::]:5060"), ("udp:127.0.0.1:5060", "tcp:[::]:5060")),
    ],
)
def test_a_box_whose_address_is_gone_is_heard_elsewhere(
    tmp_path: Path, told: tuple[str, ...], heard: tuple[str, ...]
) -> None:
    with appliance_of(tmp_path) as appliance:
        appliance._clock = replace(appliance._clock, now=lambda: app.ADDRESS_PATIENCE)
        appliance._configure(Settings(listen=told, web_listen=told))
        appliance._forgo_lost_addresses()
        assert (appliance._settings.listen, appliance._settings.web_listen) == (heard, heard)
        assert [("udp:192.0.2.1:5060" in each, "listen" in each.cure) for each in appliance._store.notices] == [
            (True, True)
        ] * (told != heard)


def test_an_address_that_nothing_is_heard_at_is_no_news(tmp_path: Path) -> None:
    """The command line says where to listen, and there is no page."""
    gone = ("udp:192.0.2.1:5060",)
    with appliance_of(tmp_path) as appliance:
        appliance._clock = replace(appliance._clock, now=lambda: app.ADDRESS_PATIENCE)
        appliance._options = replace(appliance._options, listeners=(Listener("udp", "127.0.0.1", 5060),))
        appliance._configure(Settings(listen=gone, web=False, web_listen=gone))
        appliance._forgo_lost_addresses()
        assert not appliance._store.notices


def test_an_address_that_the_network_may_still_give_is_waited_for(tmp_path: Path) -> None:
    with appliance_of(tmp_path) as appliance:
        appliance._clock = replace(appliance._clock, now=lambda: app.ADDRESS_PATIENCE - 1)
        appliance._configure(Settings(listen=("udp:192.0.2.1:5060",)))
        appliance._forgo_lost_addresses()
        assert appliance._settings.listen == ("udp:192.0.2.1:5060",) and not appliance._store.notices


def test_a_taken_port_is_told_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "start_logging", lambda form: None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert app.run(app.Options(tmp_path, (Listener("tcp", "127.0.0.1", port),))) == 2
    assert capsys.readouterr().err == f"frontdesk: cannot listen on tcp:127.0.0.1:{port}: Address already in use.\n"


@pytest.mark.parametrize(("environment", "refused"), [({"SYSTEMD_EXEC_PID": "7"}, True), ({}, False)])
def test_the_service_does_not_run_as_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str], refused: bool
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("os.getpid", lambda: 7)
    monkeypatch.setattr("os.environ", environment)
    with pytest.raises(StoreError, match="not as root") if refused else contextlib.nullcontext():
        app._check_user(tmp_path / "data")


def test_root_does_not_serve_the_data_of_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    owned = SimpleNamespace(exists=lambda: True, stat=lambda: SimpleNamespace(st_uid=990))
    with pytest.raises(StoreError, match="belong to the user 990: serve as that user"):
        app._check_user(owned)  # type: ignore[arg-type]
