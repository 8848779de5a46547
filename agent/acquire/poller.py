"""The loop of one sensor."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from agent.acquire.asking import Asked, ask
from agent.acquire.schedule import Schedule
from agent.board import Board
from agent.clock import Clock
from agent.record import Layout, Round
from drivers.base import DeviceError, Driver

Sink = Callable[[Round], None]
"""Where rounds go: takes each at once, never waits."""

_log: Final = structlog.get_logger()


class Poller:
    """Asks one sensor on time, for ever."""

    def __init__(
        self,
        layout: Layout,
        driver: Driver,
        schedule: Schedule,
        *,
        sink: Sink,
        board: Board,
        clock: Clock,
    ) -> None:
        """Make the loop of a sensor; :meth:`run` runs it."""
        self._layout = layout
        self._driver = driver
        self._schedule = schedule
        self._sink = sink
        self._board = board
        self._health = board.health[layout.sensor]
        self._clock = clock
        self._failures = 0
        self._asking = asyncio.Lock()

    async def run(self) -> None:
        """Poll until cancelled. Anything but the driver's own errors ends the agent."""
        due = self._schedule.first()
        while True:
            await asyncio.sleep(due - self._clock.monotonic())
            self._keep(await self._poll())
            polls = self._schedule.rest(self._failures)
            due, skipped = self._schedule.following(due, polls)
            self._health.skipped += skipped
            self._health.rested += polls - 1

    async def ask(self) -> Asked:
        """Ask between two polls, because somebody wants to know; nothing of it is kept."""
        async with self._asking:
            return await ask(self._layout, self._driver, self._clock)

    async def _poll(self) -> Round:
        self._health.asked += 1
        asked = await self.ask()
        if asked.error is not None:
            self._failed(asked.error, asked.round.time)
        else:
            self._answered(asked.round.time)
        return asked.round

    def _keep(self, round: Round) -> None:
        self._board.newest[self._layout.sensor] = round
        self._health.readings += len(round)
        self._sink(round)

    def _failed(self, error: DeviceError, time: int) -> None:
        self._failures += 1
        if self._health.state != "lost":
            _log.warning(
                "sensor lost", sensor=self._layout.sensor, reason=error.reason, detail=str(error)
            )
        self._board.move(self._layout.sensor, "lost", error.reason, time)

    def _answered(self, time: int) -> None:
        self._health.answered += 1
        if self._health.state == "lost":
            _log.info("sensor back", sensor=self._layout.sensor, failures=self._failures)
        elif self._health.state == "starting":
            _log.info("sensor answers", sensor=self._layout.sensor)
        self._failures = 0
        self._board.move(self._layout.sensor, "ok", None, time)
