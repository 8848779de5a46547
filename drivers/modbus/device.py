"""One Modbus device on a wire."""

import asyncio
from functools import partial
from typing import Final

from drivers.base import DeviceError
from drivers.bus import Bus, Exchange, Parity, Peer, Turn
from drivers.modbus.framing import Addressed, AsciiExchange, RtuExchange, TcpExchange
from drivers.modbus.pdu import Query, exception_sentence, read, write
from drivers.modbus.plan import MOST
from drivers.modbus.shapes import Place, Shape, Shapes, size

NO_SUCH: Final = frozenset({2, 3})
"""Exceptions that say: no such register, or not so many."""
_DAMAGED: Final = frozenset({"crc", "short", "garbled"})


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
        most: int = MOST,
    ) -> None:
        """Make it; nothing is asked.

        Args:
            bus: the wire.
            address: 1 to 247; behind a TCP gateway 0 to 255, of which 0 or 255 is itself.
            pause: seconds of silence that it needs before a request.
            parity: where it isn't the line's.
            most: registers that it gives in one request.
        """
        self._bus, self._address = bus, address
        self._peer = Peer(f"address {address}", pause, parity)
        self._framing = bus.config.framing
        self._numbered = self._framing == "tcp"
        self._shapes = Shapes(bus.config.timeout + bus.config.lateness, most)
        self._queries: dict[Place, Query] = {}
        self._addressed: dict[Place, Addressed] = {}

    async def read(self, table: str, start: int, count: int) -> bytes:
        """Return the bytes of registers, two each, or of bits, eight a byte.

        A damaged answer is asked for once more.

        Raises:
            Refused: the device has no such registers, or can't say now.
            DeviceError: there is no right answer.
        """
        place = (table, start, count)
        if self._numbered:
            addressed = self._addressed.get(place)
            if addressed is None:
                addressed = Addressed(self._address, read(*place))
                self._addressed[place] = addressed
            exchange = TcpExchange(next(self._bus.numbers), addressed)
            return _accepted(await self._bus.exchange(exchange, self._peer))[2:]
        try:
            return await self._told_apart(place)
        except DeviceError as error:
            if error.reason not in _DAMAGED:
                raise
        return await self._told_apart(place)

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
        return _accepted(await self._bus.exchange(self._exchange(query), self._peer))

    async def _told_apart(self, place: Place) -> bytes:
        """Read so that no other answer of this device can be taken for this one's."""
        table, start, count = place
        async with self._bus.turn(self._peer) as turn:
            wide = self._shapes.choose(place, _now())
            try:
                answer = await self._shaped(turn, (table, start, wide))
            except Refused as refused:
                if wide == count or refused.code not in NO_SUCH:
                    raise
                self._shapes.refused(place)
                answer = await self._shaped(turn, place)
        return answer[2 : 2 + size(table, count)]

    async def _shaped(self, turn: Turn, place: Place) -> bytes:
        if wait := self._shapes.wait(place, _now()):
            await asyncio.sleep(wait)
        exchange = self._exchange(self._query(place))
        exchange.ended = partial(self._ended, (place[0], size(place[0], place[2])))
        return _accepted(await turn.exchange(exchange))

    def _ended(self, shape: Shape, answered: bool) -> None:
        self._shapes.ended(shape, _now(), answered=answered)

    def _query(self, place: Place) -> Query:
        query = self._queries.get(place)
        if query is None:
            query = self._queries[place] = read(*place)
        return query

    def _exchange(self, query: Query) -> Exchange[bytes]:
        framing = self._framing
        if framing == "tcp":
            return TcpExchange(next(self._bus.numbers), Addressed(self._address, query))
        kind = AsciiExchange if framing == "ascii" else RtuExchange
        return kind(self._address, query)


def _accepted(answer: bytes) -> bytes:
    if answer[0] & 0x80:
        raise Refused(answer[1])
    return answer


def _now() -> float:
    return asyncio.get_running_loop().time()
