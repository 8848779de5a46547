"""What other programs do to the database while the agent runs: faults 47, 51, 69."""

import sqlite3
from pathlib import Path

import pytest

from agent.store import writer
from tests.support.rounds import a_round
from tests.support.stores import everything, fill, on_disk, opened, readings
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_RETRY", 0.02)


async def test_51_a_shell_that_holds_a_lock_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}) as store:
        await fill(store, 3)
        shell = sqlite3.connect(path, isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        for tick in range(3, 50):
            store.append(a_round(4, tick))
        await until(lambda: store.facts()["failing"] is not None)
        assert len(await store.read(0, 500)) == 3, "what is stored can be read all the same"
        shell.execute("ROLLBACK")
        shell.close()
        await store.flush()
        found = readings(await everything(store))
        assert {time for time, _ in found.values()} == set(range(50))


async def test_69_a_reader_that_stays_open_makes_the_wal_grow_to_its_bound_and_no_further(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    size = 4_000_000
    async with opened(path, brokers={"ministry": "all"}, max_size=size) as store:
        await fill(store, 3)
        shell = sqlite3.connect(path, isolation_level=None)
        shell.execute("BEGIN")
        shell.execute("SELECT count(*) FROM round").fetchall()
        tick = 3
        while store.facts()["failing"] is None:
            store.append(a_round(40, tick))
            await store._threads.write(int)  # the writer's turn
            tick += 1
            assert tick < 20_000
        assert "another program keeps reading" in store.facts()["failing"]
        assert on_disk(tmp_path) <= size
        shell.close()
        await store.flush()
        found = readings(await everything(store))
        assert {time for time, _ in found.values()} == set(range(tick))
        wal = path.with_name("station.db-wal")
        await until(lambda: store.facts()["failing"] is None)
        await fill(store, 3, since=tick)
        assert wal.stat().st_size <= size // 8, "recycled"


async def test_s5_after_an_unclean_end_nothing_is_read_out_while_a_reader_keeps_the_wal(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 3)
        copied = tmp_path / "cut"
        copied.mkdir()
        for name in ("station.db", "station.db-wal", "station.db-mark"):
            (copied / name).write_bytes((tmp_path / name).read_bytes())
    shell = sqlite3.connect(copied / "station.db", isolation_level=None)
    shell.execute("BEGIN")
    shell.execute("SELECT count(*) FROM round").fetchall()
    outside = sqlite3.connect(copied / "station.db", isolation_level=None)
    outside.execute("CREATE TABLE newer (than_what_the_shell_reads)")
    outside.close()
    async with opened(copied / "station.db") as store:
        woken: list[int] = []
        stop = store.listen(lambda: woken.append(1))
        assert store.facts()["held"]
        assert await store.read(0, 100) == []
        await fill(store, 2, since=3)
        assert await store.read(0, 100) == []
        assert not woken
        shell.close()
        await until(lambda: bool(woken))
        assert len(readings(await everything(store))) == 20
        stop()
