"""The Modbus driver's bench: a simulated instrument on a pseudo-terminal, whose line can be cut."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.bench import Bench
from drivers.bus import Bus, SerialBus
from drivers.simulator import instruments


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Yield an instrument with two values in one request."""
    cut: list[bool] = []
    async with instruments.rtu(seed=42, joined=lambda: not cut) as path:
        bus = Bus("bench", SerialBus.model_validate({"device": path, "timeout": "300 ms"}))
        table = {
            "driver": "modbus",
            "bus": "bench",
            "address": 1,
            "every": "1 s",
            "channel": {
                "stage": {"register": 0, "type": "uint16", "raw_unit": "mm", "unit": "m"},
                "level": {"register": 1, "type": "float32", "unit": "m"},
            },
        }
        try:
            yield Bench(table, bus, silence=lambda: cut.append(True), revive=cut.clear)
        finally:
            await bus.close()
