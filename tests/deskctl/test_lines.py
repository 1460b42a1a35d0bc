"""Lines of keys in TOML files."""

from __future__ import annotations

import pytest

from deskctl.lines import Lines

TEXT = '''\
title = "x"     # 1

[settings]
default-expires = "10m"
"quoted key" = 1
a.b = 2

[[account]]
user = "101"
note = """
user = "not a key"
"""
[[account]]  # the second
user = "102"
aliases = [
  "one",
]
[box.network]
address = "192.0.2.1/24"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("settings",), 3),
        (("settings", "default-expires"), 4),
        (("settings", "quoted key"), 5),
        (("settings", "a", "b"), 6),
        (("account", 0), 8),
        (("account", 0, "user"), 9),
        (("account", 1), 13),
        (("account", 1, "user"), 14),
        (("account", 1, "aliases"), 15),
        (("box", "network", "address"), 19),
        (("settings", "not there"), 3),
        (("nothing", "at all"), 1),
    ],
)
def test_key_stands_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert Lines(TEXT).of(*path) == line
