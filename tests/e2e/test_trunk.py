"""Calls that leave by a trunk: a real phone in the house, SIPp as who answers outside."""

import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.baresip import Phone
from tests.e2e.box import DOMAIN, Box
from tests.e2e.sipp import free_port

HERE = "127.0.0.1"
NUMBER = "*21*0301234"
MakePhone = Callable[..., Phone]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "data")
    for user in ("101", "pbx"):
        box.add_account(user, f"secret-{user}")
    box.run("config", "set", "trunk", "pbx")
    box.start()
    yield box
    box.kill()


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[int]:
    """The port at which one call is answered, and its end waited for."""
    port = free_port()
    options = "-m 1 -nostdin -timeout 30 -timeout_error -trace_msg -message_file messages"
    command = f"sipp -sn uas -i {HERE} -p {port} {options}"
    with subprocess.Popen(shlex.split(command), cwd=tmp_path, stdout=subprocess.DEVNULL) as sipp:
        yield port
        assert sipp.wait(30) == 0, (tmp_path / "messages").read_text()
    assert f"INVITE sip:{NUMBER}@{HERE}:{port} SIP/2.0" in (tmp_path / "messages").read_text()


def called_outside(box: Box, phones: MakePhone) -> None:
    phone = phones("101", "secret-101", box.address(), DOMAIN, address=HERE)
    phone.register()
    phone.dial(NUMBER)
    phone.expect("CALL_ESTABLISHED")
    phone.hang_up()
    phone.expect("CALL_CLOSED")


def test_number_that_nobody_has_is_reached_through_the_trunk(box: Box, phones: MakePhone, outside: int) -> None:
    box.run("binding", "add", "--static", "pbx", f"sip:{HERE}:{outside}")
    called_outside(box, phones)
    assert box.calls()[0]["callee"] == NUMBER
    assert "Nothing is wrong" in box.run("problems")


def test_second_way_out_is_taken_where_the_first_says_nothing(box: Box, phones: MakePhone, outside: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HERE, 0))
        box.run("binding", "add", "--static", "pbx", f"sip:{HERE}:{silent.getsockname()[1]}")
        box.run("binding", "add", "--static", "--q", "0.5", "pbx", f"sip:{HERE}:{outside}")
        called_outside(box, phones)
    assert "did not react" in box.run("problems")
