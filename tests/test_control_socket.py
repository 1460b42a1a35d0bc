"""DIR/control.sock: one JSON object a line each way, whatever comes."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import control_socket
from frontdesk.cli.box import _connect, ask
from frontdesk.config import CONTROL_SOCKET
from frontdesk.control import TABLE
from frontdesk.control.first_boot_code import TRIES
from frontdesk.control_socket import ControlSocket
from frontdesk.local_socket import name_beside
from tests.control.desk import Desk
from tests.support.few_files import few_files

Talk = Callable[[Path], Awaitable[None]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def served(desk: Desk, talk: Talk) -> None:
    """Runs `talk` with the socket open."""

    async def run() -> None:
        socket = ControlSocket(desk.box)
        await socket.start(desk.path)
        try:
            async with asyncio.timeout(10):
                await talk(desk.path / CONTROL_SOCKET)
        finally:
            await socket.close()
        await asyncio.sleep(0)

    asyncio.run(run())


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, path: Path) -> Client:
        return cls(*await asyncio.open_unix_connection(path, limit=1 << 24))

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Any:
        return json.loads(await self.reader.readline())

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


def request(verb: str, **arguments: Any) -> bytes:
    return json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n"


def test_disk_that_takes_no_socket_is_told_and_phones_are_served(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(address: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(control_socket, "_listening", refuse)

    async def come_and_go() -> None:
        socket = ControlSocket(desk.box)
        await socket.start(desk.path)
        await socket.close()

    asyncio.run(come_and_go())
    assert "do not reach the box" in caplog.text and "Read-only file system" in caplog.text


@pytest.fixture
def taken(desk: Desk) -> Path:
    """The place of the socket, on a disk that takes none there."""
    place = desk.path / CONTROL_SOCKET
    (place / "in the way").mkdir(parents=True)
    return place


def test_box_whose_disk_takes_no_socket_is_reached_by_a_name(desk: Desk, taken: Path) -> None:
    async def talk(_: Path) -> None:
        answers.append(await asyncio.to_thread(ask, desk.path, TABLE["status"], {}, ()))

    answers: list[Any] = []
    served(desk, talk)
    assert answers[0]["accounts"] == 0 and taken.is_dir()


def test_who_is_neither_the_boxs_user_nor_root_is_told_nothing(
    desk: Desk, taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(_: Path) -> None:
        client = await Client.connect(Path(name_beside(desk.path)))
        assert await client.answer() == {"error": f"The user {os.geteuid() + 1} may not ask this box."}
        assert await client.reader.read() == b""
        await client.close()

    monkeypatch.setattr(control_socket, "user_of", lambda _: os.geteuid() + 1)
    served(desk, talk)


def test_name_that_another_user_has_taken_is_not_asked(
    desk: Desk, taken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontdesk.cli.box.user_of", lambda _: os.geteuid() + 1)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(name_beside(desk.path))
        other.listen()
        assert _connect(desk.path) is None


def test_only_the_owner_may_connect(desk: Desk) -> None:
    async def talk(path: Path) -> None:
        mode.append(stat.S_IMODE(path.stat().st_mode))  # noqa: ASYNC240

    mode: list[int] = []
    served(desk, talk)
    assert mode == [0o600]
    assert not (desk.path / CONTROL_SOCKET).exists()


def test_status_shows_a_first_boot_code_that_opens_the_page(desk: Desk) -> None:
    async def talk(path: Path) -> None:
        client = await Client.connect(path)
        await client.send(request("status"))
        shown.append((await client.answer())["answer"]["first_boot_code"])
        await client.close()

    code = desk.box.admin.first_boot
    code.settle()
    shown: list[str] = []
    served(desk, talk)
    assert code.check(shown[0], "192.0.2.9")
    for _ in range(TRIES):
        code.check("wrong", "192.0.2.9")
    served(desk, talk)
    assert shown[0] != shown[1] and code.check(shown[1], "192.0.2.9")


def test_requests_are_answered_in_order_however_they_are_cut(desk: Desk) -> None:
    async def talk(path: Path) -> None:
        client = await Client.connect(path)
        stream = request("account add", user="101", password="secret") + request("account list") + request("nonsense")
        for at in range(0, len(stream), 7):
            await client.send(stream[at : at + 7])
            await asyncio.sleep(0)
        assert (await client.answer())["answer"]["user"] == "101"
        assert [row["user"] for row in (await client.answer())["answer"]] == ["101"]
        assert "no verb" in (await client.answer())["error"]
        await client.close()

    served(desk, talk)


@pytest.mark.parametrize(
    "line",
    [b"", b"garbage", b"[]", b"5", b'{"verb": 5}', b'{"verb": "status", "arguments": []}', b"\xff\xfe", b"[" * 10_000],
)
def test_garbage_is_answered_with_a_sentence_and_the_next_request_works(desk: Desk, line: bytes) -> None:
    async def talk(path: Path) -> None:
        client = await Client.connect(path)
        await client.send(line + b"\n" + request("status"))
        assert (await client.answer())["error"].endswith(".")
        assert (await client.answer())["answer"]["accounts"] == 0
        await client.close()

    served(desk, talk)


def test_request_with_no_end_is_refused_and_hung_up_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_socket, "LONGEST_LINE", 1000)

    async def talk(path: Path) -> None:
        client = await Client.connect(path)
        await client.send(b"x" * 1500)
        assert (await client.answer())["error"] == "A request has at most 1000 bytes."
        assert await client.reader.read() == b""
        await client.close()

    served(desk, talk)


def test_client_that_leaves_in_the_middle_is_no_trouble(desk: Desk) -> None:
    async def talk(path: Path) -> None:
        for data in (b"", b'{"verb": "sta', request("status")):
            gone = await Client.connect(path)
            await gone.send(data)
            await gone.close()
        client = await Client.connect(path)
        await client.send(request("status"))
        assert "answer" in await client.answer()
        await client.close()

    served(desk, talk)


def test_clients_are_bounded(desk: Desk) -> None:
    async def talk(path: Path) -> None:
        clients = [await Client.connect(path) for _ in range(control_socket.CLIENTS)]
        for client in clients:
            await client.send(request("config get", key="flush"))
            assert await client.answer() == {"answer": "10m"}
        late = await Client.connect(path)
        assert "Too many" in (await late.answer())["error"]
        for client in [late, *clients]:
            await client.close()

    served(desk, talk)


def test_socket_of_a_box_that_was_killed_is_taken_over(desk: Desk) -> None:
    (desk.path / CONTROL_SOCKET).touch()

    async def talk(path: Path) -> None:
        client = await Client.connect(path)
        await client.send(request("status"))
        assert "answer" in await client.answer()
        await client.close()

    served(desk, talk)


def test_fault_in_a_verb_is_logged_and_not_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def talk(path: Path) -> None:
        client = await Client.connect(path)
        monkeypatch.setattr(desk.box, "directory", None)
        await client.send(request("account list"))
        assert "log" in (await client.answer())["error"]
        await client.close()

    served(desk, talk)
    assert "a request of a program failed" in caplog.text


def test_command_that_comes_while_there_are_no_files_waits_for_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncio.constants.ACCEPT_RETRY_DELAY", 0.05)
    told: list[str] = []

    async def talk(path: Path) -> None:
        is_twice = asyncio.Event()

        def hear(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            told.append(str(context["exception"]))
            if len(told) > 1:
                is_twice.set()

        asyncio.get_running_loop().set_exception_handler(hear)
        with socket.socket(socket.AF_UNIX) as line:
            line.setblocking(False)
            with few_files():
                line.connect(str(path))
                await is_twice.wait()
            reader, writer = await asyncio.open_unix_connection(sock=line)
            writer.write(b'{"verb": "account list"}\n')
            assert json.loads(await reader.readline()) == {"answer": []}
            writer.close()

    served(desk, talk)
    assert set(told) == {"[Errno 24] Too many open files"} and len(told) < control_socket.CLIENTS
