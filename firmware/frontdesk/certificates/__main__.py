"""The box's pairs are settled in a process of its own: the library that makes them takes 8 MB, and is needed once."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from .names import Names
from .settling import settle


def main() -> int:
    """DIR/tls is the argument; names and times are one JSON line of standard input, and so is the outcome."""
    asked = json.loads(sys.stdin.readline())
    names = Names.read(asked["names"])
    now, released = (datetime.fromisoformat(asked[key]) for key in ("now", "released"))
    try:
        settled = settle(Path(sys.argv[1]), names, now, released)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(settled.said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
