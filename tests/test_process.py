"""What the process asks of the C library."""

import subprocess
import sys

TRIES = """
import sys, threading
from frontdesk.process import settle_memory

def taken():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon:"))

def try_a_password(turn):
    for _ in range(3):  # the first tells the C library what is wanted
        turn.wait()
        bytearray(16 << 20)
        turn.wait()

if "settled" in sys.argv:
    settle_memory()
before, turn = taken(), threading.Barrier(4)
threads = [threading.Thread(target=try_a_password, args=(turn,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(taken() - before)
"""


def kept(*arguments: str) -> int:
    """KiB that are left of four threads' large pieces."""
    command = [sys.executable, "-c", TRIES, *arguments]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def test_large_memory_is_given_back_when_it_is_free() -> None:
    assert kept("settled") < 4 << 10 < kept()
