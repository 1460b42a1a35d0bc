"""What a transaction of the journal writes takes few statements: each lets go of the interpreter's lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.store import database
from frontdesk.store.batch import CHUNKS, Batch
from frontdesk.store.bindings import call_row, row
from frontdesk.store.store import NAME
from tests.store.rows import binding, call, clock, opened


@pytest.mark.parametrize("rows", [1, 65, 200, 5 * CHUNKS[0]])
def test_rows_of_each_kind_share_statements(tmp_path: Path, rows: int) -> None:
    opened(tmp_path).close()
    connection = database.connect(tmp_path / NAME)
    said: list[str] = []
    connection.set_trace_callback(lambda sql: said.append(" ".join(sql.split()[:3])))
    batch, offset = Batch(), clock().offset()
    saved = [row(binding(id), clock(), offset) for id in range(1, rows + 1)]
    batch.add(saved, range(rows + 1, 2 * rows + 1), [call_row(call(number), offset) for number in range(rows)])
    batch.write(connection, call_records=10_000)
    assert len(said) <= 3 * (rows // CHUNKS[0] + len(CHUNKS)) + 1  # and one that keeps the records few
    found = connection.execute("SELECT call_id FROM calls ORDER BY id").fetchall()
    assert [call_id for (call_id,) in found] == [f"call-{number}" for number in range(rows)]
    assert connection.execute("SELECT count(*) FROM bindings").fetchone() == (rows,)
    connection.close()
