"""The servers under test: how each is set up with the same accounts, started, and known to answer."""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from tests.bench.processes import tree

HERE = Path(__file__).parent
DOMAIN = "bench.test"
HOST = "127.0.0.1"
KAMAILIO_SCHEMA = Path("/usr/share/kamailio/db_sqlite")
START_LIMIT = 30.0  # seconds until the first answer
STOP_LIMIT = 5.0  # seconds from SIGTERM until it is killed


@dataclass(slots=True, frozen=True)
class Account:
    user: str
    password: str

    @property
    def ha1(self) -> str:
        return md5(f"{self.user}:{DOMAIN}:{self.password}".encode()).hexdigest()


class Server:
    """One server with a folder of its own; a subclass knows the set-up and the command."""

    loads: tuple[str, ...] = ()  # the only loads that make sense for it; empty for all

    def __init__(self, name: str, durable: str, folder: Path):
        self.name, self.durable, self.folder = name, durable, folder / name
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, str] = {}

    def set_up(self, accounts: Sequence[Account]) -> None:
        """Makes the folder anew, with the accounts and without any binding."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._fill(accounts)

    def _fill(self, accounts: Sequence[Account]) -> None:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Seconds from the start of the process to the first answer to an OPTIONS."""
        self.port = free_port()
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), env=os.environ | self._settings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        while not answers_options(self.port):
            if self._process.poll() is not None or time.monotonic() > began + START_LIMIT:
                raise RuntimeError(f"{self.name} does not answer; its log is {self.folder / 'log'}")
        return time.monotonic() - began

    def stop(self) -> None:
        if self._process is None:
            return
        family = tree(self._process.pid)
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            for pid in family:
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


class Frontdesk(Server):
    """The product, as it is shipped or with flags."""

    def __init__(self, name: str, durable: str, folder: Path, *flags: str):
        super().__init__(name, durable, folder)
        self._flags = flags
        # As it is installed: its modules are compiled once, and not at each start, whatever the shell of this run says.
        self._settings = {"PYTHONDONTWRITEBYTECODE": ""}

    def _fill(self, accounts: Sequence[Account]) -> None:
        rows = self.folder / "accounts.csv"
        rows.write_text("username,password,name\n" + "".join(f"{a.user},{a.password},{a.user}\n" for a in accounts))
        command = [*self._program(), "account", "import", str(rows), *self._data()]
        subprocess.run(command, env=os.environ | self._settings, check=True, stdout=subprocess.DEVNULL)

    def command(self) -> list[str]:
        listen = ["--sip", f"udp:{HOST}:{self.port}", "--guard", "off"]
        return [*self._program(), "serve", *self._data(), *listen, *self._flags]

    def _data(self) -> list[str]:
        return ["--data", str(self.folder / "data"), "--domain", DOMAIN]

    def _program(self) -> list[str]:
        return [str(Path(sys.executable).with_name("frontdesk"))]


class Kamailio(Server):
    """Debian's Kamailio with the stock functions: a peer of known speed on the same machine."""

    def __init__(
        self, name: str, durable: str, folder: Path, *flags: str,
        write_through: bool = False, wal: bool = False, records: str = "",
    ):  # fmt: skip
        """`records`: where those of ended calls go, "sqlite" or "flatstore" (a text file, never synced)."""
        super().__init__(name, durable, folder)
        self._flags, self._write_through, self._wal, self._records = flags, write_through, wal, records
        self.loads = ("call",) if records else ()

    def _fill(self, accounts: Sequence[Account]) -> None:
        with sqlite3.connect(self._database) as database:
            for table in ("standard", "auth_db", "usrloc", "htable", "acc"):
                database.executescript((KAMAILIO_SCHEMA / f"{table}-create.sql").read_text())
            database.executemany(
                "INSERT INTO subscriber(username, domain, password, ha1) VALUES (?, ?, '', ?)",
                [(a.user, DOMAIN, a.ha1) for a in accounts],
            )
            for column in ("callid", "caller", "callee"):  # those of `cdr_extra`
                database.execute(f"ALTER TABLE acc_cdrs ADD COLUMN {column} TEXT")
            database.executemany(
                "INSERT INTO htable(key_name, key_type, value_type, key_value, expires) VALUES (?, 0, 0, ?, 0)",
                [(a.user, a.ha1) for a in accounts],
            )
        if self._wal:
            database.execute("PRAGMA journal_mode=WAL")
        database.close()

    def command(self) -> list[str]:
        # 2 GB shared: a transaction stays for 5 s after its end, and the default is used up after 3,000 quick calls
        fixed = ["kamailio", "-DD", "-E", "-m", "2048", "-M", "8"]
        fixed += ["-f", str(HERE / "kamailio.cfg"), "-Y", str(self.folder)]
        mode = "1" if self._write_through else "0"
        defines = [f"BPORT={self.port}", f'BDOMAIN="{DOMAIN}"', "BCHILDREN=1", f"BUSRLOC={mode}"]
        defines += [f'BDBURL="sqlite://{self._database}"']
        if self._records:
            place = f"sqlite://{self._database}" if self._records == "sqlite" else f"flatstore:{self.folder}"
            defines += ["WITH_CALLS", f'BRECORDS="{place}"']
        return fixed + [word for define in defines for word in ("-A", define)] + list(self._flags)

    @property
    def _database(self) -> Path:
        return self.folder / "kamailio.db"


class Floor(Server):
    """A canned answer from Python."""

    loads = ("options",)

    def _fill(self, accounts: Sequence[Account]) -> None:
        pass

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "floor.py"), str(self.port)]


def all_servers(folder: Path) -> list[Server]:
    """The product in its two ways, and Kamailio in five where it is installed."""
    ours: list[Server] = [
        Frontdesk("frontdesk", "changes; refreshes are folded", folder),
        Frontdesk("frontdesk-each", "every refresh", folder, "--flush", "0"),
        Floor("floor", "-", folder),
    ]
    if not (shutil.which("kamailio") and KAMAILIO_SCHEMA.exists()):
        return ours
    fast = ("-x", "fm", "-X", "fm", "-A", "AUTH_HTABLE")
    return [
        *ours,
        Kamailio("kam-ht-fm-nc", "nothing", folder, *fast, "-A", "WITH_NC"),
        Kamailio("kam-wt-ht-fm-wal", "every refresh", folder, *fast, write_through=True, wal=True),
        Kamailio("kam-wt", "every refresh", folder, write_through=True),
        Kamailio("kam-calls", "nothing", folder, *fast, "-A", "WITH_NC", records="flatstore"),
        Kamailio("kam-calls-wal", "records of calls", folder, *fast, "-A", "WITH_NC", wal=True, records="sqlite"),
    ]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers_options(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((HOST, port))
        client.settimeout(0.004)
        mine = client.getsockname()[1]
        request = (
            f"OPTIONS sip:{HOST}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {HOST}:{mine};branch=z9hG4bKready{mine};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:ready@{HOST}>;tag={mine}\r\nTo: <sip:{HOST}:{port}>\r\n"
            f"Call-ID: ready-{mine}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        try:
            client.send(request.encode())
            return client.recv(4096).startswith(b"SIP/2.0 ")
        except ConnectionRefusedError:
            time.sleep(0.002)
        except TimeoutError:
            pass
        return False
