"""SIPp scenarios played against the box: each is one side of a call or of a registration, told message by message.

A file in scenarios/ may hold names in braces: the test gives their values, and a name that it does not give is the
text of scenarios/parts/NAME.xml (the beginnings and endings that scenarios share).
"""

import re
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

SCENARIOS = Path(__file__).parent / "scenarios"
GLOBAL_TIMEOUT = 12  # seconds after which SIPp itself gives up
# What every play is started with: the files are in a folder of its own.
OPTIONS = (
    f"-sf scenario.xml -inf rows.csv -nostdin -r 50 -timeout {GLOBAL_TIMEOUT} -timeout_error "
    "-trace_err -error_file errors -trace_msg -message_file messages"
)
_NAME_IN_BRACES = re.compile(r"\{(\w+)\}")


class Play:
    """One SIPp process that plays one scenario; when it does not end well, its traces tell why."""

    def __init__(self, scenario: str, process: "subprocess.Popen[bytes]", traces: Path):
        self.scenario, self._process, self._traces = scenario, process, traces

    def ends_well(self) -> None:
        fault = self.fault()
        assert not fault, fault

    def fault(self) -> str:
        """Empty when the scenario went as it is written; else what SIPp said and every message that it saw."""
        status = self._process.wait(GLOBAL_TIMEOUT + 5)
        if status == 0:
            return ""
        told = self._told("errors") or self._told("screen"), self._told("messages")
        return "\n".join([f"SIPp's {self.scenario} ended with {status}", *told])

    def wait_until_it_listens(self, port: int) -> None:
        """Whoever is called before has no program at his port, which the kernel tells the box."""
        until = time.monotonic() + GLOBAL_TIMEOUT
        while not is_taken(port):
            assert self._process.poll() is None and time.monotonic() < until, f"{self.scenario} does not listen"
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def heard(self) -> str:
        """All messages that it sent and received so far, with times."""
        return self._told("messages")

    def _told(self, kind: str) -> str:
        file = self._traces / kind
        return file.read_text(errors="replace") if file.exists() else ""


class Sipp:
    """SIPp aimed at one server on UDP, with a folder for what it reads and writes."""

    def __init__(self, server: tuple[str, int], domain: str, folder: Path):
        self._server, self._domain, self._folder = server, domain, folder
        self.plays: list[Play] = []

    def play(self, scenario: str, values: Mapping[str, str], options: Mapping[str, str], row: str = "-") -> Play:
        """Starts a scenario with the values of its names, SIPp's own options, and one line of fields to inject."""
        folder = self._folder / f"{len(self.plays)}-{scenario}"
        folder.mkdir()
        (folder / "scenario.xml").write_text(render(scenario, {"domain": self._domain, **values}))
        (folder / "rows.csv").write_text(f"SEQUENTIAL\n{row}\n")
        command = ["sipp", "{}:{}".format(*self._server), *OPTIONS.split()]
        for option, value in ({"-p": str(free_port()), "-i": self._server[0]} | dict(options)).items():
            command += [option, value]
        with (folder / "screen").open("wb") as screen:
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen)
        self.plays.append(Play(scenario, process, folder))
        return self.plays[-1]

    def stop(self) -> None:
        for play in self.plays:
            play.stop()


def free_port() -> int:
    """SIPp itself would start at 5060."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether a program has this port, for UDP over IPv4 (proc(5), /proc/net/udp)."""
    sockets = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in sockets)


def render(scenario: str, values: Mapping[str, str]) -> str:
    """The scenario's text with its names filled in."""

    def filled(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in values:
            return values[name]
        return _NAME_IN_BRACES.sub(filled, (SCENARIOS / "parts" / f"{name}.xml").read_text())

    return _NAME_IN_BRACES.sub(filled, (SCENARIOS / f"{scenario}.xml").read_text())


def any_final(*statuses: int) -> str:
    """The scenario's lines for a final response with any of these status codes; it then goes on at label `answered`."""
    lines = [f'<recv response="{status}" optional="true" next="answered"/>' for status in statuses[:-1]]
    return "\n".join([*lines, f'<recv response="{statuses[-1]}" next="answered"/>'])
