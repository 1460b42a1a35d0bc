"""The command line: what it says, what it does, and with which exit status it ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from frontdesk import __version__
from frontdesk.cli import main
from frontdesk.cli.parser import build_parser
from frontdesk.control import VERBS
from frontdesk.control.configuration import LONGEST
from frontdesk.store import DirectoryLock

LONG = 120
"""Characters: more than a socket's path may have."""


class Shell:
    """Runs commands on one data directory."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self._capsys = capsys
        self.error = ""

    def run(self, *words: str) -> int:
        status = main([*words, "--data", str(self.data)])
        self.output, self.error = self._capsys.readouterr()
        return status

    def ok(self, *words: str) -> str:
        assert self.run(*words) == 0, self.error
        return self.output

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json"))


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(sys, "stdin", io.StringIO("from-stdin\n"))
    return Shell(tmp_path / "data", capsys)


# -- accounts and the rest, where no box runs --------------------------------------------------------------------------


def test_password_that_was_made_is_printed_once(shell: Shell) -> None:
    output = shell.ok("account", "add", "101", "--name", "Front desk")
    assert re.fullmatch(r"Added 101\.\nPassword: [a-z2-9]{16}\n", output)
    password = output.split()[-1]
    assert password not in json.dumps(shell.json("account", "list"))


def test_password_from_standard_input_is_not_printed(shell: Shell) -> None:
    assert shell.ok("account", "add", "101", "--password-stdin") == "Added 101.\n"


def test_password_that_can_be_guessed_is_taken_and_told_of_beside_the_answer(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1234\n"))
    assert shell.ok("account", "add", "101", "--password-stdin") == "Added 101.\n"
    assert shell.error.startswith("frontdesk: The password of 101 can be guessed at once")
    (tmp_path / "a.csv").write_text("username,password\n102,102\n103,103\n")
    assert shell.ok("account", "import", str(tmp_path / "a.csv")) == "Added 2 accounts, changed 0.\n"
    assert shell.error.startswith("frontdesk: 2 passwords can be guessed") and "better for 102, 103." in shell.error


def test_password_is_never_taken_from_the_command_line(shell: Shell) -> None:
    assert shell.run("account", "add", "101", "--password", "x") == 2


def test_empty_standard_input_is_no_password(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert shell.run("account", "add", "101", "--password-stdin") == 1


@pytest.mark.parametrize(
    "words",
    [["account", "add", "102", "--password-stdin"], ["account", "passwd", "101", "--password-stdin"],
     ["device", "add", "101", "desk", "--password-stdin"], ["passwd", "admin"], ["backup"]],
)  # fmt: skip
def test_new_password_is_typed_twice_at_a_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    shell.ok("account", "add", "101")
    typed = ["four words", "for words"] + ["four words"] * 2
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: typed.pop(0))
    assert shell.run(*words) == 1 and shell.error == "frontdesk: The two are not the same.\n"
    shell.ok(*words)


def test_first_domain_is_the_realm(shell: Shell) -> None:
    shell.ok("account", "add", "101", "--domain", "Example.com")
    shell.ok("account", "add", "102", "--domain", "other.example")
    shell.ok("binding", "add", "102", "sip:door@192.0.2.7", "--static")
    assert shell.json("bindings")[0]["aor"] == "sip:102@example.com"


def test_import_of_a_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("username,password,name\n101,secret,One\n102,secret,Two\n")
    assert shell.ok("account", "import", str(tmp_path / "users.csv")) == "Added 2 accounts, changed 0.\n"
    assert [row["name"] for row in shell.json("account", "list")] == ["One", "Two"]
    assert shell.run("account", "import", str(tmp_path / "users.csv")) == 1
    assert shell.error.startswith("frontdesk: Line 2: ")


@pytest.mark.parametrize("content", [None, b"username,password,name\n\xff,x,y\n"])
def test_import_of_a_file_that_cannot_be_read_is_one_line(shell: Shell, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "users.csv"
    if content is not None:
        path.write_bytes(content)
    assert shell.run("account", "import", str(path)) in (1, 2)
    assert shell.error.count("\n") == 1 and "users.csv" in shell.error


def test_file_that_is_too_large_is_told_so(shell: Shell, tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LONGEST + 4096)
    assert shell.run("import", str(tmp_path / "large")) == 1
    assert shell.error == "frontdesk: FILE has more than 32768 KiB, the most that can be read.\n"


def test_list_is_aligned(shell: Shell) -> None:
    shell.ok("account", "add", "101", "--name", "Front desk")
    shell.ok("alias", "add", "101", "reception")
    lines = shell.ok("account", "list").splitlines()
    assert lines[0].index("aliases") == lines[1].index("reception") and len(lines) == 2


def test_config_list_names_every_setting(shell: Shell) -> None:
    shell.ok("config", "set", "flush", "5m")
    assert {"key": "flush", "value": "5m"}.items() <= {row["key"]: row for row in shell.json("config", "list")}[
        "flush"
    ].items()
    assert shell.ok("config", "get", "flush") == "5m\n"


def test_status_tells_that_no_box_runs_and_what_was_damaged(shell: Shell) -> None:
    shell.ok("account", "add", "101")
    database = shell.data / "frontdesk.db"
    database.write_bytes(b"x" * database.stat().st_size)
    assert "not running" in shell.ok("status")
    assert "set aside" in shell.output
    assert shell.json("status")["accounts"] == 1


def test_what_the_computer_knows_is_told_where_no_box_runs(shell: Shell) -> None:
    shell.ok("account", "add", "101")
    assert shell.json("ping", "127.0.0.1")["received"] == 3
    assert shell.json("today")["disk"]["total"] > 0 and "Calls" not in shell.ok("today")


def test_ext_is_another_word_for_account(shell: Shell) -> None:
    shell.ok("ext", "add", "101")
    assert [row["user"] for row in shell.json("ext", "list")] == ["101"]


def test_admin_password_is_a_line_of_standard_input(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("seven77\n"))
    assert shell.run("passwd", "admin") == 1
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    assert shell.ok("passwd", "admin") == "Changed the admin password.\n"
    assert shell.run("passwd", "admin", "correct horse") == 2


def test_read_only_password_is_taken_away_by_an_empty_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for line, status in (("correct horse\n", 0), ("\n", 0), ("", 1)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(line))
        assert shell.run("passwd", "viewer") == status
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert shell.run("account", "add", "101", "--password-stdin") == 1


def test_help_says_how_a_secret_is_told(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["backup", "--help"])
    assert "It asks for what it is sealed with.\nWhere there is no terminal" in capsys.readouterr().out


def test_export_of_a_box_is_taken_by_another(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.ok("account", "add", "101", "--name", "Front desk", "--domain", "example.com")
    (tmp_path / "box.txt").write_text(shell.ok("export", "--secrets"))
    other = Shell(tmp_path / "other", capsys)
    assert other.ok("import", str(tmp_path / "box.txt")) == "Imported 1 new accounts, changed 0.\n"
    assert other.ok("export", "--secrets") == (tmp_path / "box.txt").read_text()


def test_backup_of_a_box_is_restored_on_another_with_its_passphrase(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(line: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{line}\n"))

    shell.ok("account", "add", "101", "--name", "Front desk", "--domain", "example.com")
    say("four words of mine")
    (tmp_path / "box.backup").write_text(shell.ok("backup"))
    other = Shell(tmp_path / "other", capsys)
    other.ok("account", "add", "999")
    say("another passphrase")
    assert other.run("restore", str(tmp_path / "box.backup")) == 1
    assert other.error.startswith("frontdesk: The passphrase is not the one it was sealed with: type that one")
    say("four words of mine")
    assert "1 accounts, 0 calls" in other.ok("restore", str(tmp_path / "box.backup"))
    assert other.ok("export", "--secrets") == shell.ok("export", "--secrets")


def test_secret_is_the_first_line_of_a_file_where_one_is_named(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("nobody is there to be asked"))
    word, empty, saved = tmp_path / "word", tmp_path / "empty", tmp_path / "box.backup"
    word.write_text("four words of mine\nand a note\n")
    empty.touch()
    for words in ("account add 101", "account passwd 101", "device add 101 desk", "passwd admin", "passwd viewer"):
        shell.ok(*words.split(), "--password-file", str(word))
    saved.write_text(shell.ok("backup", "--passphrase-file", str(word)))
    shell.ok("account", "add", "102")
    assert shell.run("restore", str(saved), "--passphrase-file", str(empty)) == 1
    assert shell.error == f"frontdesk: There is no passphrase in {empty}.\n"
    assert shell.run("restore", str(saved), "--passphrase-file", str(tmp_path / "none")) == 2
    word.write_text("\ufefffour words of mine\r\n")  # as Windows may write it
    assert "1 accounts" in shell.ok("restore", str(saved), "--passphrase-file", str(word))


def test_export_makes_no_data(shell: Shell) -> None:
    assert shell.run("export") == 2
    assert "no box" in shell.error and not shell.data.exists()


def test_factory_reset_wants_to_be_sure_and_can_keep_the_network(shell: Shell) -> None:
    shell.ok("account", "add", "101")
    shell.ok("config", "set", "hostname", "lobby")
    assert shell.run("factory-reset", "--keep-network") == 1
    assert "--yes" in shell.error and len(shell.json("account", "list")) == 1
    assert "gone" in shell.ok("factory-reset", "--keep-network", "--yes")
    assert (shell.json("account", "list"), shell.ok("config", "get", "hostname")) == ([], "lobby\n")


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["account"],
        ["account", "add"],
        ["account", "add", "101", "--domain", "a b"],
        ["calls", "--limit", "many"],
        ["serve", "--web", "somewhere:80"],
        ["serve", "--web", ""],
        ["serve", "--web", "default"],
        ["serve", "--web", "http:127.0.0.1:80,https:127.0.0.1:443"],
        ["serve", "--console", "ttyS0"],
        ["serve", "--panel", "ttyAMA2"],
        ["serve", "--pnp", "eth0"],
        ["serve", "--guard", "on"],
        ["serve", "--flush", "soon"],
        ["serve", "--sip", "udp:5060"],
        ["serve", "--sip", "udp:localhost:5060"],
        ["serve", "--sip", "udp:127.0.0.1:99999"],
        ["serve", "--sip", "sctp:127.0.0.1:5061"],
    ],
)
def test_wrong_command_line_is_one_sentence_and_status_2(shell: Shell, words: list[str]) -> None:
    assert shell.run(*words) == 2
    assert re.fullmatch(r"frontdesk: [A-Z-][^\n]+\n", shell.error)
    assert not shell.data.exists()


def test_refused_verb_is_one_sentence_and_status_1(shell: Shell) -> None:
    shell.ok("account", "add", "101")
    assert shell.run("account", "remove", "102") == 1
    assert shell.error == "frontdesk: There is no account '102'.\n"


def test_looking_makes_no_data(shell: Shell) -> None:
    assert shell.run("account", "list") == 2
    assert "no box" in shell.error and not shell.data.exists()


def test_unusable_directory_is_one_sentence_and_status_2(shell: Shell, tmp_path: Path) -> None:
    shell.data.write_text("a file")
    for words in (["account", "add", "101"], ["serve"]):
        assert shell.run(*words) == 2
        assert re.fullmatch(r"frontdesk: [^\n]+\.\n", shell.error)


def test_second_serve_is_refused(shell: Shell) -> None:
    shell.data.mkdir()
    with DirectoryLock(shell.data, serve=True):
        assert shell.run("serve") == 2
    assert "already serves" in shell.error


# -- help --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", "serve", "account", *(verb.words for verb in VERBS)])
def test_help_at_every_level(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "--help"]) == 0
    assert "usage: frontdesk" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"frontdesk {__version__}\n"


def test_list_loads_neither_the_core_nor_asyncio(shell: Shell) -> None:
    shell.ok("account", "add", "101")
    code = (
        "import sys; from frontdesk.cli import main; main(sys.argv[1:]); "
        "heavy = {'asyncio', 'ssl', 'sqlite_utils', 'frontdesk.core', 'frontdesk.app', 'dns', 'csv'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    run = [sys.executable, "-c", code, "account", "list", "--data", str(shell.data)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# -- a box that serves -------------------------------------------------------------------------------------------------


@pytest.fixture
def serving(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A box in its own process, in a directory with a long name."""
    shell = Shell(tmp_path / ("x" * LONG) / "data", capsys)
    words = ["serve", "--data", str(shell.data), "--sip", "udp:127.0.0.1:0", "--domain", "example.com"]
    run = [sys.executable, "-m", "frontdesk", *words]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as box:
        assert box.stdout is not None
        assert box.stdout.readline() == "ready\n"
        yield shell
        box.send_signal(signal.SIGTERM)
        assert box.wait(10) == 0


def test_verbs_go_through_the_box_that_serves(serving: Shell) -> None:
    serving.ok("account", "add", "101")
    serving.ok("binding", "add", "101", "sip:door@192.0.2.7", "--static")
    assert serving.json("bindings")[0]["aor"] == "sip:101@example.com"
    assert serving.run("account", "add", "101") == 1
    serving.ok("account", "disable", "101")
    assert [each["enabled"] for each in serving.json("account", "list")] == [False]
    status = serving.json("status")
    assert (status["accounts"], len(status["listeners"]), status["journal"]["pending"]) == (1, 1, 0)
    assert status["journal"]["commits"] >= 3
    assert serving.run("serve") == 2


UNWRITTEN = "frontdesk: It was done, but the answer cannot be written: No space left on device.\n"


@pytest.mark.parametrize(("end", "told"), [("| true", ("0\n", "")), (">&- <&-", ("0\n", "")),
                                           ("> /dev/full", ("2\n", UNWRITTEN))])  # fmt: skip
def test_answer_that_nobody_can_read_is_no_crash(shell: Shell, end: str, told: tuple[str, str]) -> None:
    shell.ok("account", "add", "101")
    command = f"{sys.executable} -m frontdesk account list --json --data '{shell.data}' {end}; echo ${{PIPESTATUS[0]}}"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=buffered, check=True)
    assert (done.stdout, done.stderr) == told


def test_what_root_makes_in_the_data_of_a_user_belongs_to_that_user(capsys: pytest.CaptureFixture[str]) -> None:
    user = 990 if os.geteuid() == 0 else os.geteuid()
    with TemporaryDirectory() as directory:  # not tmp_path: only its owner gets there
        data = Path(directory, "data")
        data.mkdir(mode=0o700)
        os.chmod(directory, 0o755)
        os.chown(data, user, -1)
        Shell(data, capsys).ok("account", "add", "101")
        assert {path.stat().st_uid for path in data.rglob("*")} == {user}
        assert os.geteuid() == os.getuid()
