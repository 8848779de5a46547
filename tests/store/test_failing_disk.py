"""S5: a disk that fails never stops polling; what waits is stored once, when the disk is back."""

import asyncio
import json
import sqlite3
import struct
from pathlib import Path

import pytest

from agent.record import Round
from agent.store import Store, writer
from tests.support.rounds import a_round
from tests.support.sickdisk import IO_ERROR, Once, SickDisk, Stalled, failure, os_error
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_RETRY", 0.02)


async def rounds(store: Store, place: int = 0) -> list[Round]:
    found: list[Round] = []
    while read := await store.read(place, 50):
        found += [stored.round for stored in read]
        place = read[-1].after
    return found


def readings(found: list[Round]) -> list[Round]:
    return [each for each in found if each.layout.sensor != "event"]


def events(found: list[Round], kind: str) -> list[dict[str, object]]:
    return [json.loads(each.reasons[0]) for each in found if each.layout.names == (kind,)]


FAULTS = [
    pytest.param("before", sqlite3.SQLITE_IOERR_FSYNC, id="fsync, not stored"),
    pytest.param("after", sqlite3.SQLITE_IOERR_FSYNC, id="fsync, stored all the same"),
    pytest.param("before", sqlite3.SQLITE_FULL, id="full"),
    pytest.param("before", sqlite3.SQLITE_READONLY, id="read-only"),
    pytest.param("before", sqlite3.SQLITE_BUSY, id="locked"),
    pytest.param("before", sqlite3.SQLITE_IOERR_WRITE, id="write"),
]


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("when", "code"), FAULTS)
async def test_s5_a_failed_commit_is_stored_exactly_once(
    tmp_path: Path, when: str, code: int, times: int
) -> None:
    disk = SickDisk()
    store = await Store.open(tmp_path / "station.db", "chu-01", disk=disk)
    setattr(disk, when, Once(failure(code), times=times))
    store.append(a_round(3, 1))
    store.append(a_round(2, 2))
    await store.flush()
    await until(lambda: store.facts()["failing"] is None and not store.facts()["held"])
    await store.flush()
    found = await rounds(store)
    assert readings(found) == [a_round(3, 1), a_round(2, 2)]
    assert [each["state"] for each in events(found, "store")] == ["recovered"] * (len(found) - 2)
    assert store.facts()["failing"] is None
    await store.close()


async def test_s5_a_mark_that_cannot_be_synced_holds_its_numbers_back(tmp_path: Path) -> None:
    disk = SickDisk()
    store = await Store.open(tmp_path / "station.db", "chu-01", disk=disk)
    woken: list[int] = []
    stop = store.listen(lambda: woken.append(store.end))
    once = disk.syncs = Once(os_error(IO_ERROR), times=3)
    store.append(a_round(2, 1))
    await until(lambda: once.left < 3)
    assert not woken
    assert await rounds(store) == []
    await store.flush()
    assert readings(await rounds(store)) == [a_round(2, 1)]
    stop()
    await store.close()


async def test_s5_after_an_fsync_error_nothing_is_read_out_before_a_checkpoint(
    tmp_path: Path,
) -> None:
    disk = SickDisk()
    store = await Store.open(tmp_path / "station.db", "chu-01", disk=disk)
    store.append(a_round(2, 1))
    await store.flush()
    assert len(await rounds(store)) == 1
    refused = Once(failure(sqlite3.SQLITE_IOERR), "PRAGMA wal_checkpoint", times=10**6)
    disk.before = Once(failure(sqlite3.SQLITE_IOERR_FSYNC))
    store.append(a_round(2, 2))
    await until(lambda: store.facts()["failing"] is not None)
    disk.before = refused
    await until(lambda: refused.left < 10**6 - 2)
    assert await rounds(store) == []
    refused.left = 0
    await store.flush()
    await until(lambda: not store.facts()["held"])
    assert readings(await rounds(store)) == [a_round(2, 1), a_round(2, 2)]
    await store.close()


async def test_s5_a_stalled_card_stops_nothing_and_what_memory_cannot_hold_is_a_gap_record(
    tmp_path: Path,
) -> None:
    disk = SickDisk()
    store = await Store.open(tmp_path / "station.db", "chu-01", disk=disk)
    store._writer.ring._most = 100
    disk.before = stalled = Stalled()
    store.append(a_round(4, 0))
    await until(stalled.reached.is_set)
    for tick in range(1, 101):
        store.append(a_round(4, tick))
        await asyncio.sleep(0)
    assert store.facts()["in_memory"] == 100
    stalled.gone.set()
    await store.flush()
    found = await rounds(store)
    assert [each.time for each in readings(found)] == [0, *range(76, 101)]
    assert events(found, "gap") == [
        {
            "sensor": "radar",
            "start": "1970-01-01T00:00:00.001Z",
            "end": "1970-01-01T00:00:00.075Z",
            "count": 300,
            "reason": "memory",
        }
    ]
    assert store.facts()["dropped"] == 300
    await store.close()


async def test_s5_a_disk_that_fails_from_the_start_gets_everything_when_it_is_well(
    tmp_path: Path,
) -> None:
    disk = SickDisk()
    disk.before = sick = Once(failure(sqlite3.SQLITE_IOERR), "", times=10**6)
    store = await Store.open(tmp_path / "station.db", "chu-01", disk=disk)
    store.append(a_round(2, 1))
    assert store.log == ""
    assert store.waiting("ministry") == ()
    assert await store.read(0, 10) == []
    sick.left = 0
    await store.flush()
    assert len(store.log) == 8
    assert readings(await rounds(store)) == [a_round(2, 1)]
    await store.close()


async def test_a_bug_in_the_writer_is_raised_and_never_a_silent_wait(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "station.db", "chu-01")
    store.append(a_round(1, 2**70))  # no time that a blob could hold
    with pytest.raises(struct.error):
        await store.flush()
    with pytest.raises(struct.error):
        store.append(a_round(1))
    await store.close()
