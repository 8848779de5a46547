"""A commit that fails costs nothing: what it held is stored once, when the disk is back."""

import sqlite3
import struct
from pathlib import Path

import pytest

from agent.store import Store
from agent.store import store as store_module
from tests.support.rounds import a_round


class FailingOnce:
    """A connection whose next commit reports an error, before or after it was done."""

    def __init__(self, real: sqlite3.Connection, *, committed: bool) -> None:
        self._real, self._committed = real, committed

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        if sql == "COMMIT":
            if self._committed:
                self._real.execute(sql)
            raise sqlite3.OperationalError("disk I/O error")
        return self._real.execute(sql, parameters)

    def executemany(self, sql: str, rows: object) -> sqlite3.Cursor:
        return self._real.executemany(sql, rows)

    def close(self) -> None:
        self._real.close()


@pytest.mark.parametrize("committed", [False, True])
async def test_a_failed_commit_is_stored_exactly_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    monkeypatch.setattr(store_module, "_RETRY", 0.01)
    store = await Store.open(tmp_path / "station.db", "chu-01")
    database = store._database
    database._connection = FailingOnce(database._connection, committed=committed)
    begin = store.end
    store.append(a_round(3, 1))
    store.append(a_round(2, 2))
    await store.flush()
    found = await store.read(begin, 100)
    assert [stored.round for stored in found] == [a_round(3, 1), a_round(2, 2)]
    assert store.waiting("ministry") == 5
    assert await store.open_session() == 1
    await store.close()


async def test_what_waits_is_bounded_and_what_is_dropped_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_WAITING", 10)
    store = await Store.open(tmp_path / "station.db", "chu-01")
    begin = store.end
    for tick in range(5):
        store.append(a_round(4, tick))
    await store.flush()
    assert store.dropped == 12
    assert [stored.round.time for stored in await store.read(begin, 100)] == [3, 4]
    await store.close()


async def test_a_bug_in_the_writer_is_raised_and_never_a_silent_wait(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "station.db", "chu-01")
    store.append(a_round(1, 2**70))  # no time that a blob could hold
    with pytest.raises(struct.error):
        await store.flush()
    with pytest.raises(struct.error):
        store.append(a_round(1))
    await store.close()
