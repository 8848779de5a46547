"""``make bench``, the store: beside plain SQLite with a row a reading, just as durable.

Every figure is a ratio of two things measured in this run, in turn, on the same disk.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from agent.record import Layout, Round
from agent.store import Store

NOON = 1_795_435_200_000
READINGS = 20_000
REPEATS = 3


class Spent(NamedTuple):
    """What readings cost: CPU seconds and written bytes, each a reading."""

    cpu: float
    written: float


def _written() -> int:
    """Return the bytes that this process had written to disks (proc_pid_io(5))."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["write_bytes"])


def _rounds(columns: int) -> list[Round]:
    layout = Layout("radar", tuple(f"c{i}" for i in range(columns)), ("m",) * columns)
    qualities = bytes([2]) * columns
    return [
        Round(layout, NOON + tick, tuple((tick + i) / 8 for i in range(columns)), qualities, {})
        for tick in range(max(100, READINGS // columns // (10 if columns == 1 else 1)))
    ]


async def _store(path: Path, rounds: list[Round]) -> None:
    """Append and commit round by round, read each, acknowledge it."""
    store = await Store.open(path, "bench", brokers={"ministry": "all"})
    place = store.end
    for round_ in rounds:
        store.append(round_)
        await store.flush()
        for stored in await store.read(place, 500):
            store.acknowledge("ministry", range(place, stored.after))
            place = stored.after
    await store.close()


def _rows(path: Path, rounds: list[Round]) -> None:
    """Do the same with a row a reading, an index by channel and time, and a commit a round."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE reading (id INTEGER PRIMARY KEY, channel TEXT, time INTEGER, value REAL, "
        "quality INTEGER); CREATE INDEX by_channel ON reading (channel, time);"
        "CREATE TABLE cursor (broker TEXT PRIMARY KEY, id INTEGER)"
    )
    insert = "INSERT INTO reading (channel, time, value, quality) VALUES (?, ?, ?, ?)"
    last = 0
    for round_ in rounds:
        names = [f"{round_.layout.sensor}/{name}" for name in round_.layout.names]
        connection.execute("BEGIN")
        connection.executemany(
            insert,
            [
                (name, round_.time, value, 2)
                for name, value in zip(names, round_.values, strict=True)
            ],
        )
        connection.execute("INSERT OR REPLACE INTO cursor VALUES ('ministry', ?)", (last,))
        connection.execute("COMMIT")
        found = connection.execute("SELECT * FROM reading WHERE id > ?", (last,)).fetchall()
        last = found[-1][0]
    connection.close()


def _measured(job: Callable[[Path, list[Round]], object], rounds: list[Round]) -> Spent:
    readings = sum(map(len, rounds))
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:  # /tmp may be memory
        cpu, written = time.process_time(), _written()
        job(Path(folder) / "bench.db", rounds)
        cpu, written = time.process_time() - cpu, _written() - written
    return Spent(cpu / readings, written / readings)


def main() -> None:
    """Print the table."""
    print("the store beside SQLite with a row a reading (both durable, a commit a round)")
    print(f"{'columns':>8} {'bytes':>7} {'of rows':>8} {'µs CPU':>7} {'of rows':>8}")
    for columns in (1, 4, 10, 40, 100):
        rounds = _rounds(columns)
        ours, rows = [], []
        for _ in range(REPEATS):
            ours.append(_measured(lambda path, all_: asyncio.run(_store(path, all_)), rounds))
            rows.append(_measured(_rows, rounds))
        cpu, cpu_rows = (statistics.median(each.cpu for each in kind) for kind in (ours, rows))
        bytes_, of_rows = (
            statistics.median(each.written for each in kind) for kind in (ours, rows)
        )
        ratios = f"{bytes_ / of_rows:8.2f} {1e6 * cpu:7.1f} {cpu / cpu_rows:8.2f}"
        print(f"{columns:8} {bytes_:7.0f} {ratios}")


if __name__ == "__main__":
    main()
