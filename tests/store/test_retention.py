"""S4, S7: bounded by its size on disk; what goes, goes in order, and never in silence."""

import json
from pathlib import Path

import pytest

from agent.record import Layout, Round
from agent.store import Store
from agent.store.room import Room
from tests.support.stores import asides, events, everything, named_in_gaps, opened, proven, readings

SIZE = 2_000_000
NOON = 1_795_435_200_000
NAMES = tuple(f"c{i}" for i in range(40))
LAYOUT = Layout("radar", NAMES, ("m",) * 40)


def a_minute(tick: int) -> Round:
    values = tuple(tick + i / 8 for i in range(40))
    return Round(LAYOUT, NOON + 1000 * tick, values, bytes([2]) * 40, {})


async def pour(store: Store, begin: int, rounds: int) -> None:
    for tick in range(begin, begin + rounds):
        store.append(a_minute(tick))
        if tick % 20 == 19:
            await store.flush()
    await store.flush()


def on_disk(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


async def test_s4_s7_what_every_broker_has_goes_first_and_only_when_room_is_needed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    brokers = {"ministry": "all", "basin": "all"}
    async with opened(path, brokers=brokers, max_size=SIZE) as store:
        begin = store.end
        await pour(store, 0, 500)
        store.acknowledge("ministry", range(begin, store.end))
        store.acknowledge("basin", range(begin, begin + 40 * 400))
        assert store.ledger("ministry")[0].first == 1, "kept as long as there is room"
        for tick in range(500, 12_000, 500):
            await pour(store, tick, 500)
            for name in brokers:
                store.acknowledge(name, range(begin, store.end))
            assert on_disk(tmp_path) <= SIZE
        found = await everything(store)
        [entry] = store.ledger("ministry")
        assert entry.first > 1
        assert not named_in_gaps(found), "nobody lacks anything"
        assert not entry.gaps
        assert len(found) > 1000, "what fits is kept"
        assert found[0].first == entry.first


async def test_s4_thinning_keeps_a_floods_peak_and_each_step_has_its_gap_record(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}, max_size=SIZE) as store:
        for tick in range(0, 8000, 500):
            await pour(store, tick, 500)
            assert on_disk(tmp_path) <= SIZE
        found = await everything(store)
        proven(store, found)
        gone = named_in_gaps(found)
        kept = readings(found)
        log = store.log
        assert gone
        assert not gone & kept.keys()
        summaries = events(found, "summary")
        assert {each["reason"] for each in events(found, "gap")} == {"thinned"}
        thinned = [each for each in summaries if each["channel"] == "radar/c0"]
        assert sum(each["count"] for each in thinned) == len(gone) // 40
        highest = max(each["maximum"] for each in thinned)
        assert highest == len(gone) / 40 - 1, "the last that was thinned was the highest"
        assert min(each["minimum"] for each in thinned) == 0.0
        for each in thinned:
            assert each["mean"] == pytest.approx((each["minimum"] + each["maximum"]) / 2)
            assert (log, each["from"]) in gone
            assert (log, each["to"]) in gone
        facts = store.facts()
        assert facts["bytes"] <= facts["max_bytes"]


async def test_s4_where_thinning_wins_nothing_the_oldest_are_dropped_but_never_a_gap_record(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    layout = Layout("well", ("pressure",), ("Pa",))
    async with opened(path, brokers={"ministry": "all"}, max_size=SIZE) as store:
        for tick in range(40_000):  # one an hour: a summary would be larger
            store.append(Round(layout, NOON + 3_600_000 * tick, (1.0,), b"\2", {}))
            if tick % 500 == 499:
                await store.flush()
        await store.flush()
        assert on_disk(tmp_path) <= SIZE
        found = await everything(store)
        proven(store, found)
        dropped = named_in_gaps(found)
        assert {each["reason"] for each in events(found, "gap")} == {"dropped"}
        assert not events(found, "summary")
        numbers = {n for _, n in dropped} | {n for _, n in readings(found)}
        assert len(numbers) == 40_000


async def test_s4_a_removed_broker_holds_nothing_back_and_is_told_what_it_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"gone": "all"}, max_size=SIZE) as store:
        await pour(store, 0, 100)
        begin = store.end
        store.acknowledge("gone", range(begin - 400))
    async with opened(path, brokers={"ministry": "now"}, max_size=SIZE) as store:
        for tick in range(100, 9000, 500):
            await pour(store, tick, 500)
            store.acknowledge("ministry", range(store.end))
        found = await everything(store)
        assert {tuple(each["brokers"]) for each in events(found, "gap")} == {("gone",)}
        assert store.backlog("gone") > 0
        proven(store, found, "gone", had=3600)
        assert store.forget("gone")
        assert not store.forget("gone")
        assert "gone" not in store.facts()["brokers"]


async def test_s4_with_no_broker_nothing_counts_as_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, max_size=SIZE) as store:
        await pour(store, 0, 8000)
        found = await everything(store)
        assert events(found, "gap")
        assert {each["reason"] for each in events(found, "gap")} == {"thinned"}


async def test_s4_files_moved_aside_count_and_go_before_records_that_somebody_lacks(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}, max_size=SIZE) as store:
        await pour(store, 0, 500)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 4)
    async with opened(path, brokers={"ministry": "all"}, max_size=SIZE) as store:
        assert len(asides(tmp_path)) == 1
        await pour(store, 500, 6000)
        assert not asides(tmp_path)
        assert on_disk(tmp_path) <= SIZE
        told = events(await everything(store), "store")
        assert "aside-dropped" in {each["state"] for each in told}


async def test_s4_days_of_room_follow_from_todays_rate(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}, max_size=SIZE) as store:
        await pour(store, 0, 200)
        keeper = store._keeper
        await keeper.look(0.0)
        keeper._hours[0] = (keeper._hours[0][0] - 86_400.0, 0)
        facts = keeper.facts(1.0, keeper._hours[0][0] + 86_400.0)
        written = keeper._database.written
        expected = (facts["max_bytes"] - facts["bytes"]) / written
        assert facts["days_of_room"] == pytest.approx(expected, abs=0.1)
        assert json.dumps(store.facts())


def test_the_room_is_divided_within_its_bound(tmp_path: Path) -> None:
    for size in (8_000_000, 64_000_000, 512_000_000, 8_000_000_000):
        room = Room(tmp_path / "station.db", size)
        assert room.database + room.wal <= size
        assert room.database >= size * 0.8
        assert room.step <= 16 * 1024 * 1024
