"""A real phone: one baresip, driven over its control port (ctrl_tcp) and heard by its events and its SIP trace."""

import contextlib
import json
import secrets
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.e2e.namespace import Namespace
from tests.e2e.record import PATIENCE, Record
from tests.e2e.wire import Traced, TraceReader

_MODULES = Path("/usr/lib/baresip/modules")
_CONTROL_PORT = 4444  # baresip's own default; each phone listens on a loopback address of its own
_CONFIG = """\
poll_method epoll
{place}
ctrl_tcp_listen {control}:{port}
call_local_timeout 120
call_max_calls {calls}
audio_source ausine,440
ausrc_srate 48000
ausrc_channels 2
statmode_default off
audio_player aubridge,{user}
audio_alert aubridge,{user}-alert
rtp_stats yes
module_path {modules}
{instance}module g711.so
module ausine.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
"""
Event = dict[str, Any]


class Phone:
    """One phone with one account. `server` is where it finds the box, `address` the one that the phone itself has,
    unless it takes all of an `interface`. `is_instance`: whether it names itself by a +sip.instance; `certificate`: its
    own, and the port at which it hears TLS."""

    def __init__(
        self,
        folder: Path,
        user: str,
        password: str,
        server: str,
        domain: str,
        *,
        transport: str = "udp",
        address: str = "127.0.0.1",
        interface: str = "",
        calls: int = 4,
        certificate: tuple[Path, int] | None = None,
        is_instance: bool = False,
        namespace: Namespace | None = None,
    ):
        self.user, self.password, self.domain = user, password, domain
        self.server, self.transport = server, transport
        self._place = f"net_interface {interface}" if interface else _at(address)
        self._instance = "module_tmp uuid.so\n" if is_instance else ""
        self._folder, self._calls, self._namespace = folder, calls, namespace
        self._certificate = certificate
        self._begin_records()
        self._control_address = "127." + ".".join(str(secrets.randbelow(254) + 1) for _ in range(3))
        self._process: subprocess.Popen[str] | None = None
        self._control: socket.socket | None = None

    def _begin_records(self) -> None:
        self.events: Record[Event] = Record(f"phone {self.user}")
        self.trace: Record[Traced] = Record(f"the trace of phone {self.user}")
        self._output: Record[str] = Record(f"baresip of {self.user}")
        self._heard: dict[str, int] = {}  # for each kind of event, the number of the next that is new
        self._threads: list[threading.Thread] = []

    # -- life

    def start(self) -> None:
        """baresip runs and listens for commands; it has no account yet, so that no event is missed."""
        assert _MODULES.is_dir(), f"baresip's modules are not in {_MODULES}: install the package baresip-core"
        self._configure()
        command = ["stdbuf", "-oL", "baresip", "-s", "-f", str(self._folder)]
        prefix = self._namespace.command() if self._namespace else []
        self._process = subprocess.Popen(
            [*prefix, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._listen(self._read_output)
        self._output.wait(lambda line: "baresip is ready" in line, "that it is ready")
        self._control = self._connect()
        self._listen(self._read_events)

    def stop(self) -> None:
        """End it as a power cut would, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        if self._control is not None:
            self._control.close()

    def start_anew(self) -> None:
        """The power is back: it has its files, and knows of nothing else."""
        self.stop()
        self._begin_records()
        self.start()

    # -- what a person does with it

    def register(self, seconds: int = 600) -> None:
        self.try_to_register(seconds)
        self.expect("REGISTER_OK")

    def try_to_register(self, seconds: int = 600) -> None:
        route = f'outbound="sip:{self.server};transport={self.transport}"'
        self.command("uanew", f"<sip:{self.user}@{self.domain}>;auth_pass={self.password};{route};regint={seconds}")

    def unregister(self) -> None:
        """Take the account away, and see the box agree."""
        self.command("uadel", f"sip:{self.user}@{self.domain}")
        asked, _ = self.trace.wait(lambda m: m.value("Contact").endswith(";expires=0"), "that it unregisters")
        self.received("REGISTER", 200, since=asked)

    def dial(self, callee: str) -> None:
        self.command("dial", callee if ":" in callee else f"sip:{callee}@{self.domain}")

    def accept(self) -> None:
        self.command("accept")

    def hang_up(self) -> None:
        self.command("hangup")

    def hold(self) -> None:
        self.command("hold")

    def resume(self) -> None:
        self.command("resume")

    def command(self, name: str, parameters: str = "") -> None:
        assert self._control is not None, f"phone {self.user} has not been started"
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._control.sendall(b"%d:%s," % (len(text), text))

    # -- what is seen of it

    def expect(self, kind: str, within: float = PATIENCE) -> Event:
        """The next event of the kind that has not been expected before."""
        number, event = self.events.wait(lambda e: e["type"] == kind, kind, self._heard.get(kind, 0), within)
        self._heard[kind] = number + 1
        return event

    # The trace may lag behind the events a little: a message is asked for by what is in it, not only by when it came.

    def sent(self, method: str, status: int = 0, since: int = 0, having: str = "") -> Traced:
        """The request of the method that the phone sent, or its response of the status to one."""
        return self._traced(lambda m: m.target, method, status, since, having)

    def received(self, method: str, status: int = 0, since: int = 0, having: str = "") -> Traced:
        return self._traced(lambda m: m.source, method, status, since, having)

    def story(self) -> str:
        """All that was heard of it, for whoever has to find out what went wrong."""
        told = [*self._output.all(), *map(str, self.events.all())]
        return f"\n===== phone {self.user}\n" + "\n".join(told) + "\n"

    def _traced(self, box: Callable[[Traced], str], method: str, status: int, since: int, having: str) -> Traced:
        def wanted(message: Traced) -> bool:
            between = box(message) == self.server
            return between and (message.method, message.status) == (method, status) and having in str(message)

        return self.trace.wait(wanted, f"{method} {status or ''} {having}", since)[1]

    # -- how it is done

    def _configure(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        config = _CONFIG.format(
            place=self._place, control=self._control_address, port=_CONTROL_PORT,
            calls=self._calls, user=self.user, modules=_MODULES, instance=self._instance,
        )  # fmt: skip
        if self._certificate is not None:
            path, port = self._certificate
            config = config.replace(":0\n", f":{port - 1}\n", 1) + f"sip_certificate {path}\n"
        for name, text in {"config": config, "accounts": "", "contacts": ""}.items():
            (self._folder / name).write_text(text)

    def _connect(self) -> socket.socket:
        kind = self._namespace.stream() if self._namespace else socket.socket()
        kind.connect((self._control_address, _CONTROL_PORT))
        return kind

    def _listen(self, reader: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=reader, daemon=True))
        self._threads[-1].start()

    def _read_output(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        reader = TraceReader()
        with self._process.stdout as output:
            for line in output:
                self._output.append(line.rstrip("\r\n"))
                for message in reader.read(line.rstrip("\r\n")):
                    self.trace.append(message)
        self._output.end()
        self.trace.end()

    def _read_events(self) -> None:
        assert self._control is not None
        with contextlib.suppress(OSError):  # the phone has gone
            for text in _netstrings(self._control):
                answer = json.loads(text)
                if answer.get("event"):
                    self.events.append(answer)
        self.events.end()


def put_through(caller: Phone, called: Phone) -> None:
    """The one calls, the other rings and is picked up. baresip tells the called one so when the ACK is there."""
    caller.dial(called.user)
    called.expect("CALL_INCOMING")
    called.accept()
    for phone in (caller, called):
        phone.expect("CALL_ESTABLISHED")


def hung_up(first: Phone, other: Phone) -> None:
    """The first hangs up: the other is told so, and its 200 comes back."""
    first.hang_up()
    other.expect("CALL_CLOSED")
    other.received("BYE")
    first.received("BYE", 200)


def held_and_resumed(holder: Phone, held: Phone) -> None:
    """By a re-INVITE each, of which the other is told and which it answers."""
    for act, offered, answered in ((holder.hold, "sendonly", "recvonly"), (holder.resume, "sendrecv", "sendrecv")):
        before, then = len(held.trace.all()), len(holder.trace.all())
        act()
        held.received("INVITE", since=before, having=f"a={offered}")
        holder.received("INVITE", 200, since=then, having=f"a={answered}")
        held.received("ACK", since=before)


def _at(address: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"net_interface {address}\nsip_listen {host}:0"


def _netstrings(control: socket.socket) -> Iterator[bytes]:
    """`12:hello world!,` again and again, until the other side closes."""
    waiting = b""
    while more := control.recv(65536):
        waiting += more
        while (colon := waiting.find(b":")) > 0 and len(waiting) > (end := colon + 1 + int(waiting[:colon])):
            yield waiting[colon + 1 : end]
            waiting = waiting[end + 1 :]
