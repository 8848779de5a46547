"""The store beside a model of it, through random sequences of what can be done to it."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.store import Store
from tests.support.rounds import a_round


class StoreBesideItsModel(RuleBasedStateMachine):
    """The model: a list of (time, column), one a reading, and a place."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.open()
        self.begin = self.store.end
        self.appended: list[tuple[int, str]] = []
        self.place = 0

    def open(self) -> None:
        path = Path(self.folder.name) / "station.db"
        self.store: Store = self.loop.run(Store.open(path, "chu-01"))

    async def _append(self, columns: list[int]) -> None:
        for count in columns:
            tick = len(self.appended)
            self.store.append(a_round(count, tick))
            self.appended += [(tick, f"c{i}") for i in range(count)]
        await self.store.flush()

    @rule(columns=st.lists(st.integers(1, 9), min_size=1, max_size=5))
    def append_and_flush(self, columns: list[int]) -> None:
        self.loop.run(self._append(columns))

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        self.place = data.draw(st.integers(self.place, len(self.appended)))

        async def move() -> None:
            self.store.acknowledge("b", range(self.begin, self.begin + self.place))

        self.loop.run(move())

    @rule()
    def reopen(self) -> None:
        self.loop.run(self.store.close())
        self.open()

    @rule(data=st.data(), readings=st.integers(1, 30))
    def read_anywhere(self, data: st.DataObject, readings: int) -> None:
        start = data.draw(st.integers(0, len(self.appended)))
        found = self.loop.run(self.store.read(self.begin + start, readings))
        flat = [(s.round.time, name) for s in found for name in s.round.layout.names]
        assert flat == self.appended[start : start + len(flat)]
        assert bool(flat) == (start < len(self.appended))
        assert len(flat) <= max(readings, 9)

    @invariant()
    def counts_agree(self) -> None:
        assert self.store.end == self.begin + len(self.appended)
        assert self.store.backlog("b") == len(self.appended) - self.place

    def teardown(self) -> None:
        self.loop.run(self.store.close())
        self.loop.close()
        self.folder.cleanup()


TestStoreBesideItsModel = StoreBesideItsModel.TestCase
TestStoreBesideItsModel.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
