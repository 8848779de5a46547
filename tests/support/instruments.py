"""Simulated devices: at the byte pipe's seam with speed and parity, or on a pseudo-terminal."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from drivers.base import DeviceError
from drivers.bus import Bus, Parity, SerialBus
from drivers.bus.links import Lost, Received
from drivers.modbus.framing import crc
from tests.support.ptys import answering


def frame(address: int, pdu: bytes) -> bytes:
    body = bytes([address]) + pdu
    return body + crc(body)


@dataclass
class Instrument:
    """A device: answers reads of its registers, and what else it was taught, with exceptions."""

    address: int
    baudrate: int = 9600
    parity: Parity = "none"
    registers: Mapping[int, int] = field(default_factory=dict)
    tables: Sequence[int] = (3, 4)
    taught: Mapping[bytes, bytes] = field(default_factory=dict)
    mute: Sequence[int] = ()  # functions that it doesn't answer at all
    delay: float = 0.01
    spoil: Callable[[bytes], bytes] = lambda answer: answer
    heedless: bool = False
    beyond: str = "exception"  # or "silence": what it says of registers that it doesn't have
    address_register: int | None = None  # written to, it takes another address
    confirms: str = "old"  # or "new", or "nothing": as which address it confirms that
    asked: list[bytes] = field(default_factory=list)

    def answer(self, address: int, pdu: bytes) -> bytes | None:
        if address != self.address and not self.heedless:
            return None
        self.asked.append(pdu)
        if pdu[0] == 6 and int.from_bytes(pdu[1:3]) == self.address_register:
            self.address = int.from_bytes(pdu[3:5])
            confirming = {"old": address, "new": self.address}.get(self.confirms)
            return None if confirming is None else frame(confirming, pdu)
        if pdu[0] in self.mute:
            return None
        if pdu in self.taught:
            return self.spoil(frame(address, self.taught[pdu]))
        read = self._read(pdu)
        if self.beyond == "silence" and read[0] & 0x80:
            return None
        return self.spoil(frame(address, read))

    def _read(self, pdu: bytes) -> bytes:
        if pdu[0] not in self.tables:
            return bytes([pdu[0] | 0x80, 1])
        start, count = int.from_bytes(pdu[1:3]), int.from_bytes(pdu[3:5])
        wanted = range(start, start + count)
        if not set(wanted) <= set(self.registers):
            return bytes([pdu[0] | 0x80, 2])
        data = b"".join(self.registers[register].to_bytes(2) for register in wanted)
        return bytes([pdu[0], len(data)]) + data


class Line:
    """A wire; give :meth:`open` to whoever makes buses.

    Attributes:
        written: every request that went out, with the settings at which it did.
        opened: settings, each time the port was opened.
        lost: set to True pulls the adapter.
        unfit: settings that the adapter refuses.
    """

    def __init__(self, *instruments: Instrument, echo: bool = False) -> None:
        self.instruments = instruments
        self.written: list[tuple[SerialBus, bytes]] = []
        self.opened: list[SerialBus] = []
        self.lost = False
        self.unfit: set[int] = set()
        self._echo = echo

    def open(self, config: SerialBus) -> Bus:
        return Bus("line", config, _Link(self, config))

    def put(self, config: SerialBus, request: bytes, receive: Callable[[bytes], None]) -> None:
        self.written.append((config, request))
        loop = asyncio.get_running_loop()
        if self._echo:
            receive(request)
        assert crc(request[:-2]) == request[-2:]
        for each in self.instruments:
            if (each.baudrate, each.parity) == (config.baudrate, config.parity):
                answer = each.answer(request[0], request[1:-2])
                if answer is not None:
                    loop.call_later(each.delay, receive, answer)


class _Link:
    def __init__(self, line: Line, config: SerialBus) -> None:
        self._line, self._config = line, config
        self._received: Received | None = None

    async def open(self, received: Received, lost: Lost) -> None:
        if self._line.lost:
            raise DeviceError("no-port", "The port isn't there.")
        if self._config.baudrate in self._line.unfit:
            raise DeviceError("no-port", "Not this speed.") from ValueError("baud rate")
        self._line.opened.append(self._config)
        self._received = received

    async def set_parity(self, parity: Parity) -> None:
        self._config = self._config.model_copy(update={"parity": parity})

    def write(self, data: bytes) -> None:
        if self._line.lost:
            raise OSError(5, "pulled")
        self._line.put(self._config, data, self._receive)

    def _receive(self, data: bytes) -> None:
        if self._received is not None:
            self._received(data)

    def close(self) -> None:
        self._received = None

    async def closed(self) -> None:
        pass


@contextmanager
def on_pty(*instruments: Instrument, echo: bool = False) -> Iterator[str]:
    """Serve devices on a pseudo-terminal, which knows neither speed nor parity; yield its path."""

    def hear(request: bytes, say: Callable[[bytes], object]) -> None:
        if echo:
            say(request)
        for each in instruments:
            answer = each.answer(request[0], request[1:-2])
            if answer is not None:
                time.sleep(each.delay)
                say(answer)

    with answering(hear) as path:
        yield path
