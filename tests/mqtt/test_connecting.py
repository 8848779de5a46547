"""Connecting, again and again: which broker, when, and with what number."""

import asyncio
import json
from pathlib import Path

import pytest

from agent.mqtt import backoff, publisher
from tests.support.fakebroker import Connect, FakeBroker
from tests.support.network import black_hole, free_port
from tests.support.publishing import bench
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("quick")


async def test_stopping_gives_up_a_connection_that_is_not_there_yet(tmp_path: Path) -> None:
    with black_hole() as port:
        async with (
            bench(tmp_path, 1) as station,
            asyncio.timeout(15),  # the attempt itself would go on for 20 s
            station.publishing(f"mqtt://127.0.0.1:{port}", stop_within=30.0),
        ):
            await asyncio.sleep(0.1)  # it is connecting by now, or about to


async def test_a_node_that_is_down_costs_a_try_and_the_next_one_is_used(
    broker: FakeBroker, tmp_path: Path
) -> None:
    down = f"mqtt://127.0.0.1:{free_port()}"
    async with (
        FakeBroker() as third,
        bench(tmp_path, 5) as station,
        station.publishing(down, broker.url, third.url) as sending,
    ):
        await until(lambda: not station.store.waiting("ministry"))
        assert sending.facts()["url"] == broker.url
        broker.connections[0].cut()
        await until(lambda: bool(third.connects))
        await station.measure(5)
        await until(lambda: not station.store.waiting("ministry"))
        assert sending.facts()["url"] == third.url


async def test_a_fault_that_a_person_must_mend_is_not_tried_again_at_once(
    broker: FakeBroker, tmp_path: Path
) -> None:
    broker.welcome = 0x86
    async with bench(tmp_path, 1) as station, station.publishing(broker.url) as sending:
        await until(lambda: sending.facts()["reason"] is not None)
        assert "password_file" in sending.facts()["reason"]
        assert not sending.facts()["connected"]
        # A quick try would come within 20 ms.
        with pytest.raises(TimeoutError):
            await until(lambda: len(broker.connects) > 1, 0.3)


async def test_a_node_with_such_a_fault_does_not_slow_down_the_others(
    broker: FakeBroker, tmp_path: Path
) -> None:
    broker.welcome = 0x87
    async with (
        FakeBroker() as second,
        bench(tmp_path, 1) as station,
        station.publishing(broker.url, second.url),
    ):
        await until(lambda: not station.store.waiting("ministry"))


async def test_a_busy_broker_is_tried_again_soon(broker: FakeBroker, tmp_path: Path) -> None:
    broker.welcome = 0x89
    async with bench(tmp_path, 1) as station, station.publishing(broker.url):
        await until(lambda: len(broker.connects) == 2)
        broker.welcome = 0
        await until(lambda: not station.store.waiting("ministry"))


async def test_a_connection_that_is_dropped_at_once_does_not_make_a_storm(
    broker: FakeBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "_EARLY", 2.0)
    begun: list[float] = []

    def welcome(_: Connect) -> int:
        begun.append(asyncio.get_running_loop().time())
        return 0

    broker.welcome_to = welcome
    broker.code = lambda each: each.connection.cut()
    async with bench(tmp_path, 1) as station, station.publishing(broker.url):
        await until(lambda: len(begun) == 6)
    # 0.02, 0.04, 0.08, 0.16, 0.32 s at most, half of it at least.
    assert begun[-1] - begun[0] > 0.3


async def test_a_connection_that_lasts_ends_the_outage(
    broker: FakeBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "_PROOF", 0.1)
    broker.welcome = 0x88
    async with bench(tmp_path, 1) as station, station.publishing(broker.url) as sending:
        await until(lambda: len(broker.connects) == 2)
        assert sending._backoff._spent > 0
        broker.welcome = 0
        await until(lambda: sending._backoff._spent == 0)


async def test_a_will_that_must_not_be_retained_is_sent_again_without(
    broker: FakeBroker, tmp_path: Path
) -> None:
    broker.welcome_to = lambda connect: 0x9A if connect.will and connect.will[3] else 0
    async with bench(tmp_path, 1) as station, station.publishing(broker.url) as sending:
        await until(lambda: not station.store.waiting("ministry"))
        assert sending.facts()["reason"] is None
    assert [each.will[3] for each in broker.connects if each.will] == [True, False]


async def test_sessions_are_numbered_upwards_and_a_number_that_was_seen_is_not_used_again(
    broker: FakeBroker, tmp_path: Path
) -> None:
    down = f"mqtt://127.0.0.1:{free_port()}"
    broker.welcome = 0x88
    async with bench(tmp_path, 1) as station, station.publishing(down, broker.url):
        await until(lambda: len(broker.connects) == 2)
        broker.welcome = 0
        await until(lambda: not station.store.waiting("ministry"))
    wills = [json.loads(each.will[1])["session"] for each in broker.connects if each.will]
    first = wills[0]
    assert wills == [first, first + 1, first + 2], "tries that never reached a broker take none"
