"""A way between a phone and the box, by datagrams or over one connection, that a test can open, cut and take away."""

import contextlib
import socket
import threading

HERE = "127.0.77.1"
"""Where a phone finds it, at the port of the box."""


class Way:
    """Closed at first, so that a phone's request waits in it: over UDP for its next copy."""

    def __init__(self, transport: str, box: tuple[str, int]) -> None:
        self.transport, self._box = transport, box
        self.carried: list[bytes] = []
        """What has come to the phone."""
        self._inside = socket.socket(type=socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
        self._inside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._inside.bind((HERE, box[1]))
        self._ends = [self._inside]
        self._is_open = threading.Event()
        threading.Thread(target=self._carry_datagrams if transport == "udp" else self._take_a_call, daemon=True).start()

    @property
    def source(self) -> str:
        """Where the box sees it."""
        return "{}:{}".format(*self._ends[-1].getsockname())

    def open(self) -> None:
        self._is_open.set()

    def cut(self) -> None:
        """From now on all that goes in is lost, and nobody is told."""
        self._is_open.clear()

    def take_away(self) -> None:
        """Either side is told: by ICMP, or its connection closes."""
        self._is_open.clear()
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry_datagrams(self) -> None:
        outside, phones = socket.socket(type=socket.SOCK_DGRAM), list[tuple[str, int]]()
        outside.connect(self._box)
        self._ends.append(outside)
        threading.Thread(target=self._carry_back, args=(outside, phones), daemon=True).start()
        with contextlib.suppress(OSError):
            while True:
                data, phone = self._inside.recvfrom(65536)
                phones[:] = [phone]
                if self._is_open.is_set():
                    outside.send(data)

    def _carry_back(self, outside: socket.socket, phones: list[tuple[str, int]]) -> None:
        with contextlib.suppress(OSError):
            while data := outside.recv(65536):
                if self._is_open.is_set():
                    self.carried.append(data)
                    self._inside.sendto(data, phones[0])

    def _take_a_call(self) -> None:
        self._inside.listen()
        with contextlib.suppress(OSError):
            phone, _ = self._inside.accept()
            outside = socket.create_connection(self._box)
            self._ends += [phone, outside]
            threading.Thread(target=self._carry, args=(outside, phone), daemon=True).start()
            self._carry(phone, outside)

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(65536):
                if self._is_open.wait(10):
                    self.carried += [data] if here is self._ends[-1] else []
                    there.sendall(data)
