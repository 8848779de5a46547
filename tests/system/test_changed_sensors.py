"""Fault 45: what a sensor said before it was renamed or removed is still sent."""

import asyncio
import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from tests.support.console import ARYK
from tests.support.ports import free_port
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


@asynccontextmanager
async def process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.terminate()
        await running.wait()


def stored(database: Path) -> Numbers:
    """Return the numbers that each sensor's readings have in the store, read from outside."""
    numbers: Numbers = defaultdict(set)
    query = "SELECT sensor, place & ((1 << 40) - 1), count FROM round, layout WHERE layout = id"
    with (
        contextlib.suppress(sqlite3.OperationalError),  # it isn't made yet
        contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as outside,
    ):
        for sensor, first, count in outside.execute(query).fetchall():
            numbers[sensor] |= set(range(first, first + count))
    return numbers


async def listen(port: int, heard: Numbers, subscribed: asyncio.Event) -> None:
    while True:
        with contextlib.suppress(aiomqtt.MqttError):  # it isn't there yet
            async with aiomqtt.Client("127.0.0.1", port) as client:
                await client.subscribe("aryk/chu-01/+", qos=1)
                subscribed.set()
                async for message in client.messages:
                    if message.topic.matches("+/+/data") or message.topic.matches("+/+/backfill"):
                        for record in json.loads(message.payload):
                            heard[record["n"].split("/")[1]].add(record["seq"])
        await asyncio.sleep(0.02)


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
    heard: Numbers = defaultdict(set)
    async with process("/usr/sbin/mosquitto", "-p", str(port)):
        subscribed = asyncio.Event()
        listening = asyncio.create_task(listen(port, heard, subscribed))
        try:
            await asyncio.wait_for(subscribed.wait(), 20)
            async with process(*run):
                await until(lambda: before.items() <= heard.items() and bool(heard["new"]), 20)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
    assert {name: heard[name] for name in ("old", "gone")} == before
    assert min(heard["new"]) > max(before["old"] | before["gone"])
