"""What JSON.md says to type: each of its commands, at a real box, with the real curl."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.box import Box
from tests.e2e.test_setup_page import url

REFERENCE = (Path(__file__).parents[2] / "firmware" / "JSON.md").read_text()


def typed(begins: str) -> list[str]:
    return re.findall(rf"^    ({begins} .*)$", REFERENCE, re.M)


def test_what_is_to_be_typed_is_answered(tmp_path: Path) -> None:
    box = Box(tmp_path / "data", hosts=("127.0.0.1",), options=("--web=https:127.0.0.1:0",))
    box.start()
    try:
        tokens = [box.run(*line.split()[1:]) for line in typed("frontdesk token add")]
        reads, changes = (re.findall(r"[\w-]{43}", shown)[0] for shown in tokens)
        box.run(*typed("frontdesk calls")[0].split()[1:])
        answers = [curl(box, line, changes) for line in typed("curl")]
        assert answers[0]["version"] and answers[1] == [] and len(answers[2]["password"]) == 16
        assert answers[3] == {"key": "flush", "value": "5m", "notes": []} and answers[4] == {"user": "107"}
        assert [list(curl(box, line, reads)) == ["error"] for line in typed("curl")] == [False] * 2 + [True] * 3
    finally:
        box.kill()


def curl(box: Box, line: str, token: str) -> Any:
    line = line.replace("https://frontdesk.local:8443", url(box))
    done = subprocess.run(["bash", "-c", line], cwd=box.data / "tls", env=os.environ | {"TOKEN": token}, check=True,
                          capture_output=True, timeout=30)  # fmt: skip
    return json.loads(done.stdout)
