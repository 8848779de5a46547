"""Asking the sensors of a station now, as its agent would."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent import control
from agent.acquire import ask, layout_of
from agent.clock import Clock
from agent.commission.registers import Readings, as_type
from agent.config import Config
from agent.record import Round
from drivers.base import BusSensorConfig, DeviceError, Driver, Sample
from drivers.bus import Bus
from drivers.modbus.config import ModbusConfig

_BYTES: Final = (4, 8)  # of a value whose order somebody must know


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sensor said.

    Attributes:
        round: its values with qualities and reasons; where it gave nothing, with the reason.
        sentence: what is wrong and what to do, where it gave nothing.
        sample: what its driver gave, where it was asked from here.
        orders: channels of which nobody has said in which order their bytes come: their raw value
            in all four.
    """

    round: Round
    sentence: str = ""
    sample: Sample | None = None
    orders: Mapping[str, Readings] = field(default_factory=dict)

    @property
    def sensor(self) -> str:
        """Its name."""
        return self.round.layout.sensor


class Agent:
    """The running agent, which holds the wires and asks for us."""

    def __init__(self, path: Path, sensors: Sequence[str], said: list[control.Said]) -> None:
        """Take where it listens, and what it said first."""
        self._path, self._sensors = path, sensors
        self._said: list[control.Said] | None = said

    async def ask(self) -> list[Answer]:
        """Have each sensor asked once.

        Raises:
            ControlError: the agent doesn't answer.
        """
        said, self._said = self._said, None
        if said is None:
            said = await control.read(self._path, self._sensors)
        if said is None:
            raise control.ControlError("The agent has stopped meanwhile: ask again.")
        return [Answer(each.round, each.sentence) for each in said]


class Wires:
    """The buses and drivers of some sensors of a station."""

    def __init__(self, config: Config, sensors: Sequence[str], *, orders: bool) -> None:
        """Make them; nothing is opened.

        Args:
            config: the station's.
            sensors: their names.
            orders: whether values of which nobody has said the order are asked for once more.
        """
        self._config, self._with_orders = config, orders
        self._clock = Clock()
        self._buses: dict[str, Bus] = {}
        self._drivers = {name: self._driver(name) for name in sensors}

    def _driver(self, name: str) -> Driver:
        sensor = self._config.sensors[name]
        return sensor.driver(sensor.config, self.bus(name))

    def bus(self, sensor: str) -> Bus | None:
        """Return the wire of a sensor, where it has one."""
        config = self._config.sensors[sensor].config
        if not isinstance(config, BusSensorConfig):
            return None
        if config.bus not in self._buses:
            self._buses[config.bus] = Bus(config.bus, self._config.buses[config.bus])
        return self._buses[config.bus]

    @property
    def buses(self) -> Mapping[str, Bus]:
        """The wires, by name."""
        return self._buses

    async def ask(self) -> list[Answer]:
        """Ask each sensor once: those of one wire one after another, wires side by side."""
        by_wire: dict[Bus | None, list[str]] = {}
        for name in self._drivers:
            by_wire.setdefault(self.bus(name), []).append(name)
        told = {
            answer.sensor: answer
            for answers in await asyncio.gather(*map(self._in_turn, by_wire.values()))
            for answer in answers
        }
        return [told[name] for name in self._drivers]

    async def _in_turn(self, sensors: Sequence[str]) -> list[Answer]:
        return [await self._ask(sensor) for sensor in sensors]

    async def _ask(self, sensor: str) -> Answer:
        layout = layout_of(sensor, self._config.sensors[sensor].config.channel_list())
        asked = await ask(layout, self._drivers[sensor], self._clock)
        if asked.error is not None:
            return Answer(asked.round, str(asked.error))
        orders = await self._orders(sensor) if self._with_orders else {}
        return Answer(asked.round, "", asked.sample, orders)

    async def _orders(self, sensor: str) -> Mapping[str, Readings]:
        """Ask once more for the values of which nobody has said the order."""
        config, bus = self._config.sensors[sensor].config, self.bus(sensor)
        if not isinstance(config, ModbusConfig) or config.model is not None or bus is None:
            return {}
        from drivers.modbus.device import Device  # noqa: PLC0415  # pymodbus only where it is asked

        device = Device(
            bus, config.address, pause=config.pause, parity=config.parity, most=config.most
        )
        orders = {}
        for name, channel in config.channel.items():
            place = channel.place
            if 2 * place.count not in _BYTES or channel.type == "string":
                continue
            if "order" in channel.model_fields_set:
                continue
            try:
                data = await device.read(place.table, place.start, place.count)
            except DeviceError:
                continue
            orders[name] = as_type(data, channel.type)
        return orders

    async def close(self) -> None:
        """Let go of the ports and connections."""
        for driver in self._drivers.values():
            await driver.close()
        for bus in self._buses.values():
            await bus.close()


@asynccontextmanager
async def asking(
    config: Config, sensors: Sequence[str], *, bare: bool, orders: bool
) -> AsyncIterator[Agent | Wires]:
    """Yield whom to ask: the agent where one runs, else the wires, which are let go of at the end.

    Args:
        config: the station's.
        sensors: their names.
        bare: take the wires in any case, to see what goes over them.
        orders: whether values of which nobody has said the order are asked for once more.

    Raises:
        ControlError: an agent runs, but doesn't answer.
    """
    path = control.path_of(config.store.path)
    if not bare and (said := await control.read(path, sensors)) is not None:
        yield Agent(path, sensors, said)
        return
    wires = Wires(config, sensors, orders=orders)
    try:
        yield wires
    finally:
        await wires.close()
