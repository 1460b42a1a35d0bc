"""The marks of the figures: better than the aim, good enough, missed, or not measured at all."""

import pytest

from tests.bench.goals import Goal, marks
from tests.bench.loads import Measurement
from tests.bench.table import Standing


def measured(server: str, load: str, round_: int, cpu: float, elapsed: float = 1.0) -> Measurement:
    """1,000 operations, at so many microseconds each."""
    return Measurement(server, load, round_, 1000, 0, 0, elapsed, cpu / 1000, 0, 1, 1)


@pytest.mark.parametrize(
    ("figure", "less", "more"), [(1.0, "aim", "no"), (1.5, "ok", "no"), (2.0, "ok", "ok"), (3.0, "no", "aim")]
)
def test_mark_says_how_good_a_figure_is_where_less_is_better_and_where_more_is(
    figure: float, less: str, more: str
) -> None:
    assert Goal("cost", 2.0, 1.0).mark(figure) == less
    assert Goal("rate", 2.0, 3.0).mark(figure) == more


def test_figure_is_the_median_of_what_was_measured_in_the_same_rounds() -> None:
    ours = [measured("frontdesk", "call", number, cpu) for number, cpu in ((1, 300), (2, 150), (3, 500))]
    peers = [measured("kam-ht-fm-nc", "call", number, cpu) for number, cpu in ((1, 100), (2, 100), (3, 500))]
    rows = marks([*ours, *peers], [Standing("frontdesk", "", 1, 27, 10_000, 61, 2)]).splitlines()
    assert "| CPU of a call with 407 / kam-ht-fm-nc | 1.8 | 0.9 | 1.50 | ok |" in rows
    assert "| memory at rest | 36 MB | 28 MB | 27.00 | aim |" in rows
    assert "| memory with 10,000 bindings | 60 MB | 40 MB | 61.00 | no |" in rows
    assert "| wake-ups a second at rest | 3 | 1 | 2.00 | ok |" in rows


def test_what_nobody_measured_is_said_to_be_so() -> None:
    rows = marks([measured("frontdesk", "moved", 1, 80)], []).splitlines()
    assert "| rate of moved bindings, 16 open / kam-wt | 12 | 25 | - | not measured |" in rows
    assert "| memory at rest | 36 MB | 28 MB | - | not measured |" in rows
