"""One Modbus device on a wire: asked so that no answer can be taken for another's.

On a serial line a frame tells device, function and length, but not which request it answers: a late
or doubled answer of the right shape looks right. So a request never asks for a shape (function and
bytes) of which another answer may still be under way: it asks for a register or two more than it
needs, where the device allows it. With transaction numbers (Modbus TCP) this isn't needed.
"""

import asyncio
from typing import Final

from drivers.base import DeviceError
from drivers.bus import Bus, Exchange, Parity, Peer
from drivers.modbus.framing import AsciiExchange, RtuExchange, TcpExchange
from drivers.modbus.pdu import Query, exception_sentence, read, write
from drivers.modbus.plan import LIMITS

_OWED: Final = 60.0
"""Seconds in which an answer that didn't come in time is still reckoned with."""
_WIDER: Final = 3
"""So many other shapes a request may take, each one register (for bits: one byte) wider."""
_DAMAGED: Final = frozenset({"crc", "short", "garbled"})

_Shape = tuple[str, int]


class Refused(DeviceError):  # noqa: N818 - what the device did
    """The device answered with an exception.

    Attributes:
        code: its number (Modbus Application Protocol V1.1b3, section 7).
    """

    def __init__(self, code: int) -> None:
        """Take the number."""
        super().__init__(f"exception-{code}", exception_sentence(code))
        self.code = code


class Device:
    """A device, by its address on a bus."""

    def __init__(
        self,
        bus: Bus,
        address: int,
        *,
        pause: float = 0.0,
        parity: Parity | None = None,
        most: int | None = None,
    ) -> None:
        """Make it; nothing is asked.

        Args:
            bus: the wire.
            address: 0 to 247; 255 for a TCP device itself.
            pause: seconds of silence that it needs before a request.
            parity: where it isn't the line's.
            most: registers that it gives in one request, where that is less than the standard's.
        """
        self._bus, self._address, self._most = bus, address, most
        self._peer = Peer(f"address {address}", pause, parity)
        self._numbered = bus.config.framing == "tcp"
        self._queries: dict[tuple[str, int, int], Query] = {}
        self._owed: dict[_Shape, float] = {}  # until when an answer nobody got may come
        self._doubled: dict[_Shape, float] = {}  # until when an answer may come again
        self._exact: set[tuple[str, int, int]] = set()  # what the device gives no wider

    async def read(self, table: str, start: int, count: int) -> bytes:
        """Return the bytes of registers, two each, or of bits, eight a byte.

        A damaged answer is asked for once more.

        Raises:
            Refused: the device has no such registers, or can't say now.
            DeviceError: there is no right answer.
        """
        try:
            return await self._read(table, start, count)
        except DeviceError as error:
            if self._numbered or error.reason not in _DAMAGED:
                raise
        return await self._read(table, start, count)

    async def write(self, register: int, value: int) -> None:
        """Write one holding register, because a person asked for it.

        Raises:
            DeviceError: the device didn't confirm it.
        """
        await self.ask(write(register, value))

    async def ask(self, query: Query) -> bytes:
        """Return the PDU of the answer to any query.

        Raises:
            Refused: it is an exception.
            DeviceError: there is no right answer.
        """
        answer = await self._bus.exchange(self._exchange(query), self._peer)
        if answer[0] & 0x80:
            raise Refused(answer[1])
        return answer

    async def _read(self, table: str, start: int, count: int) -> bytes:
        wide = count if self._numbered else self._told_apart(table, start, count)
        try:
            data = await self._registers(table, start, wide)
        except Refused:
            if wide == count:
                raise
            self._exact.add((table, start, count))
            data = await self._registers(table, start, count)
        return data[: _bytes(table, count)]

    async def _registers(self, table: str, start: int, count: int) -> bytes:
        key = (table, start, count)
        query = self._queries.get(key)
        if query is None:
            query = self._queries[key] = read(*key)
        if self._numbered:
            return (await self.ask(query))[2:]
        shape = (table, _bytes(table, count))
        time = asyncio.get_running_loop().time
        self._owed[shape] = time() + _OWED
        try:
            answer = await self.ask(query)
        except Refused:
            self._owed.pop(shape, None)
            raise
        self._owed.pop(shape, None)
        self._doubled[shape] = time() + self._bus.config.lateness
        return answer[2:]

    def _told_apart(self, table: str, start: int, count: int) -> int:
        """Return how many to ask for, so that no other answer under way has this shape."""
        now = asyncio.get_running_loop().time()
        exact = (table, start, count) in self._exact
        step = 8 if table in _BITS else 1
        most = min(self._most or LIMITS[table], LIMITS[table], 0x10000 - start)
        for wide in range(count, min(count + _WIDER * step, most) + 1, step):
            shape = (table, _bytes(table, wide))
            if now >= self._owed.get(shape, 0.0) and (
                exact or now >= self._doubled.get(shape, 0.0)
            ):
                return wide
        return count

    def _exchange(self, query: Query) -> Exchange[bytes]:
        framing = self._bus.config.framing
        if framing == "tcp":
            return TcpExchange(next(self._bus.numbers), self._address, query)
        kind = AsciiExchange if framing == "ascii" else RtuExchange
        return kind(self._address, query)


_BITS: Final = frozenset({"coil", "discrete"})


def _bytes(table: str, count: int) -> int:
    return (count + 7) // 8 if table in _BITS else 2 * count
