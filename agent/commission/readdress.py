"""Giving a device another address: the one thing here that writes to a device.

A device's own confirmation proves little: some confirm from their new address, some not at all, and
an adapter's echo looks like one. What counts is who answers at the new address afterwards.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from agent.commission.search import Address, Wire
from agent.commission.sweep import there
from drivers.base import DeviceError
from drivers.bus import Bus
from drivers.modbus.config import ModbusConfig
from drivers.modbus.device import Device, Refused
from drivers.sdi12.config import Sdi12Config
from drivers.sdi12.instrument import Instrument

_PATIENCE: Final = 2
"""So many times the wire's own timeout an address has to answer: nobody may be overheard here."""
_TWICE: Final = 2
"""So often the new address is asked whether it is free."""
_STARTS: Final = 10.0
"""Seconds that a device may take until it answers at its new address; some start anew."""


class ReaddressError(Exception):
    """It isn't done, or it isn't certain; the message says why, and what to do."""


class Subject(ABC):
    """A device whose address is to change.

    Attributes:
        address: that it has.
        how: what is written, for people.
        mirrored: whether it confirms with the request's own bytes, as an echo looks.
    """

    address: Address
    how: str
    mirrored: ClassVar[bool] = False

    @abstractmethod
    async def ask(self, bus: Bus, address: Address) -> None:
        """Ask whether it, or anybody, is at an address; raise a DeviceError where nobody is."""

    @abstractmethod
    async def write(self, bus: Bus, new: Address) -> None:
        """Give it its new address; raise a DeviceError where it didn't confirm it."""


class ModbusSubject(Subject):
    """A Modbus device: its address is one of its registers."""

    mirrored = True

    def __init__(self, config: ModbusConfig, register: int) -> None:
        """Take what the station reads of it, and the holding register of its address."""
        self.address, self._register = config.address, register
        self.how = f"holding register {register}"
        self._config = config
        self._devices: dict[Address, Device] = {}

    async def ask(self, bus: Bus, address: Address) -> None:
        """Read what the station reads first."""
        block = self._config.blocks[0]
        await self._device(bus, address).read(block.table, block.start, block.count)

    async def write(self, bus: Bus, new: Address) -> None:
        """Write one register."""
        await self._device(bus, self.address).write(self._register, int(new))

    def _device(self, bus: Bus, address: Address) -> Device:
        if address not in self._devices:
            config = self._config
            self._devices[address] = Device(
                bus, int(address), pause=config.pause, parity=config.parity, most=config.most
            )
        return self._devices[address]


class Sdi12Subject(Subject):
    """An SDI-12 sensor, which has a command for it."""

    def __init__(self, config: Sdi12Config) -> None:
        """Take what the station knows of it."""
        self.address, self.how = config.address, "the command for it (aAb!)"

    async def ask(self, bus: Bus, address: Address) -> None:
        """Send ``a!``."""
        await Instrument(bus, str(address)).acknowledge()

    async def write(self, bus: Bus, new: Address) -> None:
        """Send ``aAb!``."""
        await Instrument(bus, str(self.address)).readdress(str(new))


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done.

    Attributes:
        wire: on which the device hangs, alone or not.
        subject: the device.
        new: the address that it gets.
    """

    wire: Wire
    subject: Subject
    new: Address

    @property
    def old(self) -> Address:
        """The address that it has."""
        return self.subject.address

    async def check(self) -> None:
        """Look whether it can be done; nothing is written.

        Raises:
            ReaddressError: it can't.
        """
        async with self._bus() as bus:
            bus.tap = echo = _Echo()
            says, sentence = await self._says(bus, self.old)
            if not there(says):
                raise ReaddressError(f"Nothing was written. {sentence}")
            if echo.heard and self.subject.mirrored:
                raise ReaddressError(
                    "Nothing was written. The adapter gives back what is sent (an echo), which "
                    "looks like the device's confirmation: switch that off, or take another one."
                )
            for _ in range(_TWICE):
                says, _ = await self._says(bus, self.new)
                if says != "timeout" and not says.startswith(("exception-10", "exception-11")):
                    raise ReaddressError(
                        f"Nothing was written. Something answers at address {self.new} already "
                        f"({says}): take a free one (aryk scan shows which are taken)."
                    )

    async def carry_out(self) -> None:
        """Write it, and look who answers where.

        Raises:
            ReaddressError: it wasn't done, or it isn't certain.
        """
        async with self._bus() as bus:
            try:
                await self.subject.write(bus, self.new)
            except Refused as refused:
                raise ReaddressError(f"The device refuses it, and stays as it is. {refused}") from (
                    refused
                )
            except DeviceError as error:
                if error.reason in ("no-port", "no-connection"):
                    raise ReaddressError(
                        f"It may be written or not. {error} Then see who answers: aryk scan."
                    ) from error
            if await self._comes(bus):
                return
            says, _ = await self._says(bus, self.old)
        if there(says):
            raise ReaddressError(
                f"It was written, but the device still answers at address {self.old}: switch it "
                f"off and on, and see whether it answers at {self.new} then (aryk scan)."
            )
        raise ReaddressError(
            f"It was written, but nobody answers, neither at {self.new} nor at {self.old}: switch "
            "the device off and on, and look for it with aryk scan."
        )

    async def _comes(self, bus: Bus) -> bool:
        """Return whether it answers at its new address, before long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _STARTS
        while True:
            says, _ = await self._says(bus, self.new)
            if there(says):
                return True
            if loop.time() >= end:
                return False

    async def _says(self, bus: Bus, address: Address) -> tuple[str, str]:
        """Return what an address says, and the sentence where that is nothing."""
        try:
            await self.subject.ask(bus, address)
        except DeviceError as error:
            if error.reason in ("no-port", "no-connection", "noise"):
                raise ReaddressError(str(error)) from error
            return error.reason, str(error)
        return "answer", ""

    @asynccontextmanager
    async def _bus(self) -> AsyncIterator[Bus]:
        timeout = _PATIENCE * self.wire.timeout
        bus = Bus("wire", self.wire.model_copy(update={"timeout": timeout}))
        try:
            yield bus
        finally:
            await bus.close()


class _Echo:
    """Hears whether what is sent comes back; a bus's tap."""

    def __init__(self) -> None:
        self.heard = False
        self._sent = b""
        self._came = bytearray()

    def __call__(self, direction: Literal[">", "<"], data: bytes) -> None:
        if direction == ">":
            self._sent = data
            self._came.clear()
        else:
            self._came += data
            self.heard |= bool(self._sent) and self._came.startswith(self._sent)


def subject(config: object, register: int | None) -> Subject:
    """Return a sensor's device as one whose address can change.

    Args:
        config: the sensor's table.
        register: of its address, where a person names it.

    Raises:
        ReaddressError: nobody has said how.
    """
    if isinstance(config, Sdi12Config):
        return Sdi12Subject(config)
    if not isinstance(config, ModbusConfig):
        raise ReaddressError("This sensor has no address that could be changed.")
    if register is None:
        register = _register(config.model)
    return ModbusSubject(config, register)


def _register(model: str | None) -> int:
    from drivers.modbus import library  # noqa: PLC0415  # only where a model is asked for

    if model is None:
        raise ReaddressError(
            "The sensor has no model, so nobody says how: look up the holding register of its "
            "address in its manual, and name it with --register, counted from 0."
        )
    known = library.load(model).address
    if known is None:
        raise ReaddressError(
            f"The device library doesn't say how for {model}: use its maker's tool, or look up the "
            "holding register of its address, and name it with --register, counted from 0."
        )
    return known.register_
