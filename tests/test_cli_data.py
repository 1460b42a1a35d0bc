"""Which data a command is about, and whom it keeps out of them."""

from __future__ import annotations

import os
from errno import EACCES
from pathlib import Path

import pytest

from frontdesk.cli import box, main
from frontdesk.cli.parser import build_parser
from frontdesk.control import network
from frontdesk.store import DirectoryLock


def test_data_may_stand_before_the_command_or_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_DATA", "/elsewhere")
    for words in ("--data /here account list", "account --data /here list", "account list --data /here",
                  "--data /there account list --data /here", "--data /here serve"):  # fmt: skip
        assert build_parser().parse_args(words.split()).data == Path("/here")
    assert build_parser().parse_args(["account", "list"]).data == Path("/elsewhere")


def test_data_without_a_name_are_not_those_of_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["account", "list", "--data", ""])
    assert "--data: it is empty" in capsys.readouterr().err


def test_data_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_DATA", str(tmp_path / "elsewhere"))
    assert main(["account", "add", "101"]) == 0
    assert (tmp_path / "elsewhere" / "frontdesk.db").exists()


def test_whoever_may_not_use_the_data_is_told_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(directory: Path) -> None:
        raise PermissionError(EACCES, os.strerror(EACCES))  # of a socket: no file is named

    monkeypatch.setattr(box, "_connect", refuse)
    assert main(["status", "--data", str(tmp_path)]) == 2
    assert f"may not use {tmp_path}: give the command as its owner, or with sudo." in capsys.readouterr().err


def test_box_may_start_while_a_command_waits_for_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def echoes(address: str) -> list[float]:
        with DirectoryLock(tmp_path, serve=True):
            return [1.0]

    monkeypatch.setattr(network, "_echoes", echoes)
    assert main(["account", "add", "101", "--data", str(tmp_path)]) == 0
    assert main(["ping", "192.0.2.1", "--data", str(tmp_path)]) == 0


def test_table_in_another_encoding_is_told_in_which_to_save_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "accounts.csv"
    file.write_bytes("username,name\n101,Büro\n".encode("cp1252"))
    assert main(["account", "import", str(file), "--data", str(tmp_path / "data")]) == 1
    assert "accounts.csv is not text in UTF-8: save it once more as that" in capsys.readouterr().err
