"""A box goes over a serial line and comes back the same, whether or not the line can hold the sender up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.console import Tty
from tests.e2e.wiring import LINE, Wiring

PROMPT = "frontdesk> "
PASSWORD = "a good password"


@pytest.fixture(params=[True, False], ids=["flow-control", "no-flow-control"])
def wiring(request: pytest.FixtureRequest) -> Iterator[Wiring]:
    """At the speed of a real line."""
    wiring = Wiring(rate=LINE, flow_control=request.param)
    yield wiring
    wiring.close()


@pytest.fixture
def box(tmp_path: Path, wiring: Wiring) -> Iterator[Box]:
    box = Box(tmp_path / "data", hosts=("127.0.0.1",), options=("--console", wiring.box))
    accounts = {str(number): f"secret-{number}" for number in range(100, 160)}
    box.import_accounts(accounts)
    box.run("alias", "add", "101", "reception")
    box.run("device", "add", "101", "mobile", "--password-stdin", stdin="another\n")
    box.run("peer", "add", "192.0.2.9", "--name", "the exchange")
    box.run("config", "set", "max-expires=2h")
    box.run("passwd", "admin", stdin=f"{PASSWORD}\n")
    box.start()
    yield box
    box.kill()


def log_in(person: Tty) -> None:
    person.until("Password: ")
    person.type(PASSWORD + "\r")
    person.until(PROMPT)


def export(person: Tty) -> str:
    person.type("export secrets\r")
    person.until("export secrets\r\n")
    return person.until("\r\n" + PROMPT)


def test_export_with_secrets_survives_a_factory_reset_and_a_paste(box: Box, wiring: Wiring) -> None:
    person = Tty(wiring.panel)
    person.type("\r")
    log_in(person)
    before = export(person)
    assert len(before) > 8000 and "reception" in before
    person.type("factory-reset\r")
    person.until("Really? [no]: ")
    person.type("yes\r")
    person.until("Enter sets this box up")
    person.type("\x03")
    person.until(PROMPT)
    assert box.run("account", "list", "--json").strip() == "[]"
    person.type("import\r")
    person.until("Ctrl-C changes nothing.")
    person.type(before.replace("\r\n", "\r") + "\r")
    person.until("Imported 60 new accounts")
    log_in(person)
    assert export(person) == before
    assert wiring.lost == 0
    person.close()
