"""Clocks for tests."""

import asyncio

from agent.clock import Clock


class LoopClock(Clock):
    """Goes with the event loop, also where that is a virtual one; its wall time began in 2026."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return 1_795_000_000.0 + self.monotonic()
