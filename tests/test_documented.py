"""Numbers that people are told are those of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from deskctl.box import COMES_BACK
from frontdesk import app, endpoint, overload
from frontdesk.cli import main
from frontdesk.console import panel, programs, session
from frontdesk.control import admin, configuration, tokens
from frontdesk.core import registrations
from frontdesk.pins import button
from frontdesk.store import database
from frontdesk.transport import udp
from frontdesk.web_server import listener
from install.layout import HERE

ROOT = Path(__file__).parent.parent
README, ARCHITECTURE = "README.md", "firmware/ARCHITECTURE.md"
LINE, PANEL, JSON = "firmware/panel_link/README.md", "firmware/front-panel/README.md", "firmware/JSON.md"
LAPTOP = "host/deskctl/README.md"
ASTERISK = "firmware/ASTERISK.md"
MIB = 1 << 20


def watchdog() -> int:
    """Seconds after which systemd starts a box that is stuck anew."""
    unit = (HERE / "files/lib/systemd/system/frontdesk.service").read_text()
    return int(unit.partition("\nWatchdogSec=")[2].partition("\n")[0])


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (README, f"A button held for {button.HOLD:.0f} s from power-up"),
        (README, f"pressed once more within {button.DECIDE:.0f} s"),
        (README, f"taken away within {session.RECOVERY:.0f} s of power-up"),
        (README, f"for {admin.RESTRICTED / 3600:.0f} hours no secret leaves the box"),
        (README, f"when it is stuck for {watchdog()} s, or what writes to its disk for "
                 f"{watchdog() + app.JOURNAL_PATIENCE:.0f} s"),
        (LAPTOP, f"plugged in again within {'a minute' if COMES_BACK == 60.0 else COMES_BACK}"),
        (JSON, f"good for {tokens.LIFETIME / 86_400:.0f} days"),
        (PANEL, f"takes it only within {panel.POWER_UP / 60:.0f} minutes of its own start"),
        (LINE, f"within {panel.POWER_UP / 60:.0f} minutes of its own start only"),
        (LINE, f"{programs.SILENCE:.0f} s without a frame, or LEAVE, end the login"),
        (LINE, f"takes requests of at most {programs.LONGEST_OF_STRANGERS} bytes"),
        (ARCHITECTURE, f"of a stranger {programs.LONGEST_OF_STRANGERS >> 10} KiB"),
        (ARCHITECTURE, f"Each has at most {configuration.LONGEST // MIB} MiB"),
        (ARCHITECTURE, f"Up to {endpoint.TURN} datagrams are worked on as they are read, for "
                       f"{1000 * endpoint.TURN_TIME:.0f} ms"),
        (ARCHITECTURE, f"that waited for {overload.REGISTER_PATIENCE:.0f} s, a call that waited for "
                       f"{overload.CALL_PATIENCE:.0f} s, and what comes when {overload.MAX_BEGINNING:,} of its kind"),
        (ARCHITECTURE, f"When {registrations.MAX_HELD:,} REGISTERs wait, the card hangs"),
        (ARCHITECTURE, f"All that is open has {overload.ROOM // MIB} MiB"),
        (ARCHITECTURE, f"{udp.ANSWERED} of up to {udp.READ} datagrams"),
        (ARCHITECTURE, f"take up to {listener.ALL_BODIES // MIB} MiB over all connections"),
        (ARCHITECTURE, f"One of more than {listener.LONGEST_BODY // MIB} MiB is heard and thrown away"),
        (ARCHITECTURE, f"(every {watchdog() // 2} s of {watchdog()})"),
        (ARCHITECTURE, f"The journal has {app.JOURNAL_PATIENCE:.0f} s"),
        (ARCHITECTURE, f"SQLite keeps {database.CACHE} KiB of pages"),
    ],
)  # fmt: skip
def test_documents_have_the_programs_numbers(document: str, sentence: str) -> None:
    assert sentence in " ".join((ROOT / document).read_text().split())


def test_what_a_box_is_told_for_asterisk_is_what_it_takes(tmp_path: Path) -> None:
    lines = re.findall(r"^    frontdesk (.+)$", (ROOT / ASTERISK).read_text(), re.MULTILINE)
    for line in lines:
        assert main([*shlex.split(line), "--data", str(tmp_path)]) == 0, line
    assert len(lines) > 4
