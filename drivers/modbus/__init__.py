"""Modbus instruments, on a serial line (RTU) or behind a TCP gateway."""

import asyncio
from typing import ClassVar

from drivers.base import DeviceError, Driver, Sample, SensorConfig
from drivers.bus import Bus
from drivers.modbus.config import ModbusConfig
from drivers.modbus.plan import Block
from drivers.modbus.values import Decoder

__all__ = ["ModbusConfig", "ModbusDriver"]


class ModbusDriver(Driver):
    """One Modbus device."""

    Config: ClassVar[type[SensorConfig]] = ModbusConfig
    framings: ClassVar[frozenset[str]] = frozenset({"rtu", "ascii", "tcp"})

    def __init__(self, config: SensorConfig, bus: Bus | None) -> None:
        """Make the driver; nothing is opened, nothing is asked."""
        from drivers.modbus.device import Device  # noqa: PLC0415  # pymodbus only where one is asked

        if not isinstance(config, ModbusConfig) or bus is None:
            raise TypeError("a Modbus driver is made from a ModbusConfig and its bus")
        self._device = Device(bus, config.address)
        self._blocks = config.blocks
        self._channels = tuple(config.channel.values())
        self._decoders = [Decoder(channel) for channel in self._channels]

    async def read(self) -> Sample:
        """Send the planned requests in turn.

        Raises:
            DeviceError: none of them got an answer.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        values: list[float | None] = [None] * len(self._channels)
        reasons: dict[int, str] = {}
        failures: list[DeviceError] = []
        for block in self._blocks:
            try:
                data = await self._device.read(block.table, block.start, block.count)
            except DeviceError as error:
                failures.append(error)
                reasons |= dict.fromkeys(block.members, error.reason)
            else:
                self._decode(block, data, values, reasons)
        if len(failures) == len(self._blocks):
            raise failures[0]
        return Sample((began + loop.time()) / 2, values, reasons)

    async def close(self) -> None:
        """Let go of nothing: the bus isn't the driver's own."""

    def _decode(
        self, block: Block, data: bytes, values: list[float | None], reasons: dict[int, str]
    ) -> None:
        for index in block.members:
            channel = self._channels[index]
            at = channel.start - block.start
            if block.bits:
                part = bytes([data[at // 8] >> at % 8 & 1])
            else:
                part = data[2 * at : 2 * (at + channel.size)]
            values[index] = value = self._decoders[index](part)
            if value is None:
                reasons[index] = "invalid"
