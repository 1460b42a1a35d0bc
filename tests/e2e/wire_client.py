"""A SIP client on a bare socket, for what neither phones nor SIPp do (RFC 3261 8.1 and 22, RFC 7616 3.4)."""

import secrets
import socket
from dataclasses import dataclass
from hashlib import md5
from typing import Any, Protocol, Self

from tests.e2e.browser import WebLine

PATIENCE = 3.0  # seconds; the box answers within milliseconds on the loopback interface


@dataclass(slots=True)
class Message:
    """A request or a response as it came: start line, header lines in their order, body."""

    raw: bytes
    start: str
    headers: list[tuple[str, str]]

    @classmethod
    def parse(cls, raw: bytes) -> "Message":
        head = raw.partition(b"\r\n\r\n")[0].decode()
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(raw, start, [(name.strip().lower(), value.strip()) for name, _, value in pairs])

    @property
    def status(self) -> int:
        """The status code, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return self.first("CSeq").split()[1]

    @property
    def branch(self) -> str:
        return self.first("Via").partition("branch=")[2].partition(";")[0]

    @property
    def target(self) -> str:
        """The URI of the Contact."""
        return self.first("Contact").partition("<")[2].partition(">")[0]

    def listed(self, name: str) -> list[str]:
        """The values of all lines of that name, and of the lists in them; no commas inside values."""
        return [value.strip() for line in self.all(name) for value in line.split(",")]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


@dataclass(slots=True)
class Dialog:
    """One side's view of a dialog (12.1)."""

    local: str
    remote: str
    target: str
    routes: list[str]
    call_id: str

    @classmethod
    def of_caller(cls, accepted: Message) -> "Dialog":
        routes = [*reversed(accepted.listed("Record-Route"))]
        return cls(accepted.first("From"), accepted.first("To"), accepted.target, routes, accepted.first("Call-ID"))

    @classmethod
    def of_callee(cls, offered: Message, tag: str) -> "Dialog":
        routes, local = offered.listed("Record-Route"), f"{offered.first('To')};tag={tag}"
        return cls(local, offered.first("From"), offered.target, routes, offered.first("Call-ID"))


def challenge_parameters(value: str) -> dict[str, str]:
    """The parameters of a `Digest a="b", c=d` header; commas inside quotes do not occur in what the box sends."""
    pairs = (part.partition("=") for part in value.partition(" ")[2].split(","))
    return {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}


class Line(Protocol):
    """A socket, or what a browser has in its place."""

    def sendall(self, raw: bytes, /) -> None: ...

    def recv(self, size: int, /) -> bytes: ...

    def settimeout(self, seconds: float | None, /) -> None: ...

    def getsockname(self) -> Any: ...

    def close(self) -> None: ...


class WireClient:
    """One socket with an account: writes requests line by line, signs them, and takes the answers apart."""

    def __init__(
        self,
        server: tuple[str, int],
        domain: str,
        user: str,
        password: str,
        *,
        tcp: bool = False,
        port: int = 0,
        line: WebLine | None = None,
    ):
        self.socket: Line = line or _connected(server, port, tcp=tcp)
        self.socket.settimeout(PATIENCE)
        self.transport = line.transport if line else "TCP" if tcp else "UDP"
        self.domain, self.user, self.password = domain, user, password
        self.call_id, self.tag, self.cseq = secrets.token_hex(8), secrets.token_hex(4), 0
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of: object) -> None:
        self.socket.close()

    @property
    def address(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def aor(self) -> str:
        return f"sip:{self.user}@{self.domain}"

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@{self.address};transport={self.transport.lower()}"

    def uri_of(self, user: str) -> str:
        return f"sip:{user}@{self.domain}"

    # -- requests out

    def request(self, method: str, uri: str, *lines: str, body: bytes = b"") -> bytes:
        """A request in a transaction of its own; a line named as one of the usual headers takes its place."""
        self.cseq += 1
        usual = {
            "Via": f"SIP/2.0/{self.transport} {self.address};branch=z9hG4bK{secrets.token_hex(6)};rport",
            "Max-Forwards": "70",
            "From": f"<{self.aor}>;tag={self.tag}",
            "To": f"<{uri}>",
            "Call-ID": self.call_id,
            "CSeq": f"{self.cseq} {method}",
        }
        given = {line.partition(":")[0] for line in lines}
        head = [f"{method} {uri} SIP/2.0"]
        head += [f"{name}: {value}" for name, value in usual.items() if name not in given]
        head += [*lines, f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    def register_request(self, *lines: str, contact: str | None = None) -> bytes:
        """A REGISTER for the account; `contact` is the header's value, empty for none."""
        value = f"<{self.contact}>" if contact is None else contact
        binding = [f"Contact: {value}"] if value else []
        return self.request("REGISTER", f"sip:{self.domain}", f"To: <{self.aor}>", *binding, *lines)

    def credentials(self, challenge: Message, method: str, uri: str, count: int = 1, /, **instead: str) -> str:
        """The header line that answers a 401 or 407; `instead` names another user, password, realm or uri."""
        proxy = challenge.status == 407
        asked = challenge_parameters(challenge.first("Proxy-Authenticate" if proxy else "WWW-Authenticate"))
        user, password = instead.get("user", self.user), instead.get("password", self.password)
        realm, uri = instead.get("realm", asked["realm"]), instead.get("uri", uri)
        nonce, cnonce, nc = asked["nonce"], secrets.token_hex(4), f"{count:08x}"
        ha1, ha2 = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
        response = _md5(f"{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}" if "qop" in asked else f"{ha1}:{nonce}:{ha2}")
        line = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}"'
        line += ", algorithm=MD5"
        if "qop" in asked:
            line += f', qop=auth, nc={nc}, cnonce="{cnonce}"'
        if "opaque" in asked:
            line += f', opaque="{asked["opaque"]}"'
        return f"{'Proxy-Authorization' if proxy else 'Authorization'}: {line}"

    # -- conversations

    def ask(self, method: str, uri: str, *lines: str) -> Message:
        """The final answer to a request, with credentials when they are asked for."""
        answer = self.exchange(self.request(method, uri, *lines))
        if answer.status in (401, 407):
            signed = self.credentials(answer, method, uri)
            answer = self.exchange(self.request(method, uri, *lines, signed))
        return answer

    def register(self, *lines: str, contact: str | None = None) -> Message:
        answer = self.exchange(self.register_request(*lines, contact=contact))
        if answer.status == 401:
            signed = self.credentials(answer, "REGISTER", f"sip:{self.domain}")
            answer = self.exchange(self.register_request(*lines, signed, contact=contact))
        return answer

    def exchange(self, request: bytes) -> Message:
        self.send(request)
        return self.final_answer(Message.parse(request))

    def final_answer(self, request: Message) -> Message:
        """The final answer to `request`, acknowledged where that is the transaction's own duty (17.1.1.3)."""
        answer = self.receive()
        while not (answer.status >= 200 and answer.branch == request.branch and answer.method == request.method):
            answer = self.receive()
        if request.method == "INVITE" and answer.status >= 300:
            self.send(self._acknowledgement(request, answer))
        return answer

    def in_dialog(self, method: str, dialog: Dialog, *lines: str) -> bytes:
        """A request inside the dialog (12.2.1.1); the lines take the place of its Routes."""
        ends = [f"From: {dialog.local}", f"To: {dialog.remote}", f"Call-ID: {dialog.call_id}"]
        routes = [f"Route: {route}" for route in dialog.routes]
        return self.request(method, dialog.target, *ends, *(lines or routes))

    def reply(self, request: Message, status: int, reason: str, *lines: str, body: str = "") -> None:
        """Answers a request that came to this socket (8.2.6.2)."""
        copied = [f"{n}: {v}" for n, v in request.headers if n in ("via", "record-route", "from", "call-id", "cseq")]
        to = request.first("To")
        to += "" if "tag=" in to or status == 100 else f";tag={self.tag}"
        head = [f"SIP/2.0 {status} {reason}", *copied, f"To: {to}", *lines, f"Content-Length: {len(body)}", "", body]
        self.send("\r\n".join(head).encode())

    # -- bytes

    def send(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def receive(self, within: float = PATIENCE) -> Message:
        self.socket.settimeout(within)
        if self.transport != "TCP":
            while not (raw := self.socket.recv(65535)).strip():
                pass  # what keeps its way open
            return Message.parse(raw)
        return Message.parse(self._next_framed())

    def hears_nothing(self, within: float = 0.3) -> bool:
        """True when no message comes in that time (seconds)."""
        try:
            self.receive(within)
        except TimeoutError:
            return True
        return False

    def _next_framed(self) -> bytes:
        while b"\r\n\r\n" not in self._unread:
            self._read_more()
        head, _, rest = self._unread.lstrip(b"\r\n").partition(b"\r\n\r\n")
        length = int(Message.parse(head).first("Content-Length") or 0)
        while len(rest) < length:
            self._read_more()
            rest = self._unread.lstrip(b"\r\n").partition(b"\r\n\r\n")[2]
        self._unread = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def _read_more(self) -> None:
        chunk = self.socket.recv(65535)
        if not chunk:
            raise ConnectionResetError("the box closed the connection")
        self._unread += chunk

    def _acknowledgement(self, invite: Message, answer: Message) -> bytes:
        uri, number = invite.start.split()[1], invite.first("CSeq").split()[0]
        head = [f"ACK {uri} SIP/2.0", f"Via: {invite.first('Via')}", "Max-Forwards: 70"]
        head += [f"{name}: {message.first(name)}" for name, message in (("From", invite), ("To", answer))]
        head += [f"Call-ID: {invite.first('Call-ID')}", f"CSeq: {number} ACK", "Content-Length: 0", "", ""]
        return "\r\n".join(head).encode()


def _connected(server: tuple[str, int], port: int, *, tcp: bool) -> socket.socket:
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    line = socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET, kind)
    line.bind((server[0], port))
    line.connect(server)
    return line


def _md5(text: str) -> str:
    return md5(text.encode()).hexdigest()
