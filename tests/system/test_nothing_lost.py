"""Nothing is lost and nothing is changed, whatever happens to link, broker and agent.

The judges are outside: the store's content, what a subscriber received, and the audit. They compare
each record by number and content.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import NamedTuple

import aiomqtt
import pytest

from tests.support import published
from tests.support.agents import Log, running
from tests.support.judges import audited, caught_up, stored
from tests.support.mosquitto import Mosquitto
from tests.support.namespaces import Cable, cable, needs_namespaces
from tests.support.operator import Heard, subscription
from tests.support.proxy import Fate, Proxy, doubled, lost, shuffled, untouched
from tests.support.waiting import until

HEAD = """\
[station]
id = "chu-01"
[store]
path = "station.db"
[broker.ministry]
url = "{url}"
"""
SENSOR = """\
[sensor.canal-{number}]
driver = "simulator"
every = "{every}"
seed = {number}
"""

LOAD = {"sensors": 4, "every": "50 ms"}  # 240 readings a second
LIGHT = {"sensors": 1, "every": "500 ms"}  # 6, of about 110 bytes each


def station(folder: Path, url: str, *, sensors: int, every: str) -> Path:
    """Write a station's configuration."""
    config = folder / "station.toml"
    tables = (SENSOR.format(number=number, every=every) for number in range(sensors))
    config.write_text(HEAD.format(url=url) + "".join(tables))
    return config


async def stopped(agent: asyncio.subprocess.Process, heard: Heard) -> None:
    """Have an agent send the rest and stop in order."""
    agent.terminate()
    assert await asyncio.wait_for(agent.wait(), 10) == 0
    await until(lambda: heard.states()[-1] == "stopped")


async def nothing_lost(folder: Path, heard: Heard) -> None:
    """Compare what is stored with what came."""
    given_out = await stored(folder / "station.db")
    assert heard.records == given_out
    assert sorted(number for _, number in given_out) == [*range(1, len(given_out) + 1)]
    verdict = audited(heard)
    assert verdict.complete, verdict.facts()
    assert not verdict.malformed


long = (pytest.mark.soak, pytest.mark.timeout(1200))


class Scene(NamedTuple):
    """A broker, a line to it, who listens to it, and the agent at the line's other end."""

    broker: Mosquitto
    line: Proxy
    heard: Heard
    agent: asyncio.subprocess.Process
    log: Log


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Run an agent under load; at the end it stops in order, and nothing may be lost."""
    async with (
        Mosquitto(folder) as broker,
        Proxy(broker.port) as line,
        subscription(broker.port) as heard,
        running(station(folder, line.url, **LOAD)) as (agent, log),
    ):
        await more(heard, 200)
        yield Scene(broker, line, heard, agent, log)
        await more(heard, 200)
        await stopped(agent, heard)
    await nothing_lost(folder, heard)


async def more(heard: Heard, count: int) -> None:
    """Wait until so many records more came, and none is lacking before the newest."""
    seen = len(heard.records)
    await until(lambda: caught_up(heard, seen + count), 30 + count / 100)


async def delivered(broker: Mosquitto, heard: Heard, time: int) -> None:
    """Return when the broker has handed on what it acknowledged: that much is its own to lose."""
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("aryk/chu-01/marker", str(time), qos=1)
    await until(lambda: len(heard.on("marker")) == time)


async def test_a_broker_that_is_killed_under_load_and_forgets_everything(tmp_path: Path) -> None:
    async with scene(tmp_path) as (broker, line, heard, *_):
        for time in range(1, 4):
            line.refusing = True  # until somebody listens again: what nobody hears is gone
            line.cut()
            await delivered(broker, heard, time)
            await broker.kill()
            await broker.start()
            await until(lambda: heard.subscriptions == time + 1)  # noqa: B023
            line.refusing = False
            await more(heard, 100)


def sent(heard: Heard) -> list[int]:
    """Return the numbers that came, on either lane, each as often as it came."""
    return published.numbers([*heard.on("data"), *heard.on("backfill")])


async def test_a_broker_that_is_told_to_end_and_comes_back(tmp_path: Path) -> None:
    async with scene(tmp_path) as (broker, line, heard, _, log):
        line.refusing = True
        await broker.stop()
        await until(lambda: bool(log.lines("broker lost")))
        await broker.start()
        await until(lambda: heard.subscriptions == 2)
        line.refusing = False


async def test_a_broker_that_stands_still_for_a_while_loses_no_connection(tmp_path: Path) -> None:
    async with scene(tmp_path) as (broker, _, heard, _, log):
        broker.signal(SIGSTOP)
        await asyncio.sleep(2)
        broker.signal(SIGCONT)
        await more(heard, 400)
        assert not log.lines("broker lost")
        assert len(sent(heard)) == len(heard.records), "nor is it sent twice"


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_broker_that_stands_still_until_the_connection_is_given_up(tmp_path: Path) -> None:
    async with scene(tmp_path) as (broker, _, _, _, log):
        broker.signal(SIGSTOP)
        await until(lambda: bool(log.lines("broker lost")), 90)
        broker.signal(SIGCONT)


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_a_half_open_connection_is_given_up_within_two_keepalives(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, line, _, _, log):
        line.swallowing = True
        await until(lambda: bool(log.lines("broker lost")), 60 + 5)
        line.swallowing = False


@pytest.mark.parametrize(
    "fate", [doubled, shuffled(0.2, random.Random(1))], ids=["twice", "out of order"]
)
async def test_acknowledgements_that_come_as_they_should_not(tmp_path: Path, fate: Fate) -> None:
    async with scene(tmp_path) as (_, line, heard, *_):
        line.acknowledgements = fate
        await more(heard, 200)
        line.cut()
        await until(lambda: line.accepted == 2)


async def test_what_was_not_acknowledged_comes_again_as_it_was(tmp_path: Path) -> None:
    async with scene(tmp_path) as (_, line, heard, *_):
        for time in range(1, 4):
            line.acknowledgements = lost(0.3, random.Random(time))
            await more(heard, 100)
            line.acknowledgements = untouched
            line.cut()
            await until(lambda: line.accepted == time + 1)  # noqa: B023
        await more(heard, 100)
        assert len(sent(heard)) > len(heard.records)


@pytest.mark.parametrize("times", [10, pytest.param(200, marks=long)])
async def test_an_agent_that_is_killed_at_random_moments(tmp_path: Path, times: int) -> None:
    moments = [random.uniform(0.1, 1.5) for _ in range(times)]
    print(moments)  # noqa: T201 - pytest shows it where the test fails
    async with Mosquitto(tmp_path) as broker, subscription(broker.port) as heard:
        config = station(tmp_path, broker.url, **LOAD)
        for moment in moments:
            async with running(config) as (agent, _):
                await asyncio.sleep(moment)
                assert agent.returncode is None
                agent.kill()
                await agent.wait()
            came = heard.records.copy()
            given_out = await stored(tmp_path / "station.db")
            assert came.items() <= given_out.items(), "nothing leaves before it is stored"
        async with running(config) as (agent, _):
            await more(heard, 200)
            await stopped(agent, heard)
    await nothing_lost(tmp_path, heard)


# On a network of our own, with a cable between station and centre.


@asynccontextmanager
async def far_away(
    folder: Path, *, sensors: int, every: str
) -> AsyncIterator[tuple[Cable, Heard, Log]]:
    """Run an agent on one host and a broker on the other; listen at the broker's side."""
    async with cable() as line:
        place = {"address": line.centre.address, "inside": line.centre.inside, "port": 1883}
        async with Mosquitto(folder, **place) as broker, subscription(broker.socket) as heard:
            config = station(folder, broker.url, sensors=sensors, every=every)
            async with running(config, *line.station.inside) as (agent, log):
                await more(heard, 3)
                yield line, heard, log
                await stopped(agent, heard)
    await nothing_lost(folder, heard)


@pytest.mark.root
@needs_namespaces
@pytest.mark.parametrize("count", [500, pytest.param(12_000, marks=long)])
async def test_a_network_that_loses_a_third_of_all_packets(tmp_path: Path, count: int) -> None:
    async with far_away(tmp_path, **LOAD) as (line, heard, log):
        await line.lose(30)
        await until(lambda: len(heard.records) > count, 30 + count / 100)
        await line.mend()
        await more(heard, 200)
        assert not log.lines("broker lost"), "slow, but alive"


@pytest.mark.root
@needs_namespaces
@pytest.mark.parametrize("seconds", [4, pytest.param(20, marks=long), pytest.param(90, marks=long)])
async def test_a_link_that_is_cut_and_nobody_is_told(tmp_path: Path, seconds: int) -> None:
    async with far_away(tmp_path, **LOAD) as (line, heard, _):
        await line.cut()
        await asyncio.sleep(seconds)
        await line.mend()
        await more(heard, 200 * seconds)


@pytest.mark.root
@needs_namespaces
async def test_a_link_of_two_kilobytes_a_second(tmp_path: Path) -> None:
    async with far_away(tmp_path, **LIGHT) as (line, heard, log):
        await line.slow(2000)
        await more(heard, 40)
        assert not log.lines("broker lost")
