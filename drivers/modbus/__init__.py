"""Modbus instruments, on a serial line (RTU) or behind a TCP gateway."""

import asyncio
from typing import ClassVar

from drivers.base import DeviceError, Driver, Sample, SensorConfig
from drivers.bus import Bus
from drivers.modbus.config import ModbusConfig
from drivers.modbus.framing import RtuExchange, TcpExchange
from drivers.modbus.plan import Block

__all__ = ["ModbusConfig", "ModbusDriver"]


class ModbusDriver(Driver):
    """One Modbus device."""

    Config: ClassVar[type[SensorConfig]] = ModbusConfig
    framings: ClassVar[frozenset[str]] = frozenset({"rtu", "tcp"})

    def __init__(self, config: SensorConfig, bus: Bus | None) -> None:
        """Make the driver; nothing is opened, nothing is asked."""
        from drivers.modbus import pdu  # noqa: PLC0415  # pymodbus only where a device is asked

        if not isinstance(config, ModbusConfig) or bus is None:
            raise TypeError("a Modbus driver is made from a ModbusConfig and its bus")
        self._config = config
        self._bus = bus
        self._sentence = pdu.exception_sentence
        self._decoder = config.decoder
        self._requests = [
            (self._decoder.part(block), pdu.read_request(block.table, block.start, block.count))
            for block in config.blocks
        ]
        self._number = 0

    async def read(self) -> Sample:
        """Send the planned requests in turn.

        Raises:
            DeviceError: none of them got an answer.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        poll = self._decoder.begin()
        failures: list[DeviceError] = []
        for part, request in self._requests:
            try:
                data = await self._ask(part.block, request)
            except DeviceError as error:
                failures.append(error)
                part.fail(error.reason, poll)
            else:
                part.take(data, poll)
        if len(failures) == len(self._requests):
            raise failures[0]
        self._decoder.end(poll)
        return Sample((began + loop.time()) / 2, poll.values, poll.reasons, poll.flags)

    async def close(self) -> None:
        """Let go of nothing: the bus isn't the driver's own."""

    async def _ask(self, block: Block, request: bytes) -> bytes:
        exchange: RtuExchange | TcpExchange
        if self._bus.config.framing == "rtu":
            exchange = RtuExchange(self._config.address, request, block.payload)
        else:
            self._number = self._number % 0xFFFF + 1
            exchange = TcpExchange(self._number, self._config.address, request, block.payload)
        answer = await self._bus.exchange(exchange, self._config.pause)
        if answer[0] & 0x80:
            raise DeviceError(f"exception-{answer[1]}", self._sentence(answer[1]))
        return answer[2:]
