"""The whole station in real processes: an instrument, the agent, mosquitto, a subscriber."""

import asyncio
import sqlite3
from pathlib import Path

from tests.support.mosquitto import Mosquitto
from tests.support.network import free_port, listening
from tests.support.operator import subscription
from tests.support.processes import ARYK, process
from tests.support.waiting import until

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


def stored(path: Path) -> int:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as outside:
        count: int = outside.execute("SELECT coalesce(sum(count), 0) FROM round").fetchone()[0]
    outside.close()
    return count


async def test_a_reading_goes_the_whole_way_and_a_killed_agent_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    instrument = free_port()
    async with (
        Mosquitto(tmp_path) as broker,
        process(ARYK, "simulate", "tcp", "--port", str(instrument)),
        subscription(broker.port) as heard,
    ):
        await listening(instrument)
        config = tmp_path / "station.toml"
        config.write_text(STATION.format(broker=broker.port, instrument=instrument))
        run = (ARYK, "run", "--config", str(config))
        async with process(*run) as agent:
            await until(lambda: len(heard.records) >= 20, 15)
            agent.kill()
            await agent.wait()
            await until(lambda: heard.states()[-1] == "offline")
        async with process(*run) as agent:
            seen = len(heard.records)
            await until(lambda: len(heard.records) >= seen + 20, 15)
            agent.terminate()
            assert await asyncio.wait_for(agent.wait(), 10) == 0
            await until(lambda: heard.states()[-1] == "stopped")
        await until(lambda: len(heard.records) == stored(tmp_path / "station.db"))
    assert sorted(heard.numbers) == list(range(1, len(heard.records) + 1))
    assert heard.on("latest/gauge/level")
    assert heard.on("latest/gauge/stage")
    about = heard.on("about")[0].json()
    assert about["sensors"]["gauge"]["channels"]["level"] == {"unit": "m"}
    levels = [record["v"] for record in heard.records.values() if "v" in record]
    assert levels
    assert all(abs(level) < 10 for level in levels), "a plausible canal"
    sessions = [each.json()["session"] for each in heard.on("status")]
    assert sessions == sorted(sessions)
    assert set(sessions) == {sessions[0], sessions[0] + 1}
