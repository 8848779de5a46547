"""The one place that puts the parts together and runs them."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

import structlog

from agent import __version__
from agent.acquire import Asked, Poller, Schedule, layout_of
from agent.board import Board, Health
from agent.clock import Clock, boot_id, iso
from agent.config import Config
from agent.mqtt import Publisher
from agent.store import Store
from drivers.base import BusSensorConfig, Driver
from drivers.bus import Bus

_DRAIN: Final = 4.0
"""Seconds that an orderly stop gives the brokers to acknowledge what is committed."""

_log: Final = structlog.get_logger()


class Station:
    """Sensors, store and brokers of one configuration, running in one task group."""

    def __init__(self, config: Config, store: Store, clock: Clock) -> None:
        """Put the parts together; nothing is opened but the store that is given."""
        self._config = config
        self._store = store
        self._clock = clock
        self._started = clock.stamp(clock.monotonic())
        self._layouts = {
            name: layout_of(name, sensor.config.channel_list())
            for name, sensor in config.sensors.items()
        }
        self._board = Board(self._layouts)
        self._buses = {name: Bus(name, bus) for name, bus in config.buses.items()}
        self._drivers = {name: self._driver(name) for name in config.sensors}
        self._pollers = {name: self._poller(name) for name in config.sensors}
        self._stopping = False
        self._publishers = {
            name: Publisher(
                name,
                broker,
                config.station,
                store,
                self._board,
                about=self.about,
                status=self.status,
                now=lambda: clock.stamp(clock.monotonic()),
            )
            for name, broker in config.brokers.items()
        }

    def _driver(self, name: str) -> Driver:
        sensor = self._config.sensors[name]
        config = sensor.config
        bus = self._buses[config.bus] if isinstance(config, BusSensorConfig) else None
        return sensor.driver(config, bus)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until told to stop, then stop in order: sensors, store, brokers."""
        async with asyncio.TaskGroup() as group:
            pollers = [
                group.create_task(poller.run(), name=f"sensor {name}")
                for name, poller in self._pollers.items()
            ]
            publishers = [
                group.create_task(publisher.run(), name=f"broker {name}")
                for name, publisher in self._publishers.items()
            ]
            start = {
                "version": __version__,
                "boot": boot_id(),
                "log_before": self._store.log_before,
            }
            self._store.note("start", start)
            _log.info("station runs", station=self._config.station.id, log=self._store.log)
            await stop.wait()
            self._stopping = True
            _log.info("station stops")
            for task in pollers:
                task.cancel()
            await asyncio.wait(pollers)
            await self._close_wires()
            self._store.note("stop", {"version": __version__, "boot": boot_id()})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._store.flush(), _DRAIN / 2)
            await asyncio.gather(*(each.stop(_DRAIN) for each in self._publishers.values()))
            for task in publishers:
                task.cancel()

    async def ask(self, sensors: Sequence[str]) -> list[Asked]:
        """Ask sensors now, between their polls, because somebody wants to know.

        Raises:
            LookupError: there is no such sensor, or the station stops; the message says so.
        """
        if self._stopping:
            raise LookupError("The agent is stopping: ask again when it has stopped.")
        if unknown := [name for name in sensors if name not in self._pollers]:
            raise LookupError(
                f"The agent has no sensor {unknown[0]}: it runs with an older configuration. "
                "Start it anew: sudo systemctl restart aryk."
            )
        return list(await asyncio.gather(*(self._pollers[name].ask() for name in sensors)))

    def _poller(self, name: str) -> Poller:
        return Poller(
            self._layouts[name],
            self._drivers[name],
            Schedule(self._config.sensors[name].config.every, self._clock),
            sink=self._store.append,
            board=self._board,
            clock=self._clock,
        )

    async def _close_wires(self) -> None:
        await asyncio.gather(*(driver.close() for driver in self._drivers.values()))
        await asyncio.gather(*(bus.close() for bus in self._buses.values()))

    def status(self) -> Mapping[str, object]:
        """Return how the station does, for the topic ``status``."""
        return {
            "time": iso(self._clock.stamp(self._clock.monotonic())),
            "version": __version__,
            "boot": boot_id(),
            "started": iso(self._started),
            "sensors": {name: _facts(health) for name, health in self._board.health.items()},
            "buses": {name: asdict(bus.counts) for name, bus in self._buses.items()},
            "store": self._store.facts(),
            "brokers": {name: each.facts() for name, each in self._publishers.items()},
        }

    def about(self) -> Mapping[str, object]:
        """Return what the station is, for the topic ``about``."""
        station = self._config.station.model_dump(exclude_none=True)
        station["codes"] = dict(self._config.station.codes)
        return {
            **station,
            "version": __version__,
            "sensors": {
                name: {
                    "driver": sensor.config.driver,
                    "every": sensor.config.every,
                    "channels": {c.name: {"unit": c.unit} for c in sensor.config.channel_list()},
                    "instrument": dict(self._drivers[name].about()),
                }
                for name, sensor in self._config.sensors.items()
            },
        }


def _facts(health: Health) -> dict[str, object]:
    facts = {key: value for key, value in asdict(health).items() if value is not None}
    return facts | {"since": iso(health.since) if health.since else None}
