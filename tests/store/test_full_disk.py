"""S5 on real file systems: full, and without inodes; it recovers by itself."""

import contextlib
from pathlib import Path

import pytest

from agent.store import Store, writer
from tests.support.powercut import needs_power_cuts, remount, tmpfs
from tests.support.rounds import a_round
from tests.support.stores import events, everything, fill, opened, proven, readings
from tests.support.waiting import until

pytestmark = [pytest.mark.root, needs_power_cuts]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_RETRY", 0.02)


def times(found: dict[tuple[str, int], tuple[int, float | None]]) -> set[int]:
    return {time for time, _ in found.values()}


async def crowd(folder: Path, left: int) -> Path:
    """Fill a disk up to so many bytes, as another program would."""
    hog = folder / "hog"
    with hog.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with hog.open("r+b") as file:
        file.truncate(max(0, hog.stat().st_size - left))
    return hog


@pytest.mark.parametrize("left", [0, 4096, 8192, 16_384, 40_960])
async def test_s5_a_full_disk_costs_nothing_and_ends_by_itself(tmp_path: Path, left: int) -> None:
    with tmpfs(tmp_path / "disk", 8192) as disk:
        path = disk / "station.db"
        async with opened(path, brokers={"ministry": "all"}, max_size=4_000_000) as store:
            await fill(store, 20)
            hog = await crowd(disk, left)
            (disk / "station.db-ballast").unlink()
            await crowd(disk, left)
            for tick in range(20, 220):
                store.append(a_round(40, tick))
            await until(
                lambda: store.facts()["failing"] is not None or not store.facts()["in_memory"]
            )
            hog.unlink()
            await store.flush()
            found = await everything(store)
            assert times(readings(found)) == set(range(220))
            proven(store, found)


async def test_s5_the_ballast_lets_what_all_have_go_so_that_a_full_disk_goes_on(
    tmp_path: Path,
) -> None:
    with tmpfs(tmp_path / "disk", 8192) as disk:
        path = disk / "station.db"
        async with opened(path, brokers={"ministry": "all"}, max_size=4_000_000) as store:
            for tick in range(500):
                store.append(a_round(40, tick))
            await store.flush()
            store.acknowledge("ministry", range(store.end))
            await store.flush()
            assert (disk / "station.db-ballast").exists()
            await crowd(disk, 0)
            for tick in range(500, 1000):
                store.append(a_round(40, tick))
                await store.flush()
                store.acknowledge("ministry", range(store.end))
            found = await everything(store)
            assert max(times(readings(found))) == 999, "the disk is still full"
            assert min(times(readings(found))) > 0
            assert not events(found, "gap")


async def test_61_without_inodes_it_waits_and_goes_on_when_there_are_some(tmp_path: Path) -> None:
    with tmpfs(tmp_path / "disk", 8192, inodes=2) as disk:
        store = await Store.open(disk / "station.db", "chu-01", max_size=4_000_000)
        store.append(a_round(4, 1))
        await until(lambda: store.facts()["failing"] is not None)
        remount(disk, "nr_inodes=100")
        await store.flush()
        assert times(readings(await everything(store))) == {1}
        await store.close()
