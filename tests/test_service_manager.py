"""What systemd hears from the box, on a socket of the test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.service_manager import ALIVE, READY, ServiceManager, is_service


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """Where the box sends to."""
    name = str(tmp_path / "notify") if request.param == "path" else f"\0{tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        listening.setblocking(False)
        yield listening


def environment(systemd: socket.socket) -> dict[str, str]:
    """As systemd writes it: @ for an abstract name."""
    name = systemd.getsockname()
    return {"NOTIFY_SOCKET": name if isinstance(name, str) else "@" + name[1:].decode()}


def test_each_state_is_one_datagram(systemd: socket.socket) -> None:
    manager = ServiceManager(environment(systemd), 7)
    manager.tell(READY)
    manager.tell(ALIVE)
    assert [systemd.recv(64), systemd.recv(64)] == [b"READY=1", b"WATCHDOG=1"]


def test_no_child_can_speak_for_the_box(systemd: socket.socket) -> None:
    variables = environment(systemd)
    ServiceManager(variables, 7)
    assert variables == {}


def test_without_systemd_nothing_is_sent_and_without_a_listener_nothing_breaks(tmp_path: Path) -> None:
    ServiceManager({}, 7).tell(READY)
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}, 7).tell(READY)


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "20000000"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "7"}, 20.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_for_the_process_that_is_named(variables: dict[str, str], seconds: float) -> None:
    assert ServiceManager(variables, 7).watchdog == seconds


def test_a_service_is_what_systemd_itself_started() -> None:
    assert is_service({"SYSTEMD_EXEC_PID": "7"}, 7)
    assert not is_service({"SYSTEMD_EXEC_PID": "6"}, 7) and not is_service({}, 7)
