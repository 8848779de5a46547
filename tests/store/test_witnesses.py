"""S3: a store that isn't the one that gave out the last numbers is noticed; none comes twice."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from agent.store import Store, StoreError
from agent.store.machine import elsewhere, machine
from tests.support.rounds import a_round
from tests.support.stores import (
    asides,
    events,
    everything,
    fill,
    named_in_gaps,
    opened,
    proven,
    readings,
)


def copy(path: Path, to: Path) -> None:
    """Copy a closed store's database; the mark stays where it is."""
    shutil.copy(path, to)


async def test_s3_an_older_copy_is_noticed_and_what_it_lacks_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 5)
    copy(path, tmp_path / "copy")
    async with opened(path) as store:
        old = store.log
        await fill(store, 5, since=5)
    copy(tmp_path / "copy", path)
    async with opened(path, brokers={"ministry": "all"}) as store:
        assert store.log != old
        assert store.log_before == old
        found = await everything(store)
        assert readings(found).keys() == {(old, n) for n in range(1, 21)}, "kept under its numbers"
        assert named_in_gaps(found) == {(old, n) for n in range(21, 41)}
        [told] = events(found, "store")
        assert (told["reason"], told["log"]) == ("rolled-back", store.log)
        proven(store, found)
        [closed, new] = store.ledger("ministry")
        assert (closed.first, closed.next, closed.gaps) == (1, 41, ((21, 40, "rolled-back"),))
        assert closed.waiting == ((1, 20),)
        assert new.waiting == ((1, new.next - 1),)
        place = store.place(old, 1)
        assert place is not None
        store.acknowledge("ministry", range(place, place + 20))
        assert [entry.log for entry in store.ledger("ministry")] == [store.log]


async def test_s3_a_deleted_store_begins_a_new_log_and_says_what_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        old = store.log
        await fill(store, 3)
    path.unlink()
    async with opened(path, brokers={"ministry": "all"}) as store:
        found = await everything(store)
        assert store.log != old
        assert named_in_gaps(found) == {(old, n) for n in range(1, 13)}
        assert [each["reason"] for each in events(found, "store")] == ["deleted"]
        proven(store, found)


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"hello" * 1000], ids=len)
async def test_s3_what_lies_in_its_place_is_moved_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        old = store.log
        await fill(store, 3)
    path.write_bytes(content)
    async with opened(path) as store:
        assert store.log != old
        await fill(store, 1)
        found = await everything(store)
        assert named_in_gaps(found) == {(old, n) for n in range(1, 13)}
    kept = [file.read_bytes() for file in asides(tmp_path)]
    assert kept == ([content] if content else []), "an empty file has nothing to keep"


async def test_s3_another_programs_database_in_its_place_is_moved_aside_whole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 1)
    path.unlink()
    outside = sqlite3.connect(path)
    outside.execute("CREATE TABLE recipes (name)")
    outside.commit()
    outside.close()
    async with opened(path) as store:
        await fill(store, 1)
    [aside] = asides(tmp_path)
    outside = sqlite3.connect(aside)
    assert outside.execute("SELECT count(*) FROM recipes").fetchall() == [(0,)]
    outside.close()


async def test_s3_a_copied_card_begins_a_log_of_its_own_and_sends_the_old_records(
    tmp_path: Path,
) -> None:
    path = tmp_path / "card" / "station.db"
    async with opened(path) as store:
        old = store.log
        await fill(store, 2)
    shutil.copytree(path.parent, tmp_path / "clone")
    clone = tmp_path / "clone" / "station.db"
    async with opened(clone, fingerprint=frozenset({"board 2"})) as store:
        await fill(store, 1)
        found = await everything(store)
        assert [each["reason"] for each in events(found, "store")] == ["copied"]
        assert {log for log, _ in readings(found)} == {old, store.log}
        assert not named_in_gaps(found), "nothing is lost"
    async with opened(path) as store:
        assert store.log == old


async def test_s3_a_database_without_its_mark_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        old = store.log
        await fill(store, 2)
    (tmp_path / "station.db-mark").unlink()
    async with opened(path) as store:
        assert store.log != old
        assert [each["reason"] for each in events(await everything(store), "store")] == ["no-mark"]


async def test_s3_the_broker_is_the_third_witness_and_clashing_numbers_are_given_up(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        begin = store.end
        await fill(store, 3)
        store.acknowledge("ministry", range(begin, store.end))
    shutil.copytree(tmp_path, tmp_path / "backup")
    async with opened(path) as store:
        await fill(store, 5, since=3)
    path = tmp_path / "backup" / "station.db"
    async with opened(path) as store:
        old = store.log
        await fill(store, 2, since=100)  # these bear numbers that were given out before
        assert not await store.seen("ministry", old, 13)
        assert not await store.seen("ministry", "aaaaaaaa", 1000)
        assert await store.seen("ministry", old, 33)
        assert store.log != old
        found = await everything(store)
        identities = readings(found)
        assert {key for key in identities if key[0] == old} == {(old, n) for n in range(1, 13)}
        again = {time for (log, _), (time, _) in identities.items() if log == store.log}
        assert again == {100, 101}, "they have numbers of their own now"
        assert named_in_gaps(found) == {(old, n) for n in range(13, 33)}
        assert not await store.seen("ministry", old, 33), "it is known by now"
        proven(store, found)
        new = store.log
    async with opened(path) as store:
        assert store.log == new


async def test_49_files_deleted_while_it_runs_cost_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.database._GUARD", 0.0)
    monkeypatch.setattr("agent.store.writer._RETRY", 0.01)
    path = tmp_path / "station.db"
    async with opened(path) as store:
        for rest in ("", "-wal"):
            await fill(store, 3, since=100 * len(rest))
            path.with_name(path.name + rest).unlink()
            await fill(store, 3, since=100 * len(rest) + 3)
        times = {time for time, _ in readings(await everything(store)).values()}
        assert times == {0, 1, 2, 3, 4, 5, 400, 401, 402, 403, 404, 405}
    async with opened(path) as store:
        found = await everything(store)
        assert times == {time for time, _ in readings(found).values()}
        assert [each["reason"] for each in events(found, "store") if "log" in each] == [
            "deleted",
            "wal-deleted",
        ]


async def test_a_power_cut_between_a_new_log_and_its_mark_begins_no_other(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        await fill(store, 2)
    mark = (tmp_path / "station.db-mark").read_bytes()
    async with opened(path, "other") as store:
        log = store.log
    (tmp_path / "station.db-mark").write_bytes(mark)
    outside = sqlite3.connect(path)
    outside.execute("DELETE FROM round WHERE place > 2 << 40")
    outside.commit()
    outside.close()
    async with opened(path, "other") as store:
        assert store.log == log


def test_a_machine_is_known_by_its_board_or_by_any_of_its_adapters(tmp_path: Path) -> None:
    assert machine(tmp_path) == frozenset()
    for name, address, kind in (
        ("eth0", "b8:27:eb:00:00:01", "0"),
        ("tun0", "02:00:00:00:00:02", "3"),
    ):
        adapter = tmp_path / "class/net" / name
        (adapter / "device").mkdir(parents=True)
        (adapter / "address").write_text(address + "\n")
        (adapter / "addr_assign_type").write_text(kind + "\n")
    network = machine(tmp_path)
    assert network == {"network b8:27:eb:00:00:01"}
    board = tmp_path / "firmware/devicetree/base"
    board.mkdir(parents=True)
    (board / "serial-number").write_text("10000000abcdef01\0")
    assert machine(tmp_path) == {"board 10000000abcdef01"}
    assert elsewhere(network, machine(tmp_path))
    assert not elsewhere(network, network | {"network 00:11:22:33:44:55"})
    assert not elsewhere(network, frozenset())


async def test_a_newer_versions_store_is_refused_with_its_mark_too(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    async with opened(path) as store:
        store.append(a_round(1))
    outside = sqlite3.connect(path)
    outside.execute("PRAGMA user_version = 99")
    outside.close()
    with pytest.raises(StoreError, match="newer version of aryk"):
        await Store.open(path, "chu-01")
