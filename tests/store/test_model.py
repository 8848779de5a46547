"""The store beside a model of it, through random sequences of what can be done to it."""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.store import Store, writer
from tests.support.rounds import a_round
from tests.support.sickdisk import Once, SickDisk, failure
from tests.support.stores import HERE
from tests.support.waiting import until

BROKERS = ("ministry", "basin")
FAULTS = (
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_READONLY,
)


class StoreBesideItsModel(RuleBasedStateMachine):
    """The model: a list of (time, column), one a record, and a set of places for each broker."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.disk = SickDisk()
        self.path = Path(self.folder.name) / "station.db"
        self.open()
        self.begin, self.log = self.store.end, self.store.log
        self.appended: list[tuple[int, str]] = []
        self.lacking: dict[str, set[int]] = {name: set() for name in BROKERS}

    def open(self) -> None:
        brokers = dict.fromkeys(BROKERS, "all")
        self.store: Store = self.loop.run(
            Store.open(
                self.path,
                "chu-01",
                disk=self.disk,
                fingerprint=HERE,
                brokers=brokers,  # type: ignore[arg-type]
            )
        )

    @property
    def idle(self) -> bool:
        """Whether nothing fails, and the writer rests."""
        facts = self.store.facts()
        return not facts["failing"] and not facts["held"] and self.store._writer._task.done()

    def note(self, records: list[tuple[int, str]]) -> None:
        first = self.begin + len(self.appended)
        self.appended += records
        for name in BROKERS:
            self.lacking[name] |= set(range(first, first + len(records)))

    async def _append(self, columns: list[int]) -> None:
        for count in columns:
            tick = len(self.appended)
            self.store.append(a_round(count, tick))
            self.note([(tick, f"c{i}") for i in range(count)])
        await self.store.flush()

    @rule(columns=st.lists(st.integers(1, 9), min_size=1, max_size=5))
    def append_and_flush(self, columns: list[int]) -> None:
        self.loop.run(self._append(columns))

    @rule(
        columns=st.lists(st.integers(1, 9), min_size=1, max_size=5),
        code=st.sampled_from(FAULTS),
        stored=st.booleans(),
        times=st.integers(1, 2),
    )
    def fail(self, columns: list[int], code: int, stored: bool, times: int) -> None:
        async def fail() -> None:
            once = Once(failure(code), times=times)
            if stored and code == sqlite3.SQLITE_IOERR_FSYNC:
                self.disk.after = once
            else:
                self.disk.before = once
            await self._append(columns)
            await until(lambda: not once.left and self.idle)
            self.disk.before = self.disk.after = lambda _: None

        self.loop.run(fail())
        told = self.store.end - self.begin - len(self.appended)
        assert 0 <= told <= times, "an event for each time that it recovered"
        self.note([(-1, "store")] * told)

    @rule(data=st.data(), broker=st.sampled_from(BROKERS))
    def acknowledge(self, data: st.DataObject, broker: str) -> None:
        start = data.draw(st.integers(0, len(self.appended)))
        stop = data.draw(st.integers(start, len(self.appended)))

        async def acknowledge() -> None:
            self.store.acknowledge(broker, range(self.begin + start, self.begin + stop))

        self.loop.run(acknowledge())
        self.lacking[broker] -= set(range(self.begin + start, self.begin + stop))

    @rule(data=st.data(), broker=st.sampled_from(BROKERS))
    def rewind(self, data: st.DataObject, broker: str) -> None:
        place = self.begin + data.draw(st.integers(0, len(self.appended)))
        self.loop.run(self.store.rewind(broker, place=place))
        self.lacking[broker] |= set(range(place, self.begin + len(self.appended)))

    @rule(broker=st.sampled_from(BROKERS))
    def forget(self, broker: str) -> None:
        async def forget() -> None:
            self.store.forget(broker)

        self.loop.run(forget())
        self.lacking[broker] = set(range(self.begin, self.begin + len(self.appended)))

    @rule()
    def reopen(self) -> None:
        self.loop.run(self.store.close())
        self.open()

    @rule(data=st.data(), readings=st.integers(1, 30))
    def read_anywhere(self, data: st.DataObject, readings: int) -> None:
        start = data.draw(st.integers(0, len(self.appended)))
        found = self.loop.run(self.store.read(self.begin + start, readings))
        flat = [
            (-1 if s.round.layout.sensor == "event" else s.round.time, name)
            for s in found
            for name in s.round.layout.names
        ]
        numbers = [s.first + i for s in found for i in range(len(s.round))]
        assert numbers == list(range(start + 1, start + 1 + len(flat)))
        times = [(t if n != "store" else -1, n) for t, n in self.appended]
        assert flat == times[start : start + len(flat)]
        assert bool(flat) == (start < len(self.appended))
        assert len(flat) <= max(readings, 9)

    @invariant()
    def counts_agree(self) -> None:
        assert self.store.log == self.log
        assert self.store.end == self.begin + len(self.appended)
        for name in BROKERS:
            waiting = {place for part in self.store.waiting(name) for place in part}
            assert waiting == self.lacking[name]
            [entry] = self.store.ledger(name)
            assert (entry.first, entry.next, entry.gaps) == (1, len(self.appended) + 1, ())

    def teardown(self) -> None:
        self.loop.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_RETRY", 0.001)


TestStoreBesideItsModel = StoreBesideItsModel.TestCase
TestStoreBesideItsModel.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestStoreBesideItsModel = pytest.mark.usefixtures("_quick")(TestStoreBesideItsModel)
