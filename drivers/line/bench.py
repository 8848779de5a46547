"""The bench of the line driver: an instrument that speaks by itself, in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.bench import Answers, Bench
from drivers.bus import Bus, SerialBus


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Yield an instrument whose first line is heard from its middle on."""
    link = Answers(lambda _: b"34\rR1234\rR1235\r")
    table = {"device": "in memory", "framing": "line", "timeout": "50 ms"}
    bus = Bus("sonar", SerialBus.model_validate(table), link)

    yield Bench(
        {
            "driver": "line",
            "every": "1 s",
            "bus": "sonar",
            "terminator": r"\r",
            "pattern": r"R(?P<distance>\d{4})",
            "max_age": "100 ms",
            "channel": {"distance": {"raw_unit": "mm", "unit": "m"}},
        },
        bus,
        silence=link.silence,
        revive=link.revive,
    )
    await bus.close()
