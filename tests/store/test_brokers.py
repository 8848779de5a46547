"""D1, D2, D5: what each broker lacks, whatever the others do; the ledger names every number."""

from pathlib import Path

import pytest

from agent.store import Store
from tests.support.stores import events, everything, fill, opened, proven


def begin_of(store: Store) -> int:
    place = store.place(store.log, 1)
    assert place is not None
    return place


async def test_d2_two_lanes_are_acknowledged_piece_by_piece_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all", "basin": "all"}) as store:
        await fill(store, 10)
        begin, border = begin_of(store), store.end
        await fill(store, 5, since=10)
        store.acknowledge("ministry", range(border, border + 8))  # data
        store.acknowledge("ministry", range(begin, begin + 12))  # backfill
        store.acknowledge("ministry", range(border + 8, border + 20))
        assert store.waiting("ministry") == (range(begin + 12, border),)
        assert store.backlog("basin") == 60
    async with opened(path, brokers={"ministry": "all"}) as store:
        assert store.waiting("ministry") == (range(begin + 12, border),)
        [entry] = store.ledger("ministry")
        assert (entry.first, entry.next, entry.waiting, entry.gaps) == (1, 61, ((13, 40),), ())
        proven(store, await everything(store, begin), had=12)


@pytest.mark.parametrize(("start", "first"), [("all", 1), ("now", 41), (5, 21)])
async def test_56_a_new_broker_begins_where_its_table_says(
    tmp_path: Path, start: str | int, first: int
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 10)
    async with opened(path, brokers={"ministry": start}) as store:
        await fill(store, 1, since=10)
        assert store.waiting("ministry") == (range(begin_of(store) + first - 1, store.end),)
        [entry] = store.ledger("ministry")
        assert entry.waiting == ((first, 44),)
        assert entry.gaps == (((1, first - 1, "before-start"),) if first > 1 else ())
    async with opened(path, brokers={"ministry": "now"}) as store:
        assert store.backlog("ministry") == 45 - first, "it is not new any more"


async def test_55_a_removed_brokers_place_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}) as store:
        await fill(store, 5)
        store.acknowledge("ministry", range(begin_of(store), begin_of(store) + 8))
    async with opened(path, brokers={"basin": "all"}) as store:
        assert store.backlog("ministry") == 12
    async with opened(path) as store:
        assert store.forget("ministry")
    async with opened(path, brokers={"ministry": "all"}) as store:
        assert store.backlog("ministry") == 20, "it is a new one"


async def test_s7_everything_can_be_sent_again_from_a_number_or_a_time(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}) as store:
        await fill(store, 10)
        begin = begin_of(store)
        store.acknowledge("ministry", range(begin, store.end))
        woken: list[int] = []
        stop = store.listen(lambda: woken.append(1))
        await store.rewind("ministry", place=store.place(store.log, 37))
        assert store.waiting("ministry") == (range(begin + 36, begin + 40),)
        assert woken, "the publisher goes on at once"
        stop()
        for time, first in ((7, 28), (3, 12), (100, 12), (0, 0)):
            await store.rewind("ministry", time=time)
            assert store.waiting("ministry") == (range(begin + first, begin + 40),)
    async with opened(path, brokers={"ministry": "all"}) as store:
        assert store.backlog("ministry") == 40


async def test_d2_a_record_that_one_broker_refuses_is_a_gap_for_that_one(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all", "basin": "all"}) as store:
        await fill(store, 2)
        begin = begin_of(store)
        store.exempt("ministry", range(begin + 2, begin + 3), "refused")
        found = await everything(store)
        assert events(found, "gap") == [
            {"log": store.log, "from": 3, "to": 3, "reason": "refused", "brokers": ["ministry"]}
        ]
        [entry] = store.ledger("ministry")
        assert entry.gaps == ((3, 3, "refused"),)
        assert entry.waiting == ((1, 2), (4, 9))
        [entry] = store.ledger("basin")
        assert entry.waiting == ((1, 9),)
        await store.rewind("ministry", place=begin)
        [entry] = store.ledger("ministry")
        assert (entry.waiting, entry.gaps) == (((1, 9),), ()), "rewound, it is tried again"


async def test_d5_more_than_32_pieces_are_joined_and_the_newest_32_gaps_are_listed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}) as store:
        await fill(store, 50)
        begin = begin_of(store)
        for piece in range(40):
            store.acknowledge("ministry", range(begin + 4 * piece, begin + 4 * piece + 2))
        [entry] = store.ledger("ministry")
        assert len(entry.waiting) == 32
        assert entry.waiting[-1] == (159, 200)
        for piece in range(40):
            store.exempt("ministry", range(begin + 4 * piece + 2, begin + 4 * piece + 3), "refused")
        [entry] = store.ledger("ministry")
        assert [gap[0] for gap in entry.gaps] == [4 * piece + 3 for piece in range(8, 40)]
        assert entry.gaps_from == entry.gaps[0][0]
