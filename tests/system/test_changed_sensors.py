"""Fault 45: what a sensor said before it was renamed or removed is still sent."""

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from pathlib import Path

from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port
from tests.support.operator import Heard, subscription
from tests.support.processes import ARYK, process
from tests.support.waiting import until

HEAD = """\
[station]
id = "chu-01"
[store]
path = "station.db"
[broker.local]
url = "mqtt://127.0.0.1:{port}"
"""
SENSOR = """\
[sensor.{name}]
driver = "simulator"
every = "50 ms"
"""

Numbers = dict[str, set[int]]


def stored(database: Path) -> Numbers:
    """Return the numbers that each sensor's readings have in the store, read from outside."""
    numbers: Numbers = defaultdict(set)
    query = "SELECT sensor, place & ((1 << 40) - 1), count FROM round, layout WHERE layout = id"
    with (
        contextlib.suppress(sqlite3.OperationalError),  # it isn't made yet
        contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as outside,
    ):
        for sensor, first, count in outside.execute(query).fetchall():
            if sensor != "event":
                numbers[sensor] |= set(range(first, first + count))
    return numbers


def received(heard: Heard) -> Numbers:
    """Return the numbers that came in of each sensor."""
    numbers: Numbers = defaultdict(set)
    for (_, number), record in heard.records.items():
        numbers[str(record["n"]).split("/")[1]].add(number)
    return numbers


async def test_readings_of_a_sensor_that_was_renamed_or_removed_are_still_sent(
    tmp_path: Path,
) -> None:
    port, config, database = free_port(), tmp_path / "station.toml", tmp_path / "station.db"
    run = (ARYK, "run", "--config", str(config))
    head = HEAD.format(port=port)
    config.write_text(head + SENSOR.format(name="old") + SENSOR.format(name="gone"))
    async with process(*run) as agent:  # no broker is there: all of it waits
        await until(lambda: min(len(stored(database)[name]) for name in ("old", "gone")) > 30, 20)
        agent.terminate()
        assert await asyncio.wait_for(agent.wait(), 20) == 0
    before = stored(database)

    config.write_text(head + SENSOR.format(name="new"))
    async with Mosquitto(tmp_path, port=port), subscription(port) as heard, process(*run):
        await until(lambda: {*before, "new"} <= received(heard).keys(), 20)
        await until(lambda: before.items() <= received(heard).items(), 20)
    assert min(received(heard)["new"]) > max(before["old"] | before["gone"])
