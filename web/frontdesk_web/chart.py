"""The last day as a small picture: registered devices as a line, calls as bars. It names its own colours nowhere: the
style sheet does."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 576, 96
"""Units of the view; a quarter of an hour is 6 wide."""
STEP = 6
FLOOR = HEIGHT - 2


def drawn(devices: Sequence[int], calls: Sequence[int]) -> str:
    """SVG, to be put into a page."""
    most_devices, most_calls = max(1, *devices), max(1, *calls)
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" focusable="false">']
    parts += [f'<path class="hour" d="M{hour * WIDTH // 4} 0V{HEIGHT}"/>' for hour in (1, 2, 3)]
    for place, count in enumerate(calls):
        if count:
            height = max(2, round(count / most_calls * (HEIGHT * 0.6)))
            at = f'x="{place * STEP + 1}" y="{FLOOR - height}" width="{STEP - 2}" height="{height}"'
            parts.append(f'<rect class="calls" {at}/>')
    levels = [FLOOR - round(count / most_devices * (HEIGHT - 12)) for count in devices]
    path = f"M0 {levels[0]}"
    for place, level in enumerate(levels):
        path += (f"V{level}" if place and level != levels[place - 1] else "") + f"H{(place + 1) * STEP}"
    parts.append(f'<path class="devices" d="{_shorter(path)}"/></svg>')
    return "".join(parts)


def _shorter(path: str) -> str:
    """Steps of the same height are one."""
    import re

    return re.sub(r"(?:H\d+)+(H\d+)", r"\1", path)
