"""A publisher on a real store, for tests that put brokers in its way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.board import Board
from agent.config.model import Broker, Station
from agent.mqtt import Publisher
from agent.record import Layout, Round
from agent.store import Store

LAYOUT = Layout("radar", ("distance", "snr"), ("m", "dB"))
NOON = 1_795_435_200_000


def a_reading(tick: int, quality: int = 2) -> Round:
    """Return the round of a second; its values tell which."""
    return Round(LAYOUT, NOON + 1000 * tick, (tick / 1000, -tick / 8), bytes((quality, 2)), {})


@dataclass
class Bench:
    """A store, a board, and publishers on them."""

    store: Store
    board: Board = field(default_factory=lambda: Board({"radar": LAYOUT}))
    ticks: int = 0
    about: dict[str, Any] = field(
        default_factory=lambda: {"id": "chu-01", "name": "Чүй, Благовещенка"}
    )

    async def measure(self, rounds: int) -> None:
        """Store so many rounds of two readings more."""
        for _ in range(rounds):
            self.board.newest["radar"] = a_reading(self.ticks)
            self.store.append(self.board.newest["radar"])
            self.ticks += 1
        await self.store.flush()

    @property
    def readings(self) -> int:
        """How many readings were stored."""
        return 2 * self.ticks

    @asynccontextmanager
    async def publishing(
        self, *urls: str, name: str = "ministry", stop_within: float = 2.0, **keys: Any
    ) -> AsyncIterator[Publisher]:
        """Run a publisher; at the end stop it in order."""
        publisher = Publisher(
            name,
            Broker.model_validate({"url": list(urls), **keys}),
            Station.model_validate({"id": "chu-01"}),
            self.store,
            self.board,
            about=lambda: self.about,
            status=lambda: {"brokers": {name: publisher.facts()}},
            now=lambda: NOON,
        )
        task = asyncio.create_task(publisher.run(), name=name)
        try:
            yield publisher
        finally:
            await publisher.stop(stop_within)
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def bench(folder: Path, rounds: int = 0) -> AsyncIterator[Bench]:
    """Open a store and fill it with so many rounds of two readings."""
    store = await Store.open(folder / "station.db", "chu-01")
    try:
        made = Bench(store)
        await made.measure(rounds)
        yield made
    finally:
        await store.close()
