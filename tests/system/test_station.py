"""The whole station in real processes: an instrument, the agent, mosquitto, a subscriber."""

import asyncio
import json
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt

from tests.support.waiting import until

ARYK = str(Path(sys.executable).with_name("aryk"))

STATION = """
[station]
id = "chu-01"
[store]
path = "station.db"
[broker.local]
url = "mqtt://127.0.0.1:{broker}"
[bus.weir]
host = "127.0.0.1"
port = {instrument}
[sensor.gauge]
driver = "modbus"
bus = "weir"
address = 1
every = "100 ms"
[sensor.gauge.channel.level]
register = 1
type = "float32"
unit = "m"
[sensor.gauge.channel.stage]
register = 0
raw_unit = "mm"
unit = "m"
type = "uint16"
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def process(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@dataclass
class Heard:
    """What an operator's subscription received."""

    numbers: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    latest: set[str] = field(default_factory=set)
    about: dict[str, Any] = field(default_factory=dict)

    def take(self, topic: str, payload: bytes) -> None:
        said = json.loads(payload)
        if topic == "aryk/chu-01/data":
            for record in said:
                key = (record["log"], record["seq"])
                assert self.numbers.setdefault(key, record) == record
        elif topic == "aryk/chu-01/status":
            self.states.append(said["state"])
        elif topic == "aryk/chu-01/about":
            self.about = said
        else:
            self.latest.add(topic.removeprefix("aryk/chu-01/latest/"))


@asynccontextmanager
async def subscription(port: int) -> AsyncIterator[Heard]:
    heard = Heard()

    async def listen() -> None:
        async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            await client.subscribe("aryk/#", qos=1)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.take(str(message.topic), message.payload)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait({task})


async def listening(port: int) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return


def stored(path: Path) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as outside:
        count: int = outside.execute("SELECT coalesce(sum(count), 0) FROM round").fetchone()[0]
    outside.close()
    return count


async def test_a_reading_goes_the_whole_way_and_a_killed_agent_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    broker, instrument = free_port(), free_port()
    (tmp_path / "mosquitto.conf").write_text(f"listener {broker} 127.0.0.1\nallow_anonymous true\n")
    config = tmp_path / "station.toml"
    config.write_text(STATION.format(broker=broker, instrument=instrument))
    run = (ARYK, "run", "--config", str(config))
    async with (
        process("/usr/sbin/mosquitto", "-c", str(tmp_path / "mosquitto.conf")),
        process(ARYK, "simulate", "tcp", "--port", str(instrument)),
    ):
        await listening(broker)
        await listening(instrument)
        async with subscription(broker) as heard:
            async with process(*run) as agent:
                await until(lambda: len(heard.numbers) >= 20, 15)
                agent.kill()
                await agent.wait()
                await until(lambda: heard.states[-1] == "offline")
            async with process(*run) as agent:
                seen = len(heard.numbers)
                await until(lambda: len(heard.numbers) >= seen + 20, 15)
                agent.terminate()
                assert await asyncio.wait_for(agent.wait(), 10) == 0
                await until(lambda: heard.states[-1] == "stopped")
            await until(lambda: len(heard.numbers) == stored(tmp_path / "station.db"))
    assert sorted(seq for _, seq in heard.numbers) == list(range(1, len(heard.numbers) + 1))
    assert heard.latest == {"gauge/level", "gauge/stage"}
    assert heard.about["sensors"]["gauge"]["channels"]["level"] == {"unit": "m"}
    assert all(abs(record["v"]) < 10 for record in heard.numbers.values() if "v" in record), (
        "a plausible canal"
    )
    assert any("v" in record for record in heard.numbers.values())
