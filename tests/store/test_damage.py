"""S3: whatever happens to the bytes, it is harmless or noticed, and no number comes twice."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.store import Store, StoreError
from tests.support.stores import HERE, asides, events, everything, fill, opened, proven, readings

FILES = ("station.db", "station.db-wal", "station.db-mark")
ROUNDS = 12


async def a_store(folder: Path) -> tuple[Path, dict[tuple[str, int], tuple[int, float | None]]]:
    """Make a store as a power cut leaves it: some of it in the database, some in the WAL."""
    path = folder / "live" / "station.db"
    async with opened(path) as store:
        await fill(store, ROUNDS // 2)
        store.acknowledge("ministry", range(store.end - 20, store.end - 16))
    async with opened(path) as store:
        await fill(store, ROUNDS // 2, since=ROUNDS)
        cut = folder / "cut"
        shutil.copytree(path.parent, cut)
        truth = readings(await everything(store))
    (cut / "station.db-shm").unlink()
    return cut / "station.db", truth


async def judged(path: Path, truth: dict[tuple[str, int], tuple[int, float | None]]) -> str:
    """Open what was damaged, add to it, and hold it to its promises; say what it noticed."""
    try:
        return await promises_kept(path, truth)
    except StoreError as error:  # its version's four bytes: refused, with nothing changed
        if "newer version of aryk" not in str(error):
            raise
        return "version"


async def promises_kept(path: Path, truth: dict[tuple[str, int], tuple[int, float | None]]) -> str:
    async with opened(path, brokers={"ministry": "all"}) as store:
        await fill(store, 2, since=1000)
        found = await everything(store)
        now = readings(found)
        for identity in now.keys() & truth.keys():
            assert now[identity] == truth[identity], "a number has one content for ever"
        assert all(time >= 1000 for identity, (time, _) in now.items() if identity not in truth)
        old = {stored.log for stored in found if stored.log != store.log} | {store.log}
        missing = {identity for identity in truth if identity not in now}
        gaps = {
            (entry.log, number)
            for entry in store.ledger("ministry")
            for start, stop, _ in entry.gaps
            for number in range(start, stop + 1)
        }
        known = {
            (log.name, number)
            for log in store._writer.logs.values()
            for gap in store._writer.book.lost
            if log.id == gap.start >> 40
            for number in range(gap.start & (1 << 40) - 1, gap.stop & (1 << 40) - 1)
        }
        assert missing <= gaps | known, "what is missing is named"
        proven(store, found)
        assert old
        return ",".join(each["reason"] for each in events(found, "store") if "log" in each)


@contextmanager
def a_copy(path: Path) -> Iterator[Path]:
    """Copy a store to where it may be damaged."""
    folder = path.parent.with_name("trial")
    shutil.copytree(path.parent, folder)
    try:
        yield folder / path.name
    finally:
        shutil.rmtree(folder)


def flip(file: Path, bit: int) -> None:
    content = bytearray(file.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    file.write_bytes(content)


async def flips(tmp_path: Path, choose: random.Random, share: float) -> dict[str, int]:
    """Flip bits of all files, one after the other; count what was noticed."""
    path, truth = await a_store(tmp_path)
    noticed: dict[str, int] = {}
    for name in FILES:
        for byte in range((path.parent / name).stat().st_size):
            if choose.random() < share:
                with a_copy(path) as trial:
                    flip(trial.parent / name, 8 * byte + choose.randrange(8))
                    said = await judged(trial, truth)
                    noticed[said] = noticed.get(said, 0) + 1
    return noticed


async def test_s3_an_undamaged_store_goes_on_in_its_log(tmp_path: Path) -> None:
    path, truth = await a_store(tmp_path)
    assert await judged(path, truth) == ""


async def test_s3_a_flipped_bit_is_harmless_or_noticed(tmp_path: Path) -> None:
    choose = random.Random()
    assert sum((await flips(tmp_path, choose, 60 / 90_000)).values()) > 10


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_s3_every_flipped_byte_of_a_store_is_harmless_or_noticed(tmp_path: Path) -> None:
    noticed = await flips(tmp_path, random.Random(1), 1.0)
    assert noticed["damaged"]
    assert noticed["rolled-back"]


async def truncations(tmp_path: Path, step: int) -> None:
    path, truth = await a_store(tmp_path)
    for name in FILES:
        for length in range(0, (path.parent / name).stat().st_size, step):
            with a_copy(path) as trial:
                with (trial.parent / name).open("r+b") as file:
                    file.truncate(length)
                await judged(trial, truth)


async def test_s3_a_truncated_file_is_harmless_or_noticed(tmp_path: Path) -> None:
    await truncations(tmp_path, random.randrange(3000, 6000))


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_s3_a_file_truncated_anywhere_is_harmless_or_noticed(tmp_path: Path) -> None:
    await truncations(tmp_path, 97)


async def test_a_record_with_a_wrong_checksum_is_set_aside_and_reading_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 9)
        log = store.log
    with sqlite3.connect(path) as outside:
        outside.execute("UPDATE round SET body = x'00' || body WHERE place & 255 IN (5, 13)")
    outside.close()
    async with opened(path, brokers={"ministry": "all"}) as store:
        found = await everything(store)
        assert {n for _, n in readings(found)} == {*range(1, 37)} - {5, 6, 7, 8, 13, 14, 15, 16}
        assert [(g["from"], g["to"], g["reason"]) for g in events(found, "gap")] == [
            (5, 8, "damaged"),
            (13, 16, "damaged"),
        ]
        assert store.log == log
        proven(store, found)


async def test_a_heading_that_lost_its_text_costs_what_stands_under_it_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 2)
        await fill(store, 2, columns=3, since=2)
    with sqlite3.connect(path) as outside:
        outside.execute("UPDATE layout SET columns = replace(columns, 'm', 'k') WHERE id = 1")
    outside.close()
    async with opened(path) as store:
        await fill(store, 2, since=4)
        assert {time for time, _ in readings(await everything(store)).values()} == {2, 3, 4, 5}


async def test_a_place_that_was_altered_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path, brokers={"ministry": "all"}) as store:
        await fill(store, 3)
        store.acknowledge("ministry", range(store.end - 12, store.end - 8))
    with sqlite3.connect(path) as outside:
        outside.execute("UPDATE state SET body = replace(body, '5', '9') WHERE key LIKE 'broker/%'")
    outside.close()
    async with opened(path, brokers={"ministry": "all"}) as store:
        assert store.backlog("ministry") == 12, "everything is sent again"


async def test_recovery_cut_off_at_any_moment_is_finished_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 20)
        truth = readings(await everything(store))
    content = bytearray(path.read_bytes())
    content[100:104] = b"\xff" * 4  # the schema's page: nothing can be read without it
    whole = path.read_bytes()
    assert whole
    path.write_bytes(content)
    calls = 0

    class CutError(Exception):
        pass

    def cut_at(moment: int) -> None:
        for owner, name in ((Path, "replace"), (Path, "unlink")):
            real = getattr(owner, name)

            def cut(*args: object, real: object = real, **keys: object) -> object:
                nonlocal calls
                calls += 1
                if calls == moment:
                    raise CutError
                return real(*args, **keys)  # type: ignore[operator]

            monkeypatch.setattr(owner, name, cut)

    for moment in range(1, 12):
        calls = 0
        with monkeypatch.context():
            cut_at(moment)
            try:
                store = await Store.open(path, "chu-01", fingerprint=HERE)
            except CutError:
                monkeypatch.undo()
                continue
        monkeypatch.undo()
        break
    await fill(store, 1, since=1000)
    found = await everything(store)
    await store.close()
    assert len(asides(tmp_path)) == 1
    now = readings(found)
    assert all(now[identity] == truth[identity] for identity in now.keys() & truth.keys())
