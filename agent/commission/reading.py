"""Asking the sensors of a station now, as its agent would."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from agent.acquire import layout_of, no_answer, round_of
from agent.clock import Clock
from agent.commission.registers import Readings, as_type
from agent.config import Config
from agent.record import Round
from drivers.base import BusSensorConfig, DeviceError, Driver, Sample
from drivers.bus import Bus, Tap
from drivers.modbus.config import ModbusConfig

_BYTES: Final = (4, 8)  # of a value whose order somebody must know


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sensor said.

    Attributes:
        round: its values with qualities and reasons; where it gave nothing, with the reason.
        sample: what its driver gave; None where it gave nothing.
        sentence: what is wrong and what to do, where it gave nothing.
        orders: channels of which nobody has said in which order their bytes come: their raw value
            in all four.
    """

    round: Round
    sample: Sample | None
    sentence: str
    orders: Mapping[str, Readings]

    @property
    def sensor(self) -> str:
        """Its name."""
        return self.round.layout.sensor


class Wires:
    """The buses and drivers of some sensors of a station.

    Attributes:
        taps: who is told what goes over a wire, by bus; to be filled before it is asked.
    """

    def __init__(self, config: Config, sensors: Sequence[str]) -> None:
        """Make them; nothing is opened."""
        self._config = config
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
        return list(await asyncio.gather(*map(self._ask, self._drivers)))

    async def _ask(self, sensor: str) -> Answer:
        layout = layout_of(sensor, self._config.sensors[sensor].config.channel_list())
        began = self._clock.monotonic()
        try:
            sample = await self._drivers[sensor].read()
        except DeviceError as error:
            middle = (began + self._clock.monotonic()) / 2
            time = self._clock.stamp(middle if error.at is None else error.at)
            return Answer(no_answer(layout, error.reason, time), None, str(error), {})
        said = round_of(layout, sample, self._clock.stamp(sample.at))
        return Answer(said, sample, "", await self._orders(sensor))

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
async def wires(config: Config, sensors: Sequence[str]) -> AsyncIterator[Wires]:
    """Yield the wires of some sensors; they are let go of at the end."""
    made = Wires(config, sensors)
    try:
        yield made
    finally:
        await made.close()


def both(taps: Sequence[Tap]) -> Tap:
    """Return a tap that tells several."""

    def tell(direction: Literal[">", "<"], data: bytes) -> None:
        for tap in taps:
            tap(direction, data)

    return tell
