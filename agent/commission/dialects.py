"""What a search asks, by what the devices on a wire speak."""

import string
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from agent.commission.identify import Who, introduce
from agent.commission.library import Known
from agent.commission.search import Address, Wire
from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus
from drivers.modbus.device import Device
from drivers.modbus.pdu import read
from drivers.sdi12.instrument import Instrument, find

_ON_A_PORT: Final = 0.2
_AT_A_HOST: Final = 2.0
"""Seconds that an address has to answer. A gateway that waits for a device that isn't there keeps
whoever is asked next waiting, too; most wait for a second or so."""
ANY: Final = "?"
"""To ask whoever is there, where the protocol can (SDI-12)."""


class Dialect(ABC):
    """A protocol, as far as a search needs it; nothing is ever written to a device.

    Attributes:
        addresses: all that there are, the usual first.
        timeout: seconds that an address has to answer, unless a person says otherwise.
        tries: so many questions there are; the others come after damaged answers.
        nobody: addresses that nobody gives and no factory sets: who answers at all of them
            doesn't look at addresses.
    """

    addresses: ClassVar[tuple[Address, ...]]
    timeout: float
    tries: ClassVar[int]
    nobody: ClassVar[tuple[Address, ...]] = ()

    @abstractmethod
    async def ask(self, bus: Bus, address: Address, attempt: int) -> Address:
        """Ask whether somebody is there, and return who it is.

        Args:
            bus: the wire.
            address: whom.
            attempt: which question, from 0: no two of them have answers of one shape.

        Raises:
            DeviceError: there was no right answer; an exception is one.
        """

    @abstractmethod
    async def introduce(self, bus: Bus, address: Address) -> Who:
        """Ask a device who it is."""


class Modbus(Dialect):
    """Modbus: any register will do, since an exception is an answer, too."""

    addresses = tuple(range(1, 248))
    tries = 4
    nobody = (231, 173)
    _ASKED: ClassVar = (("holding", 1), ("holding", 2), ("input", 1), ("holding", 3))

    def __init__(self, models: Sequence[Known], *, timeout: float) -> None:
        """Take the models that devices may be."""
        self.timeout = timeout
        self._models = models

    async def ask(self, bus: Bus, address: Address, attempt: int) -> Address:
        """Read a register or some."""
        table, count = self._ASKED[attempt]
        await Device(bus, int(address)).ask(read(table, 0, count))
        return address

    async def introduce(self, bus: Bus, address: Address) -> Who:
        """Ask what it says of itself, and what its registers hold."""
        return await introduce(Device(bus, int(address)), self._models, int(address))


class Sdi12(Dialect):
    """SDI-12 through an adapter."""

    addresses = (ANY, *string.digits, *string.ascii_uppercase, *string.ascii_lowercase)
    timeout = 2.0
    """The adapter's own tries are within it: SDI-12 v1.3 has at least nine."""
    tries = 1  # it asks twice itself

    async def ask(self, bus: Bus, address: Address, attempt: int) -> Address:  # noqa: ARG002
        """Send ``a!``, or ``?!``."""
        if address == ANY:
            return await find(bus)
        await Instrument(bus, str(address)).acknowledge()
        return address

    async def introduce(self, bus: Bus, address: Address) -> Who:
        """Send ``aI!``."""
        try:
            said = await Instrument(bus, str(address)).identify()
        except DeviceError:
            return Who()
        texts = {
            "maker": said.vendor,
            "model": said.model,
            "firmware": said.firmware,
            "serial number or more": said.more,
        }
        return Who(tuple((key, text) for key, text in texts.items() if text))


def dialect(wire: Wire, models: Sequence[Known]) -> Dialect:
    """Return what is spoken on a wire."""
    if wire.framing == "sdi12":
        return Sdi12()
    return Modbus(models, timeout=_ON_A_PORT if isinstance(wire, SerialBus) else _AT_A_HOST)
