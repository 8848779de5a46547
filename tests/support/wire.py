"""A line in memory, with misbehaving Modbus devices on it: the seam of :class:`drivers.bus.Bus`.

Every even register holds its own address, every odd one the number of the request that it answers,
so that each mix-up shows.
"""

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.bus.exchange import Parity
from drivers.modbus.framing import crc

CHARACTER = 10 / 9600
"""s that a character takes at 9600 baud without parity."""

Hear = Callable[[bytes], None]


class Line:
    """A link whose far end is Python: ``hear`` is told what is sent, :meth:`say` answers."""

    def __init__(self, hear: Hear | None = None) -> None:
        self.hear: Hear = hear or (lambda _: None)
        self.parity: list[Parity] = []
        self.opened = 0
        self._received: Hear | None = None

    async def open(self, received: Hear, lost: Callable[[], None]) -> None:
        self.opened += 1
        self._received = received
        self.lose = lost

    async def set_parity(self, parity: Parity) -> None:
        self.parity.append(parity)

    def write(self, data: bytes) -> None:
        self.hear(data)

    def say(self, data: bytes, delay: float = 0.0) -> None:
        """Have bytes arrive after a delay, s, if the line is open then."""
        asyncio.get_running_loop().call_later(delay, self._arrive, data)

    def close(self) -> None:
        self._received = None

    async def closed(self) -> None:
        """Nothing hangs here."""

    def _arrive(self, data: bytes) -> None:
        if self._received is not None and data:
            self._received(data)


def words(start: int, count: int, number: int) -> bytes:
    """Return registers that hold their own address (even) or a request's number (odd)."""
    told = [number if register % 2 else register for register in range(start, start + count)]
    return struct.pack(f">{count}H", *(word & 0xFFFF for word in told))


def rtu(*frame: int | bytes) -> bytes:
    """Return a frame with its checksum."""
    whole = b"".join(bytes([part]) if isinstance(part, int) else part for part in frame)
    return whole + crc(whole)


@dataclass
class Slave:
    """A device at an address; each request it hears gets the next number."""

    address: int
    numbers: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)  # start, count

    def answer(self, request: bytes) -> bytes:
        """Return the right answer to a request for registers."""
        function, start, count = struct.unpack(">BHH", request[1:6])
        self.numbers += 1
        self.asked.append((start, count))
        data = words(start, count, self.numbers)
        return rtu(self.address, function, len(data), data)


FAULTS = (
    "none", "late", "lost", "doubled", "garbled", "foreign", "other function", "other length",
    "cut", "noise before", "noise after", "split", "exception",
)  # fmt: skip


@dataclass
class Misbehaving:
    """Slaves on one line; each answer suffers the next fault of a script of one's own."""

    line: Line
    slaves: dict[int, Slave]
    dice: random.Random
    timeout: float
    latest: float  # s after its request that an answer may come
    wider: bool = True  # whether more registers are given than are there
    there: int = 0x10000  # registers from here on aren't there, where that matters
    faults: dict[str, int] = field(default_factory=dict)

    def hear(self, request: bytes) -> None:
        slave = self.slaves[request[0]]
        start, count = struct.unpack(">HH", request[2:6])
        if start + count > self.there:
            slave.numbers += 1
            self.line.say(rtu(slave.address, request[1] | 0x80, 2), 0.005)
            return
        fault = self.dice.choice(FAULTS)
        self.faults[fault] = self.faults.get(fault, 0) + 1
        self._suffer(fault, slave, request, slave.answer(request))

    def _suffer(self, fault: str, slave: Slave, request: bytes, frame: bytes) -> None:
        dice, say = self.dice, self.line.say
        sent = (len(request) + len(frame)) * CHARACTER
        delay = sent + dice.uniform(0.002, 0.9 * self.timeout)
        noise = bytes(dice.choice((0x00, 0xFF, 0x01, 0x03)) for _ in range(dice.randint(1, 6)))
        body = frame[:-2]
        if fault == "late":
            say(frame, dice.uniform(sent + 1.1 * self.timeout, self.latest))
        elif fault == "doubled":
            say(frame, delay)
            say(frame, delay + dice.uniform(0.0, 0.029))
        elif fault == "split":
            at = dice.randint(1, len(frame) - 1)
            say(frame[:at], delay / 2)
            say(frame[at:], delay)
        elif fault != "lost":
            spoilt = {
                "garbled": lambda: _burst(frame, dice),
                "foreign": lambda: rtu(slave.address % 3 + 1, body[1:]),
                "other function": lambda: rtu(slave.address, 4 if body[1] == 3 else 3, body[2:]),
                "other length": lambda: rtu(slave.address, body[1], body[2] - 2, body[3:-2]),
                "cut": lambda: frame[: dice.randint(1, len(frame) - 1)],
                "noise before": lambda: noise + frame,
                "noise after": lambda: frame + noise,
                "exception": lambda: rtu(slave.address, body[1] | 0x80, dice.choice((4, 6, 11))),
            }.get(fault, lambda: frame)
            say(spoilt(), delay)


def _burst(frame: bytes, dice: random.Random) -> bytes:
    """Flip a burst of up to 16 bits: what the checksum is sure to notice."""
    bits = int.from_bytes(frame)
    pattern = dice.randint(0, 0x7FFF) | 0x8000
    shift = dice.randint(0, 8 * len(frame) - 16)
    return (bits ^ pattern << shift).to_bytes(len(frame))


def config(**keys: Any) -> dict[str, Any]:
    """Return the table of a serial bus that is never opened."""
    return {"device": "/dev/none", **keys}
