"""Asking addresses on an open line, one after another, until one answers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from agent.commission.dialects import Dialect
from agent.commission.ear import ABSENT, Ear
from agent.commission.search import SETTLE, Address
from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus

DAMAGED: Final = frozenset({"crc", "garbled", "short", "parse"})
"""Reasons that say: something came, but it was no whole answer."""
_ABSENT: Final = frozenset(f"exception-{code}" for code in ABSENT)
_ENOUGH: Final = 3
"""So many addresses with damaged answers only, and it isn't about one of them: the others are asked
once."""
_CLOSED: Final = 3
"""So many connections in a row that a gateway closes, and it isn't asked further."""
_TWICE: Final = "It answers twice: two devices have this address, or the adapter echoes."
_OFTEN_DAMAGED: Final = "Answers were damaged: look for two devices of one address, bad wiring."
_LATE: Final = "It answers late, so it needs a longer timeout."


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
        late: whether its answer came after its time.
    """

    address: Address
    says: str
    hints: tuple[str, ...] = ()
    late: bool = False


class Sweep:
    """One stretch of a search.

    Attributes:
        asked: addresses that were asked.
        damaged: addresses whose answers all were damaged, and how.
        noise: bytes that belong to no answer.
    """

    def __init__(self, bus: Bus, dialect: Dialect) -> None:
        """Take a wire, whose timeout is how long an address has to answer, and what is spoken."""
        self.asked: list[Address] = []
        self.damaged: dict[Address, str] = {}
        self.noise = 0
        self._bus, self._dialect = bus, dialect
        self._ear: Ear | None = None
        if isinstance(bus.config, SerialBus) and bus.config.framing == "rtu":
            self._ear = bus.tap = Ear()
        self._requests = Counter[Address]()
        self._frames = Counter[Address]()
        self._says: dict[Address, str] = {}
        self._closed = 0

    async def run(self, addresses: Iterable[Address], over: Callable[[], bool]) -> list[Hit]:
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

    def _there(self) -> list[Address]:
        said = [address for address, says in self._says.items() if there(says)]
        return list(dict.fromkeys([*said, *(a for a in self._frames if a in self._requests)]))

    def _hit(self, address: Address) -> Hit:
        says = self._says.get(address, "timeout")
        hints = []
        late = not there(says)
        if late:
            hints.append(_LATE)
        if self._frames[address] > self._requests[address]:
            hints.append(_TWICE)
        if self._requests[address] > 1:
            hints.append(_OFTEN_DAMAGED)
        return Hit(address, says, tuple(hints), late)

    async def _ask(self, address: Address) -> None:
        """Ask an address; after a damaged answer again, for something else.

        One damaged answer may be noise; two, or as many as it is asked for, are somebody's.
        """
        damaged = []
        tries = self._dialect.tries if len(self.damaged) < _ENOUGH else 1
        for attempt in range(tries):
            self._requests[address] += 1
            who, says = await self._says_to(address, attempt)
            if says in DAMAGED:
                damaged.append(says)
            else:
                self._says[who] = says
            if not damaged or there(says):
                return
        if len(damaged) >= min(2, self._dialect.tries):
            self.damaged[address] = damaged[0]

    async def _says_to(self, address: Address, attempt: int) -> tuple[Address, str]:
        """Return who answered, and what; or the reason why nobody did."""
        try:
            who = await self._dialect.ask(self._bus, address, attempt)
        except DeviceError as error:
            self._closed = self._closed + 1 if error.reason == "no-connection" else 0
            lost = self._closed and (not self._bus.counts.opened or self._closed >= _CLOSED)
            if lost or error.reason in ("no-port", "noise"):
                raise
            return address, error.reason
        self._closed = 0
        return who, "answer"

    def _listen(self, *, last: bool = False) -> None:
        if self._ear is not None:
            heard = self._ear.take(last=last)
            self._frames.update(heard.addresses)
            self.noise += heard.noise
