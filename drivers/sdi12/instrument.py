"""One SDI-12 sensor behind an adapter: what can be asked of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from drivers.base import DeviceError
from drivers.bus import Bus, Exchange, Peer, Turn
from drivers.sdi12.framing import Announcement, Command, Data, Plain, Service, Start

T = TypeVar("T")

_DAMAGED: Final = frozenset({"crc", "short", "garbled", "parse"})
_PAUSE: Final = 0.05
"""s of silence before a command, so that what came twice is over by then."""
_PAGES: Final = 10
"""``aD0!`` to ``aD9!``."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measurement gave.

    Attributes:
        values: as they were sent, in their order.
        began: the event loop's time, s, when the sensor began to measure,
        ended: and when its values were there.
    """

    values: tuple[str, ...]
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Identity:
    """What a sensor says that it is (SDI-12 v1.3, send identification).

    Attributes:
        address: 0-9, A-Z or a-z.
        version: of SDI-12 that it speaks, as ``1.3``.
        vendor: at most 8 characters.
        model: at most 6.
        firmware: at most 3.
        more: a serial number or whatever else, at most 13.
    """

    address: str
    version: str
    vendor: str
    model: str
    firmware: str
    more: str


class _Wire(Protocol):
    """A bus, or the turn on one."""

    async def exchange(self, exchange: Exchange[T]) -> T: ...


class _Shared:
    """A bus on which others may come in between."""

    def __init__(self, bus: Bus, peer: Peer) -> None:
        self._bus, self._peer = bus, peer

    async def exchange(self, exchange: Exchange[T]) -> T:
        return await self._bus.exchange(exchange, self._peer)


class Instrument:
    """A sensor, by its address on a bus."""

    def __init__(self, bus: Bus, address: str) -> None:
        """Make it; nothing is asked."""
        self._bus, self._address = bus, address
        self._peer = Peer(f"address {address}", pause=_PAUSE)
        self._shared = _Shared(bus, self._peer)

    async def measure(self, command: str, *, checked: bool = False) -> Measured:
        """Have a measurement made, and return its values.

        Args:
            command: as ``M``, ``C1``, ``R0``, ``V``.
            checked: take the command's variant whose values have a checksum.

        Raises:
            DeviceError: there is no right answer to one of its commands; ``aborted`` or ``no-data``
                where the sensor has nothing to give, ``count`` where it gives other than announced.
        """
        variant = f"{command[0]}C{command[1:]}" if checked else command
        if command.startswith("R"):
            return await self._continuous(variant, checked=checked)
        if command.startswith("C"):
            return await self._concurrent(variant, checked=checked)
        async with self._bus.turn(self._peer) as turn:
            return await self._exclusive(turn, variant, checked=checked)

    async def acknowledge(self) -> None:
        """Return where the sensor is there (``a!``).

        Raises:
            DeviceError: it doesn't answer.
        """
        await self._plain(f"{self._address}!", b"", 3)

    async def identify(self) -> Identity:
        """Ask what it is (``aI!``).

        Raises:
            DeviceError: it doesn't answer.
        """
        form = rb"\d\d[\x20-\x7e]{17,30}"
        text = await self._plain(f"{self._address}I!", form, 35)
        version = f"{text[1]}.{text[2]}"
        fields = (text[3:11], text[11:17], text[17:20], text[20:])
        return Identity(self._address, version, *map(str.strip, fields))

    async def readdress(self, new: str) -> None:
        """Change its address (``aAb!``), because a person asked for it; it isn't read back.

        Raises:
            DeviceError: the sensor didn't confirm it.
        """
        exchange = Plain(f"{self._address}A{new}!", new, b"", 3)
        await self._shared.exchange(exchange)

    async def _plain(self, command: str, form: bytes, expected: int) -> str:
        return await _asked(self._shared, lambda: Plain(command, self._address, form, expected))

    async def _continuous(self, variant: str, *, checked: bool) -> Measured:
        """Take what is measured all the time; R has neither announcement nor wait."""
        began = asyncio.get_running_loop().time()
        values = await self._data(self._shared, variant, checked=checked)
        if not values:
            raise self._failure("no-data", variant)
        return Measured(values, began, asyncio.get_running_loop().time())

    async def _concurrent(self, variant: str, *, checked: bool) -> Measured:
        """Start, let others have the wire, and fetch the values when they are there."""
        announced = await self._start(self._shared, variant)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(announced.seconds)
        ended = asyncio.get_running_loop().time()
        values = await self._collect(self._shared, variant, announced, checked=checked)
        return Measured(values, began, ended)

    async def _exclusive(self, turn: Turn, variant: str, *, checked: bool) -> Measured:
        """Start, wait until the sensor asks for service, and fetch the values.

        A command to any other sensor would abort it.
        """
        announced = await self._start(turn, variant)
        began = asyncio.get_running_loop().time()
        if announced.seconds and not announced.ready:
            await turn.exchange(Service(self._address, announced.seconds))
        ended = asyncio.get_running_loop().time()
        values = await self._collect(turn, variant, announced, checked=checked)
        return Measured(values, began, ended)

    async def _start(self, wire: _Wire, variant: str) -> Announcement:
        announced = await _asked(wire, lambda: Start(self._address, variant))
        if not announced.count:
            raise self._failure("no-data", variant)
        return announced

    async def _collect(
        self, wire: _Wire, variant: str, announced: Announcement, *, checked: bool
    ) -> tuple[str, ...]:
        values: tuple[str, ...] = ()
        for page in range(_PAGES):
            got = await self._page(wire, page, checked=checked)
            values += got
            if not got or len(values) >= announced.count:
                break
        if not values:
            raise self._failure("aborted", variant)
        if len(values) != announced.count:
            raise self._failure("count", variant, f"{announced.count}, and gave {len(values)}")
        return values

    async def _page(self, wire: _Wire, page: int, *, checked: bool) -> tuple[str, ...]:
        """Return the values of one data command; an empty answer may be a late service request."""
        command = f"D{page}"
        return await self._data(wire, command, checked=checked) or await self._data(
            wire, command, checked=checked
        )

    async def _data(self, wire: _Wire, command: str, *, checked: bool) -> tuple[str, ...]:
        return await _asked(wire, lambda: Data(self._address, command, checked=checked))

    def _failure(self, reason: str, command: str, detail: str = "") -> DeviceError:
        sentence = _SENTENCES[reason].format(
            command=f"{self._address}{command}!", bus=self._bus.name, detail=detail
        )
        return DeviceError(reason, sentence)


_SENTENCES: Final = {
    "no-data": "The sensor on {bus} has nothing to give to {command}: look up in its manual "
    "which commands it knows.",
    "aborted": "The sensor on {bus} gave up what {command} had begun: look for a second master, "
    "or a supply that breaks down under its load.",
    "count": "The sensor on {bus} announced so many values to {command}: {detail}. Look for two "
    "sensors with one address.",
}


async def find(bus: Bus) -> str:
    """Return the address of the only sensor on a bus (``?!``).

    Raises:
        DeviceError: there is none, or more than one, whose answers are garbled then.
    """
    return await _asked(_Shared(bus, Peer("the sensor")), lambda: Plain("?!", "", b"", 3))


async def _asked(wire: _Wire, make: Callable[[], Command[T]]) -> T:
    """Send a command, and once more where its answer was damaged.

    More tries are the adapter's: it knows about breaks, and SDI-12 v1.3 has it try at least three
    times three.
    """
    try:
        return await wire.exchange(make())
    except DeviceError as error:
        if error.reason not in _DAMAGED:
            raise
    return await wire.exchange(make())
