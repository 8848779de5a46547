"""The agent as a process, and brokers that are in a bad state when it is killed or told to stop."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from tests.support.agents import running
from tests.support.certificates import Authority
from tests.support.fakebroker import FakeBroker
from tests.support.mosquitto import Mosquitto
from tests.support.network import black_hole
from tests.support.operator import subscription
from tests.support.published import numbers, records
from tests.support.waiting import until

STATION = """
[station]
id = "chu-01"
[store]
path = "station.db"
[sensor.canal]
driver = "simulator"
every = "100 ms"
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a name server of its own")


def station_toml(folder: Path, **brokers: str) -> Path:
    """Write a station with brokers, each by its keys."""
    config = folder / "station.toml"
    tables = (f"[broker.{name}]\n{keys}\n" for name, keys in brokers.items())
    config.write_text(STATION + "".join(tables))
    return config


async def test_killed_between_publish_and_acknowledgement_it_sends_the_same_again(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker:
        config = station_toml(tmp_path, ministry=f'url = "{broker.url}"')
        broker.code = lambda each: None if each.topic.endswith(("/data", "/backfill")) else 0
        async with running(config) as (agent, _):
            await until(lambda: len(broker.on("/data")) >= 5, 15)
            agent.kill()
            await agent.wait()
        unanswered = {
            record["seq"]: record
            for each in broker.on("/data") + broker.on("/backfill")
            for record in records(each.payload)
        }
        broker.published.clear()
        broker.code = lambda _: 0
        async with running(config) as (agent, _):
            await until(lambda: len(numbers(broker.on("/backfill"))) >= len(unanswered), 15)
            await until(lambda: len(broker.on("/data")) >= 5, 15)
        again = [record for each in broker.on("/backfill") for record in records(each.payload)]
        assert again[: len(unanswered)] == [unanswered[number] for number in sorted(unanswered)]
        new = numbers(broker.on("/data"))
        assert [each["seq"] for each in again] + new == list(range(1, len(again) + len(new) + 1))


async def stops_in_time(agent: asyncio.subprocess.Process) -> None:
    agent.terminate()
    assert await asyncio.wait_for(agent.wait(), 10) == 0


async def test_it_stops_in_time_while_a_broker_does_not_answer_connect(tmp_path: Path) -> None:
    async with FakeBroker() as broker:
        broker.welcome = None
        config = station_toml(tmp_path, ministry=f'url = "{broker.url}"')
        async with running(config) as (agent, _):
            await until(lambda: bool(broker.connects), 15)
            await stops_in_time(agent)


async def test_it_stops_in_time_while_a_broker_does_not_acknowledge(tmp_path: Path) -> None:
    async with FakeBroker() as broker:
        broker.code = lambda _: None
        config = station_toml(tmp_path, ministry=f'url = "{broker.url}"')
        async with running(config) as (agent, _):
            await until(lambda: bool(broker.on("/data")), 15)
            await stops_in_time(agent)


async def test_it_stops_in_time_while_a_broker_is_in_a_black_hole(tmp_path: Path) -> None:
    with black_hole() as port:
        config = station_toml(tmp_path, ministry=f'url = "mqtt://127.0.0.1:{port}"')
        async with running(config) as (agent, log):
            await until(lambda: bool(log.lines("station runs")), 15)
            await stops_in_time(agent)


@pytest.mark.root
@needs_root
async def test_it_stops_in_time_while_the_name_server_hangs(tmp_path: Path) -> None:
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.53.53.53\noptions timeout:30\n")
    config = station_toml(tmp_path, ministry='url = "mqtt://mqtt.example.org"')
    mount = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.53.53.53", 53))
        silent.setblocking(False)
        async with running(config, "unshare", "--mount", "sh", "-c", mount, "sh") as (agent, _):
            async with asyncio.timeout(15):
                await asyncio.get_running_loop().sock_recv(silent, 512)  # it asks
            await stops_in_time(agent)


async def test_a_key_of_another_user_is_a_sentence_told_once_and_the_other_broker_gets_all(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path, "ours")
    station = authority.sign("chu-01")
    station.key.chmod(0)
    # Root may read everything; without these two capabilities it is a user like any other.
    before = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    async with Mosquitto(tmp_path) as broker, subscription(broker.port) as heard:
        config = station_toml(
            tmp_path,
            basin=f'url = "{broker.url}"',
            ministry=f'url = "mqtts://localhost:{broker.port}"\nca = "{authority.crt}"\n'
            f'certificate = "{station.crt}"\nkey = "{station.key}"',
        )
        async with running(config, *(before if os.geteuid() == 0 else ())) as (agent, log):
            await until(lambda: bool(log.lines("broker lost")), 15)
            await until(lambda: len(heard.records) >= 20, 15)
            await stops_in_time(agent)
    [line] = log.lines("broker lost")
    assert line["reason"] == (
        f"key {station.key} can't be read: Permission denied. "
        "Have the file there, readable for the user that runs aryk"
    )
    assert (line["level"], line["broker"]) == ("error", "ministry")
    status = heard.on("status")[-1].json()
    assert status["state"] == "stopped"
    ministry, basin = status["brokers"]["ministry"], status["brokers"]["basin"]
    assert (ministry["connected"], ministry["reason"]) == (False, line["reason"])
    assert ministry["waiting"] == basin["acknowledged"] == len(heard.records), "nothing is lost"
