"""Opening stores in tests, and reading all of them from outside."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agent.record import Stored
from agent.store import Store
from tests.support.rounds import a_round

HERE = frozenset({"board 10000000abcdef01"})


@asynccontextmanager
async def opened(path: Path, station: str = "chu-01", **keys: Any) -> AsyncIterator[Store]:
    """Open a store, and close it at the end."""
    store = await Store.open(path, station, **{"fingerprint": HERE, **keys})
    try:
        yield store
    finally:
        await store.close()


def asides(folder: Path) -> list[Path]:
    """Return the databases that were moved aside."""
    return [file for file in folder.glob("*-aside-*") if not file.name.endswith("-wal")]


async def fill(store: Store, rounds: int, columns: int = 4, since: int = 0) -> None:
    """Append rounds, a commit each."""
    for tick in range(since, since + rounds):
        store.append(a_round(columns, tick))
        await store.flush()


async def everything(store: Store, place: int = 0) -> list[Stored]:
    """Return all that can be read, until nothing more comes."""
    found: list[Stored] = []
    while True:
        before = (place, store.end)
        while rounds := await store.read(place, 500):
            found += rounds
            place = rounds[-1].after
        await store.flush()  # of the gap records that reading led to
        if (place, store.end) == before:
            return found


def readings(found: Iterable[Stored]) -> dict[tuple[str, int], tuple[int, float | None]]:
    """Return time and value of each reading by its identity; fail where one comes twice."""
    by_identity: dict[tuple[str, int], tuple[int, float | None]] = {}
    for stored in found:
        for column, value in enumerate(stored.round.values):
            identity = (stored.log, stored.first + column)
            assert identity not in by_identity, f"{identity} was given out twice"
            if stored.round.layout.sensor != "event":
                by_identity[identity] = (stored.round.time, value)
    return by_identity


def events(found: Iterable[Stored], kind: str) -> list[dict[str, Any]]:
    """Return the content of all events of a kind."""
    return [
        json.loads(stored.round.reasons[0])
        for stored in found
        if stored.round.layout.sensor == "event" and stored.round.layout.names == (kind,)
    ]


def named_in_gaps(found: Iterable[Stored]) -> set[tuple[str, int]]:
    """Return the numbers that gap records name."""
    return {
        (each["log"], number)
        for each in events(found, "gap")
        if "log" in each
        for number in range(each["from"], each["to"] + 1)
    }


def proven(store: Store, found: Iterable[Stored], broker: str = "ministry", had: int = 0) -> None:
    """Fail unless every number ever given out is there, or is named by a gap of the ledger.

    Args:
        store: open.
        found: all that can be read of it.
        broker: whose ledger.
        had: the last number that it acknowledged.
    """
    there = {
        (stored.log, stored.first + column)
        for stored in found
        for column in range(len(stored.round))
    }
    for entry in store.ledger(broker):
        gaps = {n for start, stop, _ in entry.gaps for n in range(start, stop + 1)}
        for number in range(max(entry.gaps_from, had + 1), entry.next):
            assert number in gaps or (entry.log, number) in there, (entry, number)
