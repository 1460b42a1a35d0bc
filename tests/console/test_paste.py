"""What is pasted into a console is taken whole or not at all, wherever the line is cut and whatever it damages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.console.visit import Visit
from tests.control.desk import Desk
from tests.control.test_exports import filled

SEED = 20261123
PASSPHRASE = "four words of mine"


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    """At a new box."""
    (tmp_path / "new").mkdir()
    visit = Visit(Desk(tmp_path / "new"))
    visit.type("\x03")
    yield visit
    visit.close()
    visit.desk.store.close()


def exported(tmp_path: Path, words: str = "export", **arguments: object) -> tuple[str, str]:
    """What was written, and the box that it is of, as an export with secrets."""
    (tmp_path / "old").mkdir()
    old = Desk(tmp_path / "old")
    old.do("account add", user="101", password="secret")
    filled(old)
    written = old.do(words, **arguments), old.do("export", secrets=True)
    old.store.close()
    return written


def lines(text: str) -> str:
    return text.replace("\n", "\r")


@pytest.mark.parametrize("draw", range(12))
def test_line_that_is_cut_anywhere_leaves_the_box_as_it_was(visit: Visit, tmp_path: Path, draw: int) -> None:
    print(f"seed {SEED}, draw {draw}")  # noqa: T201
    text, _ = exported(tmp_path, secrets=True)
    before = visit.desk.do("export", secrets=True)
    visit.type("import\r" + lines(text[: Random(SEED + draw).randrange(len(text) - 9)]))
    visit.type("\x03")
    assert visit.desk.do("export", secrets=True) == before


@pytest.mark.parametrize("draw", range(12))
def test_line_that_damages_one_byte_in_a_hundred_is_found_out(visit: Visit, tmp_path: Path, draw: int) -> None:
    print(f"seed {SEED}, draw {draw}")  # noqa: T201
    random = Random(SEED + draw)
    text, _ = exported(tmp_path, secrets=True)
    before = visit.desk.do("export", secrets=True)
    damaged = "".join(chr(random.randrange(33, 127)) if random.random() < 0.01 else char for char in text)
    assert damaged != text
    visit.type("import\r" + lines(damaged))
    visit.type("\x03")
    assert visit.desk.do("export", secrets=True) == before


@pytest.mark.parametrize("number", [1, 4, 9])
def test_line_that_was_lost_is_named(visit: Visit, tmp_path: Path, number: int) -> None:
    text, _ = exported(tmp_path, secrets=True)
    kept = [line for line in text.splitlines() if not line.startswith(f"{number} ")]
    shown = visit.type("import\r" + "".join(f"{line}\r" for line in kept))
    assert f"Line {number} is missing" in shown


def test_line_is_as_long_as_a_setting_may_be(visit: Visit) -> None:
    desk = visit.desk
    street = ".".join(["x" * 60] * 3)
    desk.do("config set", key="domains", value=" ".join(f"branch-{n}.{street}.example.com" for n in range(1000)))
    text = desk.do("export", secrets=True)
    desk.do("config set", key="domains", value="default")
    assert "Imported" in visit.type("import\r" + lines(text))
    assert desk.do("export", secrets=True) == text


def test_backup_is_asked_for_its_passphrase_and_replaces_the_box(visit: Visit, tmp_path: Path) -> None:
    text, before = exported(tmp_path, "backup", passphrase=PASSPHRASE)
    visit.desk.do("account add", user="999")
    assert "a backup replaces it" in visit.type("import ?")
    visit.type("\x15")
    assert "all that is on this box now would go" in " ".join(visit.type("import\r" + lines(text)).split())
    assert "Passphrase:" in visit.type("yes\r")
    visit.type(PASSPHRASE + "\r")
    assert visit.desk.do("export", secrets=True) == before


def test_backup_that_is_not_confirmed_changes_nothing(visit: Visit, tmp_path: Path) -> None:
    text, _ = exported(tmp_path, "backup", passphrase=PASSPHRASE)
    before = visit.desk.do("export", secrets=True)
    visit.type("import\r" + lines(text))
    visit.type("\r")
    assert visit.desk.do("export", secrets=True) == before


def test_backup_asks_twice_for_a_passphrase_and_shows_none(visit: Visit) -> None:
    visit.type("backup\r")
    shown = visit.type(PASSPHRASE + "\r") + visit.type(PASSPHRASE + "\r")
    assert "frontdesk-backup 1" in shown and PASSPHRASE not in shown
    visit.type("backup\r")
    visit.type(PASSPHRASE + "\r")
    assert "The two are not the same" in visit.type("another one\r")
