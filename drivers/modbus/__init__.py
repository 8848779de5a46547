"""Modbus instruments, on a serial line (RTU, ASCII) or behind a TCP gateway."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar, Final

import structlog

from drivers.base import DeviceError, Driver, Sample, SensorConfig
from drivers.bus import Bus
from drivers.modbus.config import ModbusConfig
from drivers.modbus.plan import Block
from drivers.modbus.start import Start
from drivers.modbus.values import Part

__all__ = ["ModbusConfig", "ModbusDriver"]

log = structlog.get_logger()

_NOBODY: Final = frozenset({"timeout", "no-port", "no-connection", "noise"})
"""Reasons for which asking the device anything else in this poll is a waste of the wire."""


class ModbusDriver(Driver):
    """One Modbus device."""

    Config: ClassVar[type[SensorConfig]] = ModbusConfig
    framings: ClassVar[frozenset[str]] = frozenset({"rtu", "ascii", "tcp"})

    def __init__(self, config: SensorConfig, bus: Bus | None) -> None:
        """Make the driver; nothing is opened, nothing is asked."""
        from drivers.modbus import device  # noqa: PLC0415  # pymodbus only where one is asked

        if not isinstance(config, ModbusConfig) or bus is None:
            raise TypeError("a Modbus driver is made from a ModbusConfig and its bus")
        self._name = f"{bus.name}, address {config.address}"
        self._device = device.Device(
            bus, config.address, pause=config.pause, parity=config.parity, most=config.most
        )
        self._refused, self._no_such = device.Refused, device.NO_SUCH
        self._model = config.model
        self._start = Start(config)
        self._decoder = config.decoder
        self._parts = [self._decoder.part(block) for block in config.blocks]
        self._stale_after, self._settle = config.stale_after, config.settle
        self._asked_at = float("-inf")

    async def read(self) -> Sample:
        """Send the planned requests in turn.

        Raises:
            DeviceError: none of them got an answer.
        """
        loop = asyncio.get_running_loop()
        await self._start.settle(self._ask)
        if self._stale_after is not None and loop.time() - self._asked_at >= self._stale_after:
            await self._wake()
        began = loop.time()
        poll = self._decoder.begin()
        failure: DeviceError | None = None
        got = False
        parts = list(self._parts)
        while parts:
            part = parts.pop(0)
            try:
                data = await self._ask(part.block)
            except self._refused as refused:
                if refused.code in self._no_such and (smaller := self._split(part, refused)):
                    parts[:0] = smaller
                    continue
                failure = failure or refused
                part.fail(refused.reason, poll)
            except DeviceError as error:
                failure = failure or error
                part.fail(error.reason, poll)
                if not got and error.reason in _NOBODY:
                    self._parts.append(self._parts.pop(0))  # another one has the first word next
                    break
            else:
                got = True
                part.take(data, poll)
        if failure is not None and not got:
            self._start.forget()
            raise failure
        self._decoder.end(poll)
        self._start.apply(poll)
        return Sample((began + loop.time()) / 2, poll.values, poll.reasons, poll.flags)

    def about(self) -> Mapping[str, object]:
        """Return the model, and what the device said of itself."""
        model = {} if self._model is None else {"model": self._model}
        return {**model, **self._start.facts}

    async def close(self) -> None:
        """Let go of nothing: the bus isn't the driver's own."""

    async def _wake(self) -> None:
        """Throw away what a sleeper says first: its measurement from before it slept."""
        with suppress(DeviceError):
            await self._ask(self._parts[0].block)
        await asyncio.sleep(self._settle)

    async def _ask(self, block: Block) -> bytes:
        data = await self._device.read(block.table, block.start, block.count)
        self._asked_at = asyncio.get_running_loop().time()
        return data

    def _split(self, part: Part, refused: DeviceError) -> list[Part]:
        """Ask from now on for less at once, where a device refuses a merged read."""
        smaller = [self._decoder.part(block) for block in part.block.split()]
        if smaller:
            at = self._parts.index(part)
            self._parts[at : at + 1] = smaller
            log.info(
                "read unmerged", device=self._name, read=str(part.block), reason=refused.reason
            )
        return smaller
