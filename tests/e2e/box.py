"""The appliance as a black box: a process, its command line and its ports."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.e2e.namespace import Namespace
from tests.e2e.record import PATIENCE, Record

# Another build of the box can be put to these tests: FRONTDESK="/somewhere/bin/frontdesk".
COMMAND = shlex.split(os.environ.get("FRONTDESK", f"{sys.executable} -m frontdesk"))
DOMAIN = "office.test"  # RFC 2606: .test never exists
LOOPBACK = ("127.0.0.1", "[::1]")
ACCOUNTS = {str(number): f"secret-{number}" for number in range(1000, 1400)}  # users and their passwords
_ATTEMPTS = 5  # somebody else may take a free port before the box does


class Box:
    """One box with a data directory of its own; `hosts` as URIs write them."""

    def __init__(self, data: Path, *, hosts: tuple[str, ...] = LOOPBACK, namespace: Namespace | None = None,
                 options: tuple[str, ...] = ()):  # fmt: skip
        self.data, self.hosts, self.port = data, hosts, 0
        self._options = options
        self._namespace = namespace
        self._process: subprocess.Popen[str] | None = None
        self._output: Record[str] = Record("the box")

    # -- life

    def start(self) -> None:
        """Serve, on the ports of before if there were any, and be ready."""
        for _ in range(1 if self.port or self._namespace else _ATTEMPTS):
            port = self.port or (5060 if self._namespace else free_port(self.hosts))
            if self._serves(port):
                self.port = port
                return
        raise AssertionError("the box did not start:\n" + "\n".join(self._output.all()))

    def stop(self) -> int:
        """Ask it to end, and see it do so; its exit status."""
        assert self._process is not None, "the box does not run"
        self._process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._ended()

    def restart(self) -> None:
        self.stop()
        self.start()

    # -- what the command line tells

    def add_account(self, user: str, password: str) -> None:
        self.run("account", "add", user, "--password-stdin", "--domain", DOMAIN, stdin=f"{password}\n")

    def import_accounts(self, accounts: Mapping[str, str]) -> None:
        table = self.data.with_name(f"{self.data.name}-accounts.csv")
        table.write_text("username,password,name\n" + "".join(f"{u},{p},\n" for u, p in accounts.items()))
        self.run("account", "import", str(table), "--domain", DOMAIN)

    def bindings(self, user: str = "") -> list[dict[str, Any]]:
        """All bindings, or those of one user."""
        found: list[dict[str, Any]] = json.loads(self.run("bindings", "--json"))
        return [binding for binding in found if not user or binding["aor"] == f"sip:{user}@{DOMAIN}"]

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("calls", "--json"))
        return found

    def run(self, *words: str, stdin: str = "") -> str:
        command = [*COMMAND, *words, "--data", str(self.data)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def address(self, host: str = "") -> str:
        return f"{host or self.hosts[0]}:{self.port}"

    def log(self) -> str:
        return "\n".join(self._output.all())

    # -- how it is done

    def _serves(self, port: int) -> bool:
        """Start it on the port; False when it ended before it was ready."""
        listeners = [f"--sip={kind}:{host}:{port}" for host in self.hosts for kind in ("udp", "tcp")]
        prefix = self._namespace.command() if self._namespace else []
        words = ["serve", "--data", str(self.data), "--domain", DOMAIN, "--guard", "off", *listeners, *self._options]
        self._process = subprocess.Popen(
            [*prefix, *COMMAND, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0,
        )  # fmt: skip
        self._output = Record("the box")
        threading.Thread(target=_read, args=(self._process, self._output), daemon=True).start()
        try:
            self._output.wait(lambda line: line == "ready", "`ready`")
        except AssertionError:
            taken = self._process.poll() == 2
            self.kill()
            if not taken:
                raise
            return False
        return True

    def _ended(self) -> int:
        assert self._process is not None
        status = self._process.wait(PATIENCE)
        with contextlib.suppress(AssertionError):
            self._output.wait(lambda _: False, "its end")  # the reader has seen the end of its output and closed it
        return status


@contextlib.contextmanager
def box_of_two(data: Path, **ports: int) -> Iterator[Box]:
    """Serves 101 and 102; it is heard at these ports too, each by the transport whose name it has."""
    box = Box(data, options=tuple(f"--sip={transport}:127.0.0.1:{port}" for transport, port in ports.items()))
    for user in ("101", "102"):
        box.add_account(user, f"secret-{user}")
    box.start()
    yield box
    box.kill()


def _read(process: "subprocess.Popen[str]", output: Record[str]) -> None:
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            output.append(line.rstrip("\n"))
    output.end()


def free_port(hosts: tuple[str, ...]) -> int:
    """A port that is free on all hosts, over UDP and over TCP."""
    while True:
        with contextlib.ExitStack() as held:
            port = 0
            try:
                for host in hosts:
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
                        one = held.enter_context(socket.socket(family, kind))
                        one.bind((host.strip("[]"), port))
                        port = one.getsockname()[1]
                return port
            except OSError:
                continue
