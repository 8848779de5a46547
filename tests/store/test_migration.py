"""Stores of older versions are taken over whole; one that was cut off is taken over again."""

import json
import sqlite3
from importlib import resources
from pathlib import Path

import pytest

from agent.record import Round
from agent.store import Store, StoreError, schema
from agent.store.codec import encode, heading_checksum
from tests.support.rounds import a_round
from tests.support.stores import events, everything, fill, opened, proven, readings


def version_1(path: Path, rounds: list[Round]) -> None:
    """Make a store as version 1 wrote it: two logs, the first of another station, two brokers."""
    connection = sqlite3.connect(path)
    script = resources.files("agent.store").joinpath("sql/001.sql").read_text()
    connection.executescript(f"{script} PRAGMA user_version = 1; PRAGMA journal_mode = WAL;")
    connection.execute("INSERT INTO log VALUES (1, 'aaaaaaaa', 'old'), (2, 'bbbbbbbb', 'chu-01')")
    heading = ("radar", json.dumps([["c0", "c1"], ["m", "m"]]))
    connection.execute("INSERT INTO layout VALUES (1, ?, ?)", heading)
    for log in (1, 2):
        place = log << 40 | 1
        for round_ in rounds:
            body = encode(round_, place, heading_checksum(*heading))
            connection.execute("INSERT INTO round VALUES (?, 2, 1, ?)", (place, body))
            place += 2
    connection.execute("INSERT INTO cursor VALUES ('ministry', ?)", ((1 << 40) + 5,))
    connection.execute("UPDATE session SET number = 17")
    connection.commit()
    connection.close()


async def test_52_a_store_of_version_1_goes_on_with_its_numbers_places_and_sessions(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    rounds = [a_round(2, tick) for tick in range(4)]
    version_1(path, rounds)
    async with opened(path, brokers={"ministry": "all", "basin": "all"}) as store:
        assert (store.log, store.log_before) == ("bbbbbbbb", "aaaaaaaa")
        assert store.backlog("ministry") == 4 + 8
        assert store.backlog("basin") == 16
        assert await store.open_session() == 18
        await fill(store, 1, since=9)
        found = await everything(store)
        assert not events(found, "store")
        assert [(s.station, s.log, s.first, s.round.time) for s in found] == [
            *(("old", "aaaaaaaa", 2 * tick + 1, tick) for tick in range(4)),
            *(("chu-01", "bbbbbbbb", 2 * tick + 1, tick) for tick in range(4)),
            ("chu-01", "bbbbbbbb", 9, 9),
        ]
        proven(store, found, "basin")
        [old, new] = store.ledger("ministry")
        assert (old.log, old.station, old.next, old.waiting) == ("aaaaaaaa", "old", 9, ((5, 8),))
        assert (new.log, new.next) == ("bbbbbbbb", 13)


@pytest.mark.parametrize("statements", range(1, 8))
async def test_72_a_migration_that_was_cut_off_changes_nothing_and_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statements: int
) -> None:
    path = tmp_path / "station.db"
    version_1(path, [a_round(2, tick) for tick in range(4)])
    real = sqlite3.complete_statement
    script = resources.files("agent.store").joinpath("sql/002.sql").read_text()
    pieces, piece = [], ""
    for line in script.splitlines(keepends=True):
        piece += line
        if real(piece):
            pieces.append(piece)
            piece = ""
    outside = sqlite3.connect(path, isolation_level=None)
    outside.create_function("seal", 2, schema.seal)
    outside.execute("BEGIN IMMEDIATE")
    for part in pieces[:statements]:
        outside.execute(part)
    outside.close()  # the power goes before the commit
    async with opened(path) as store:
        assert len(readings(await everything(store))) == 16


async def test_52_a_newer_store_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 1)
    outside = sqlite3.connect(path)
    outside.execute("PRAGMA user_version = 3")
    outside.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer version of aryk \(schema 3; this one knows 2\)"):
        await Store.open(path, "chu-01")
    assert path.read_bytes() == before
