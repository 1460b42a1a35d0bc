"""A box that loses its power while it is set up is completed by the same command."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deskctl.cli import DONE, NO_BOX
from frontdesk.console import programs
from frontdesk.control import TABLE, Box, Role
from frontdesk.control import run as do
from tests.deskctl.conftest import Boxes, Run

OFFICE = """\
[box]
domain = "office.example"
[settings]
default-expires = "10m"
max-expires = "2h"
[[account]]
user = "101"
name = "Front desk"
aliases = ["desk"]
[[account]]
user = "102"
[peers]
"192.0.2.9" = "Provider"
"""
STEPS = 9
"""Two settings are staged, admin password, domain, commit, two accounts, an alias, a peer."""


class PowerCut(Exception):
    """Nobody hears an answer any more."""


@pytest.mark.parametrize("done", range(STEPS))
def test_same_command_completes_a_box_that_lost_its_power(
    boxes: Boxes, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    box, steps = boxes(), count()

    async def up_to_the_cut(there: Box, verb: str, arguments: Mapping[str, object]) -> Any:
        if TABLE[verb].role is Role.ADMIN and next(steps) == done:
            box.reboot_now()
            raise PowerCut
        return await do(there, verb, arguments)

    monkeypatch.setattr(programs, "run", up_to_the_cut)
    (tmp_path / "office.toml").write_text(OFFICE)
    (tmp_path / "password").write_text("open sesame\n")
    command = ["provision", tmp_path / "office.toml", "--yes", "--password-file", tmp_path / "password"]
    status, _, err = run(*command, "--port", box.port)
    assert status == NO_BOX and "ask again" in err
    assert run(*command, "--port", box.port)[0] == DONE and next(steps) > STEPS
    assert "nothing is to be done" in run(*command, "--port", box.port)[1]
    assert box.desk.box.admin.is_set and box.verb("domain get") == "office.example"
    assert [box.verb("config get", key=key) for key in ("default-expires", "max-expires")] == ["10m", "2h"]
    assert [(each["user"], each["aliases"]) for each in box.verb("account list")] == [("101", ["desk"]), ("102", [])]
