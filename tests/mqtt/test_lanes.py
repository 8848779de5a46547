"""What is new and what waited, beside each other; the ledger that proves it; what is refused."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent.mqtt import backoff
from agent.mqtt import publisher as publishers
from agent.mqtt.ledger import content
from tests.support.fakebroker import FakeBroker, Published
from tests.support.mosquitto import Mosquitto
from tests.support.operator import Heard, subscription
from tests.support.published import numbers, records
from tests.support.publishing import NOON, bench
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("quick")

LANES = ("/data", "/backfill")


@pytest.fixture
def short_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries that don't grow: a search takes many."""
    monkeypatch.setattr(backoff, "_HOLD_FIRST", 0.01)
    monkeypatch.setattr(backoff, "_HOLD_LAST", 0.01)


def accounted(ledger: dict[str, Any], had: set[int]) -> None:
    """Fail unless each number below the next is waiting, in a gap, or was received."""
    [entry] = ledger["logs"]
    stretches = entry["waiting"] + [gap[:2] for gap in entry["gaps"]]
    told = {number for start, stop in stretches for number in range(start, stop + 1)}
    assert set(range(1, entry["next"])) <= told | had, (entry, sorted(had))


def values(heard: Heard) -> dict[int, float]:
    """Return what was heard, by number; the operator fails where a number has two contents."""
    return {number: record["v"] for (_, number), record in heard.records.items()}


def measured(rounds: int) -> dict[int, float]:
    """Return what the bench measured in so many rounds, by number."""
    pairs = {2 * tick + 1: tick / 1000 for tick in range(rounds)}
    return pairs | {2 * tick + 2: -tick / 8 for tick in range(rounds)}


@pytest.mark.usefixtures("small_packs")
async def test_after_an_outage_new_readings_go_first_and_the_backlog_drains_in_order_beside_them(
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path)
    broker.allow("topic read aryk/#", "topic write aryk/chu-01/status")
    async with (
        broker,
        bench(tmp_path, 2000) as station,
        subscription(broker.port) as heard,
        station.publishing(broker.url, latest="off", rate="100 kB/s"),
    ):
        await until(lambda: bool(heard.on("status")))
        broker.allow("topic readwrite aryk/#")
        await until(lambda: bool(heard.on("backfill")))
        behind: list[int] = []
        for _ in range(20):
            waited = len(heard.on("data"))
            await station.measure(1)
            await until(lambda: len(heard.on("data")) > waited)  # noqa: B023
            behind.append(len(numbers(heard.on("backfill"))))
        await until(lambda: len(heard.records) == station.readings, 30)
        assert behind[0] < 4000, "the new ones didn't wait for the backlog"
        assert numbers(heard.on("data")) == list(range(4001, 4041))
        assert numbers(heard.on("backfill")) == list(range(1, 4001))
        assert values(heard) == measured(2020)


async def test_the_ledger_accounts_for_every_number_at_connection_in_an_outage_and_at_stop(
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path)
    async with broker, bench(tmp_path, 50) as station, subscription(broker.port) as heard:
        async with station.publishing(broker.url, ledger="1 s"):
            await until(lambda: bool(heard.on("ledger")))
            first = heard.on("ledger")[0].json()
            accounted(first, set())
            [entry] = first["logs"]
            assert (entry["next"], entry["gaps"], entry["gaps_from"]) == (101, [], 1)
            await until(lambda: len(heard.records) == 100)
            await until(lambda: heard.on("ledger")[-1].json()["logs"][0]["waiting"] == [])
        accounted(heard.on("ledger")[-1].json(), set(heard.numbers))
        await station.measure(10)
        outage = content(station.store, "ministry", session=1, now=NOON)
        assert outage["logs"][0]["next"] == 121
        accounted(json.loads(json.dumps(outage)), set(heard.numbers))
        async with station.publishing(broker.url):
            await until(lambda: len(heard.records) == 120)
        await until(lambda: heard.states()[-1] == "stopped")
        await until(lambda: heard.on("ledger")[-1].json()["logs"][0]["waiting"] == [])
        last = heard.on("ledger")[-1].json()
        assert last["logs"][0]["next"] == 121
        accounted(last, set(heard.numbers))


@pytest.mark.usefixtures("short_holds")
@pytest.mark.parametrize("poisoned", [{1}, {38}, {17, 18}, {3, 30}])
async def test_a_record_that_a_broker_refuses_while_it_takes_others_is_set_aside(
    tmp_path: Path, poisoned: set[int]
) -> None:
    def judge(each: Published) -> int:
        return 0x99 if each.topic.endswith(LANES) and poisoned & set(numbers([each])) else 0

    async with FakeBroker() as broker, bench(tmp_path, 20) as station:
        broker.code = judge
        async with station.publishing(broker.url, latest="off") as publisher:
            await until(lambda: len(broker.on("/event")) == len(poisoned), 20)
            await until(lambda: not station.store.waiting("ministry"))
            assert publisher.facts()["refused"] == {}
        taken = taken_by(broker, judge)
        [entry] = json.loads(broker.on("/ledger")[-1].payload)["logs"]
        gaps = {n for start, stop, _ in entry["gaps"] for n in range(start, stop + 1)}
        assert gaps == poisoned
        assert {reason for _, _, reason in entry["gaps"]} == {"refused"}
        assert taken == set(range(1, entry["next"])) - poisoned
        told = [record for each in broker.on("/data") for record in records(each.payload)]
        assert {json.loads(record["vs"])["from"] for record in told if "vs" in record} <= poisoned
        copies = [json.loads(each.payload) for each in broker.on("/event")]
        assert {copy["reason"] for copy in copies} == {"refused"}


def taken_by(broker: FakeBroker, judge: Any) -> set[int]:
    """Return the numbers that a broker acknowledged with success."""
    packs = [each for each in broker.published if each.topic.endswith(LANES)]
    return set(numbers(each for each in packs if judge(each) < 0x80))


@pytest.mark.usefixtures("short_holds")
async def test_a_broker_that_refuses_every_payload_for_a_while_loses_nothing(
    tmp_path: Path,
) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 20) as station:
        broker.code = lambda each: 0x99 if each.topic.endswith(LANES) else 0
        async with station.publishing(broker.url, latest="off"):
            # A record was tried alone, and then the one behind it.
            await until(lambda: numbers(broker.on("/backfill")[-1:]) == [2], 20)
            assert station.store.backlog("ministry") == 40
            broker.published.clear()
            broker.code = lambda _: 0
            await until(lambda: not station.store.waiting("ministry"), 20)
        assert set(numbers(broker.on("/backfill"))) == set(range(1, 41))
        [entry] = json.loads(broker.on("/ledger")[-1].payload)["logs"]
        assert entry["gaps"] == []


async def test_a_store_that_was_put_back_is_noticed_by_the_brokers_own_ledger(
    tmp_path: Path,
) -> None:
    live, copy = tmp_path / "live", tmp_path / "copy"
    live.mkdir()
    async with Mosquitto(tmp_path) as broker, subscription(broker.port) as heard:
        await published(live, broker, heard, 10)
        shutil.copytree(live, copy)
        await published(live, broker, heard, 20)
        before = dict(heard.records)
        shutil.rmtree(live)
        copy.rename(live)
        async with bench(live) as station:
            old = station.store.log
            station.ticks = 100
            await station.measure(3)  # under numbers that are taken
            async with station.publishing(broker.url):
                await until(lambda: station.store.log != old)
                await until(lambda: not station.store.waiting("ministry"))
                await until(lambda: any(log == station.store.log for log, _ in heard.records))
        assert {key: heard.records[key] for key in before} == before
        new = [each.get("v") for key, each in heard.records.items() if key not in before]
        assert {0.1, 0.101, 0.102} <= set(new), "what was measured since has new numbers"


async def published(folder: Path, broker: Mosquitto, heard: Heard, last: int) -> None:
    """Have a station publish five more rounds, up to a number, and stop."""
    async with bench(folder, 5) as station, station.publishing(broker.url):
        await until(lambda: not station.store.waiting("ministry"))
        await until(lambda: len(heard.numbers) == last)


async def test_a_broker_that_answers_no_subscription_is_waited_for_and_then_gets_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishers, "_WITNESS", 0.1)
    async with FakeBroker() as broker, bench(tmp_path, 5) as station:
        broker.deaf = True
        async with station.publishing(broker.url):
            await until(lambda: not station.store.waiting("ministry"))
        assert numbers(broker.on("/backfill")) == list(range(1, 11))


async def test_stopping_does_not_wait_for_the_witness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishers, "_WITNESS", 60.0)
    async with FakeBroker() as broker, bench(tmp_path, 5) as station:
        broker.deaf = True
        async with station.publishing(broker.url, stop_within=30.0):
            await until(lambda: bool(broker.connects))
        assert broker.farewells <= 1
        assert not broker.published


@pytest.mark.parametrize("content", [b"", b"[]", b'{"logs":[{"log":1}]}', b"\xff", b"[" * 100_000])
async def test_what_is_no_ledger_is_passed_over(tmp_path: Path, content: bytes) -> None:
    async with FakeBroker() as broker, bench(tmp_path, 5) as station:
        broker.kept["aryk/chu-01/ledger"] = content
        log = station.store.log
        async with station.publishing(broker.url):
            await until(lambda: not station.store.waiting("ministry"))
        assert station.store.log == log


async def test_what_waited_keeps_to_the_rate_and_what_is_new_does_not_wait(
    tmp_path: Path,
) -> None:
    begun = asyncio.get_running_loop().time()
    async with (
        FakeBroker() as broker,
        bench(tmp_path, 1000) as station,
        station.publishing(broker.url, latest="off", rate="4 kB/s"),
    ):
        await until(lambda: len(broker.on("/backfill")) >= 3, 20)
        await station.measure(1)
        await until(lambda: bool(broker.on("/data")))
        carried = sum(len(each.payload) for each in broker.on("/backfill"))
        took = asyncio.get_running_loop().time() - begun
        assert carried <= 4000 * (took + 1) + 16_000, "but for a second and a pack"
        assert station.store.backlog("ministry") > 1000


@pytest.mark.usefixtures("small_packs")
async def test_what_is_held_back_on_data_becomes_backfill_after_a_while(tmp_path: Path) -> None:
    async with FakeBroker() as broker, bench(tmp_path) as station:
        broker.code = lambda each: 0x87 if each.topic.endswith("/data") else 0
        async with station.publishing(broker.url, latest="off"):
            await until(lambda: bool(broker.on("/status")))
            await station.measure(40)
            await until(lambda: not station.store.waiting("ministry"), 10)
        assert set(numbers(broker.on("/backfill"))) == set(range(1, 81))
