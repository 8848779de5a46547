"""S2: after a kill or a power cut at any moment, what was stored is there, and the store opens.

The judge is outside: a child tells over a pipe what its store has acknowledged.
"""

import random
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.powercut import Card, needs_power_cuts
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

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.support.rounds import a_round
from tests.support.stores import opened

async def main(path, tick):
    async with opened(Path(path), brokers={"ministry": "all"}, max_size=4_000_000) as store:
        print("open", flush=True)
        while True:
            begin = store.end
            for tick in range(tick, tick + tick % 3 + 1):
                store.append(a_round(tick % 40 + 1, tick))
            await store.flush()
            print(tick, flush=True)
            tick += 1
            if tick % 4:
                store.acknowledge("ministry", range(begin, store.end))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


class Writer:
    """A child that writes ticks until it is killed."""

    def __init__(self, path: Path, tick: int) -> None:
        command = [sys.executable, "-c", CHILD, str(path), str(tick)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run_for(self, seconds: float, then: Callable[[], None] = lambda: None) -> list[str]:
        """Let it run so long after it opened its store (less: before), then kill it."""
        assert self._process.stdout
        if seconds >= 0:
            opened = self._process.stdout.readline()
            assert opened == "open\n", self._process.communicate()
        else:
            select.select([self._process.stdout], [], [], 2 + seconds)
        time.sleep(max(seconds, 0))  # the moment of the kill
        then()
        self._process.kill()
        told, _ = self._process.communicate()
        return [line for line in told.split("\n")[:-1] if line.isdigit()]


async def judge(path: Path, promised: int) -> int:
    """Hold a store to what was told; return the tick to go on from."""
    async with opened(path, brokers={"ministry": "all"}, max_size=4_000_000) as store:
        found = await everything(store)
        proven(store, found)
        times = {time for time, _ in readings(found).values()}
        for stored in found:
            if stored.round.layout.sensor != "event":
                tick = stored.round.time
                assert stored.round == a_round(tick % 40 + 1, tick)
        gaps = named_in_gaps(found)
        assert {each["reason"] for each in events(found, "gap")} <= {"thinned", "dropped"}
        assert promised in times or gaps or not promised
        if not gaps:
            assert times == set(range(1, max(times, default=0) + 1)), "and none twice, see readings"
        assert max(times, default=0) >= promised, "what was told as stored is there"
        return max(times, default=0) + 1


async def kills(folder: Path, count: int) -> None:
    tick, told = 1, 0
    for _ in range(count):
        said = Writer(folder / "station.db", tick).run_for(random.uniform(-0.2, 0.25))
        told = int(said[-1]) if said else told
        tick = await judge(folder / "station.db", told)
    assert told, "it came to write at all"
    assert not asides(folder)


async def test_s2_a_kill_at_any_moment_costs_nothing_that_was_stored(tmp_path: Path) -> None:
    await kills(tmp_path, 10)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_s2_200_kills(tmp_path: Path) -> None:
    await kills(tmp_path, 200)


def spoil(path: Path) -> None:
    """Damage a database so that nothing can be read without its recovery; the mark knows all."""
    if path.exists():
        with path.open("r+b") as file:
            file.seek(100)
            file.write(b"\xff" * 4)


async def kills_in_recovery(folder: Path, count: int) -> None:
    path = folder / "station.db"
    tick = 1
    async with opened(path, brokers={"ministry": "all"}, max_size=4_000_000) as store:
        await fill(store, 300)
    for _ in range(count):
        spoil(path)
        Writer(path, tick).run_for(random.uniform(-1.95, -1.5))
        async with opened(path, brokers={"ministry": "all"}, max_size=4_000_000) as store:
            found = await everything(store)
            proven(store, found)
            readings(found)


async def test_58_a_kill_in_the_middle_of_recovery_is_recovered_from(tmp_path: Path) -> None:
    await kills_in_recovery(tmp_path, 5)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_58_200_kills_in_recovery(tmp_path: Path) -> None:
    await kills_in_recovery(tmp_path, 200)


async def cuts(folder: Path, count: int, *, in_recovery: bool = False) -> None:
    card = Card(folder)
    tick, told = 1, 0
    for _ in range(count):
        with card.mounted() as mounted:
            if in_recovery:
                spoil(mounted / "station.db")
            child = Writer(mounted / "station.db", tick)
            moment = random.uniform(-1.95, -1.5) if in_recovery else random.uniform(-0.2, 0.25)
            said = child.run_for(moment, card.cut)
            told = int(said[-1]) if said else told
        with card.mounted() as mounted:
            if in_recovery:
                async with opened(mounted / "station.db", max_size=4_000_000) as store:
                    proven(store, await everything(store))
            else:
                tick = await judge(mounted / "station.db", told)


@pytest.mark.root
@needs_power_cuts
async def test_s2_a_power_cut_at_any_moment_costs_nothing_that_was_stored(tmp_path: Path) -> None:
    await cuts(tmp_path, 5)


@pytest.mark.soak
@pytest.mark.root
@needs_power_cuts
@pytest.mark.timeout(3600)
async def test_s2_200_power_cuts(tmp_path: Path) -> None:
    await cuts(tmp_path, 200)


@pytest.mark.root
@needs_power_cuts
async def test_58_a_power_cut_in_the_middle_of_recovery_is_recovered_from(tmp_path: Path) -> None:
    await cuts(tmp_path, 3, in_recovery=True)


@pytest.mark.soak
@pytest.mark.root
@needs_power_cuts
@pytest.mark.timeout(3600)
async def test_58_200_power_cuts_in_recovery(tmp_path: Path) -> None:
    await cuts(tmp_path, 200, in_recovery=True)
