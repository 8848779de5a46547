"""The loop of a sensor: counts, reasons, and a log that doesn't repeat itself."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from agent.acquire import Poller, Schedule, layout_of
from agent.board import Board
from agent.clock import Clock
from agent.record import Round
from drivers.base import Channel, DeviceError, Driver, Sample, SensorConfig

LAYOUT = layout_of("radar", (Channel("distance", "m"),))


class Scripted(Driver):
    """A driver that says what the test wrote; after that it says nothing more."""

    Config = SensorConfig

    def __init__(self, script: Sequence[float | Exception]) -> None:
        self._script = list(script)
        self.done = asyncio.Event()

    async def read(self) -> Sample:
        if not self._script:
            self.done.set()
            await asyncio.Event().wait()
        said = self._script.pop(0)
        if isinstance(said, Exception):
            raise said
        return Sample(asyncio.get_running_loop().time(), (said,))

    async def close(self) -> None:
        """Nothing is open."""


async def poll(script: Sequence[float | Exception]) -> tuple[list[Round], Board]:
    rounds: list[Round] = []
    board = Board({"radar": LAYOUT})
    driver = Scripted(script)
    clock = Clock()
    poller = Poller(
        LAYOUT, driver, Schedule(0.01, clock), sink=rounds.append, board=board, clock=clock
    )
    task = asyncio.create_task(poller.run())
    done = asyncio.create_task(driver.done.wait())
    await asyncio.wait({task, done}, timeout=10, return_when=asyncio.FIRST_COMPLETED)
    done.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
    else:
        await task
    return rounds, board


async def test_each_poll_is_a_round_with_its_value_or_its_reason() -> None:
    rounds, board = await poll([1.5, DeviceError("timeout", "no answer"), 2.5])
    assert [(r.values, dict(r.reasons)) for r in rounds] == [
        ((1.5,), {}),
        ((None,), {0: "timeout"}),
        ((2.5,), {}),
    ]
    assert board.newest["radar"] is rounds[-1]


async def test_a_dead_sensor_logs_when_it_dies_and_when_it_comes_back_with_the_count() -> None:
    silence = [DeviceError("timeout", "no answer")] * 8
    with capture_logs() as lines:
        await poll([1.0, *silence, 2.0])
    assert [line["event"] for line in lines] == ["sensor answers", "sensor lost", "sensor back"]
    assert lines[-1]["failures"] == 8


async def test_health_counts_what_was_asked_and_answered() -> None:
    _, board = await poll([1.0, DeviceError("crc", "damaged"), 2.0, DeviceError("crc", "damaged")])
    health = board.health["radar"]
    assert (health.answered, health.readings) == (2, 4)
    assert (health.state, health.reason) == ("lost", "crc")


async def test_anything_but_the_drivers_own_error_ends_the_loop() -> None:
    with pytest.raises(ZeroDivisionError):
        await poll([1.0, ZeroDivisionError()])
