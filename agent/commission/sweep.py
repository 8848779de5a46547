"""Asking addresses on an open line, one after another, until one answers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from agent.commission.ear import ABSENT, Ear
from agent.commission.search import SETTLE
from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus
from drivers.modbus.device import Device
from drivers.modbus.pdu import read

DAMAGED: Final = frozenset({"crc", "garbled", "short"})
"""Reasons that say: something came, but it was no whole answer."""
_ABSENT: Final = frozenset(f"exception-{code}" for code in ABSENT)
_ASKED: Final = (("holding", 1), ("holding", 2), ("input", 1), ("holding", 3))
"""What is asked: the first of each, then the others if its answer was damaged. All differ in
shape, so that none of their answers can be taken for another's."""
_CLOSED: Final = 3
"""So many connections in a row that a gateway closes, and it isn't asked further."""
_TWICE: Final = "It answers twice: two devices have this address, or the adapter echoes."
_OFTEN_DAMAGED: Final = "Answers were damaged: look for two devices of one address, bad wiring."
_LATE: Final = "It answers late: give it a longer timeout."


def there(says: str) -> bool:
    """Return whether there is a device that says this: an exception is an answer too."""
    return says == "answer" or (says.startswith("exception-") and says not in _ABSENT)


@dataclass(frozen=True, slots=True)
class Hit:
    """An address at which there is a device.

    Attributes:
        address: its own.
        says: ``answer``, or the exception that it answered with.
        hints: what is odd about it, a sentence each.
    """

    address: int
    says: str
    hints: tuple[str, ...] = ()


class Sweep:
    """One stretch of a search.

    Attributes:
        asked: addresses that were asked.
        damaged: addresses whose answers all were damaged, and how.
        noise: bytes that belong to no answer.
    """

    def __init__(self, bus: Bus) -> None:
        """Take a line; its timeout is how long an address has to answer."""
        self.asked: list[int] = []
        self.damaged: dict[int, str] = {}
        self.noise = 0
        self._bus = bus
        self._ear: Ear | None = None
        if isinstance(bus.config, SerialBus) and bus.config.framing == "rtu":
            self._ear = bus.tap = Ear()
        self._requests = Counter[int]()
        self._frames = Counter[int]()
        self._says: dict[int, str] = {}
        self._closed = 0

    async def run(self, addresses: Iterable[int], over: Callable[[], bool]) -> list[Hit]:
        """Ask until one answers, or it is over.

        Raises:
            DeviceError: there is no port or connection, or the line is never silent.
        """
        for address in addresses:
            if over():
                break
            self.asked.append(address)
            await self._ask(address)
            self._listen()
            if self._there():
                break
        if self._ear is not None and self.asked:
            await asyncio.sleep(SETTLE)
            self._listen(last=True)
        return [self._hit(address) for address in self._there()]

    def _there(self) -> list[int]:
        said = [address for address, says in self._says.items() if there(says)]
        return list(dict.fromkeys([*said, *(a for a in self._frames if a in self._requests)]))

    def _hit(self, address: int) -> Hit:
        says = self._says.get(address, "timeout")
        hints = []
        if not there(says):
            hints.append(_LATE)
        if self._frames[address] > self._requests[address]:
            hints.append(_TWICE)
        if self._requests[address] > 1:
            hints.append(_OFTEN_DAMAGED)
        return Hit(address, says, tuple(hints))

    async def _ask(self, address: int) -> None:
        """Ask an address; after a damaged answer again, for something else."""
        damaged = []
        for table, count in _ASKED:
            self._requests[address] += 1
            says = await self._says_to(address, table, count)
            if says in DAMAGED:
                damaged.append(says)
            else:
                self._says[address] = says
            if not damaged or there(says):
                return
        if len(damaged) > 1:
            self.damaged[address] = damaged[0]

    async def _says_to(self, address: int, table: str, count: int) -> str:
        try:
            await Device(self._bus, address).ask(read(table, 0, count))
        except DeviceError as error:
            self._closed = self._closed + 1 if error.reason == "no-connection" else 0
            lost = self._closed and (not self._bus.counts.opened or self._closed >= _CLOSED)
            if lost or error.reason in ("no-port", "noise"):
                raise
            return error.reason
        self._closed = 0
        return "answer"

    def _listen(self, *, last: bool = False) -> None:
        if self._ear is not None:
            heard = self._ear.take(last=last)
            self._frames.update(heard.addresses)
            self.noise += heard.noise
