"""The bench of the SDI-12 driver: one sensor behind an adapter, in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from drivers.bench import Answers, Bench
from drivers.bus import Bus, SerialBus

_SAYS: Final = {
    b"0M!": b"00002\r\n",
    b"0D0!": b"0+1.25\r\n",
    b"0D1!": b"0-0.5\r\n",
}


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Yield a sensor whose two values come in two answers."""
    link = Answers(lambda request: _SAYS.get(request, b""))
    table = {"device": "in memory", "framing": "sdi12", "timeout": "50 ms"}
    bus = Bus("sdi", SerialBus.model_validate(table), link)

    yield Bench(
        {
            "driver": "sdi12",
            "every": "1 min",
            "bus": "sdi",
            "address": "0",
            "channel": {
                "depth": {"position": 1, "unit": "m"},
                "temperature": {"position": 2, "unit": "Cel"},
            },
        },
        bus,
        silence=link.silence,
        revive=link.revive,
    )
    await bus.close()
