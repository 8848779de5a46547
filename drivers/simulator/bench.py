"""The simulator's bench: it needs no device, and nothing outside can silence it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.bench import Bench


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Yield a table for a canal of its own."""
    yield Bench({"driver": "simulator", "every": "1 s", "seed": 42, "pace": "fast"})
