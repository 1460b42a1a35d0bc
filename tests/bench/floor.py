"""What a datagram costs in Python before any SIP is done: a canned answer. Usage: floor.py PORT."""

import asyncio
import socket
import sys

BATCH = 64  # datagrams taken at one wake-up


def main() -> None:
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    door.bind(("127.0.0.1", int(sys.argv[1])))
    door.setblocking(False)

    def answer_all() -> None:
        for _ in range(BATCH):
            try:
                request, source = door.recvfrom(65535)
            except BlockingIOError:
                return
            door.sendto(b"SIP/2.0 200 OK" + request[request.find(b"\r\n") :], source)

    async def serve() -> None:
        asyncio.get_running_loop().add_reader(door.fileno(), answer_all)
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
