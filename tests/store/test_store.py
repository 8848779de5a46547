"""What the store promises, through its public doors."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.store import Store, StoreError
from tests.support.rounds import a_round

WRITER = """
import asyncio, sys
from pathlib import Path
from agent.store import Store
from tests.support.rounds import a_round

async def main():
    store = await Store.open(Path(sys.argv[1]), "chu-01")
    print(store.end, flush=True)
    for tick in range(100_000):
        store.append(a_round(tick % 5 + 1, tick))
        await store.flush()
        print(store.end, flush=True)

asyncio.run(main())
"""


def start(path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill(child: subprocess.Popen[str]) -> str:
    child.send_signal(signal.SIGKILL)
    told, _ = child.communicate()
    return told


async def everything(store: Store) -> list[int]:
    numbers, place = [], 0
    while rounds := await store.read(place, 50):
        for stored in rounds:
            numbers += range(stored.first, stored.first + len(stored.round))
        place = rounds[-1].after
    return numbers


async def test_s2_what_was_committed_survives_kill_9_and_numbers_have_no_hole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    for _ in range(4):
        child = start(path)
        assert child.stdout
        child.stdout.readline()
        await asyncio.sleep(random.uniform(0.0, 0.2))  # the moment of the kill
        told = [line for line in kill(child).split("\n")[:-1] if line]
        store = await Store.open(path, "chu-01")
        assert store.end >= int(told[-1] if told else 0)
        numbers = await everything(store)
        await store.close()
        assert numbers == list(range(1, len(numbers) + 1))


async def test_s6_a_second_agent_is_refused_by_a_sentence_that_names_the_first(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    child = start(path)
    try:
        assert child.stdout
        child.stdout.readline()
        with pytest.raises(StoreError, match=f"in use by process {child.pid}"):
            await Store.open(path, "chu-01")
    finally:
        kill(child)


async def test_s1_a_commit_takes_all_that_waits_and_then_tells_the_listeners(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path / "new" / "station.db", "chu-01")
    woken: list[int] = []
    stop = store.listen(lambda: woken.append(store.end))
    begin = store.end
    for tick in range(10):
        store.append(a_round(4, tick))
    assert store.end == begin
    assert await store.read(begin, 100) == []
    await store.flush()
    assert woken == [begin + 40]
    stop()
    await store.close()


async def test_an_outside_reader_sees_committed_rounds_while_the_agent_runs(
    tmp_path: Path,
) -> None:
    path = tmp_path / "station.db"
    store = await Store.open(path, "chu-01")
    store.append(a_round(3))
    await store.flush()
    outside = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert outside.execute("SELECT sum(count) FROM round").fetchall() == [(3,)]
    outside.close()
    await store.close()


async def test_places_sessions_and_rounds_outlive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    store = await Store.open(path, "chu-01")
    store.append(a_round(5, 7))
    await store.flush()
    begin, session = store.end - 5, await store.open_session()
    store.acknowledge("ministry", range(begin, begin + 2))
    await store.close()
    store = await Store.open(path, "chu-01")
    assert store.waiting("ministry") == (range(begin + 2, begin + 5),)
    assert store.backlog("ministry") == 3
    assert store.backlog("other") == 5
    assert await store.open_session() > session
    [stored] = await store.read(begin + 2, 100)
    assert (stored.first, stored.round) == (3, a_round(5, 7).part(2, 5))
    await store.close()


async def test_another_station_begins_a_new_log_and_old_data_keeps_its_id(tmp_path: Path) -> None:
    path = tmp_path / "station.db"
    names = []
    for station in ("old", "new"):
        store = await Store.open(path, station)
        names.append(store.log)
        store.append(a_round(2))
        await store.flush()
        await store.close()
    store = await Store.open(path, "new")
    old, *new = await store.read(0, 10)
    new = new or await store.read(old.after, 10)
    assert (old.station, old.log, old.first, old.round) == ("old", names[0], 1, a_round(2))
    assert {(each.station, each.log) for each in new} == {("new", names[1])}
    assert a_round(2) in [each.round for each in new]
    assert store.log_before == names[0]
    await store.close()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        ("CREATE TABLE recipes (name)", "another program's database"),
        ("PRAGMA application_id = 1634892139; PRAGMA user_version = 99", "newer version of aryk"),
    ],
)
async def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, make: str, sentence: str) -> None:
    path = tmp_path / "station.db"
    outside = sqlite3.connect(path)
    outside.executescript(make)
    outside.close()
    with pytest.raises(StoreError, match=sentence):
        await Store.open(path, "chu-01")


async def test_a_path_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Correct the path"):
        await Store.open(tmp_path / "file" / "station.db", "chu-01")
