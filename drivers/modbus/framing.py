"""Requests and answers on the wire: RTU, ASCII and MBAP. An answer is a PDU, exceptions too.

Every rule here says when bytes are an answer to this request and no other: the right device,
function, length and checksum, and on TCP the right transaction.
"""

import struct
from typing import Final

from drivers.bus import Exchange
from drivers.modbus.pdu import Query

_EXCEPTION: Final = 2  # bytes of an exception's PDU


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC: Final = tuple(_entry(value) for value in range(256))


def crc(data: bytes | bytearray) -> bytes:
    """Return the checksum (Modbus over serial line V1.02, section 6.2.2), low byte first."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def lrc(data: bytes) -> bytes:
    """Return the checksum of ASCII frames (Modbus over serial line V1.02, section 6.2.1)."""
    return bytes([-sum(data) & 0xFF])


class RtuExchange(Exchange[bytes]):
    """A request on a serial line, or through a gateway that hands its bytes on."""

    def __init__(self, address: int, query: Query) -> None:
        """Frame a request to a device."""
        frame = bytes([address]) + query.pdu
        self.request = frame + crc(frame)
        self.expected = query.length + 3
        self.mirrored = query.head == query.pdu
        self._query = query
        self._good = bytes([address]) + query.head
        self._exception = bytes([address, query.pdu[0] | 0x80])

    def feed(self, buffer: bytearray) -> bytes | None:
        """Return the first whole, right answer, wherever noise lets it begin."""
        at = buffer.find(self._good)
        while at >= 0:
            end = at + 1 + self._query.needs(bytes(buffer[at + 1 :]))
            if (pdu := _checked(buffer, at, end)) is not None:
                return pdu
            at = buffer.find(self._good, at + 1)
        at = buffer.find(self._exception)
        while at >= 0:
            if (pdu := _checked(buffer, at, at + 1 + _EXCEPTION)) is not None:
                return pdu
            at = buffer.find(self._exception, at + 1)
        return None

    def why(self, buffer: bytearray) -> str:
        """Return what was wrong with what came."""
        at = buffer.find(self._good)
        if at < 0:
            return _nothing_of_ours(buffer)
        whole = len(buffer) - at >= self._query.needs(bytes(buffer[at + 1 :])) + 3
        return "crc" if whole else "short"


def _checked(buffer: bytearray, at: int, end: int) -> bytes | None:
    """Return the PDU of the frame from ``at`` to ``end`` if its checksum, behind it, is right."""
    if end + 2 > len(buffer) or crc(buffer[at:end]) != buffer[end : end + 2]:
        return None
    return bytes(buffer[at + 1 : end])


def _nothing_of_ours(buffer: bytearray) -> str:
    """Return ``garbled`` for noise, ``timeout`` where nothing came, or another device's frame."""
    foreign = any(crc(buffer[:end]) == buffer[end : end + 2] for end in range(2, len(buffer) - 1))
    return "garbled" if len(buffer) > 2 and not foreign else "timeout"


class AsciiExchange(Exchange[bytes]):
    """A request in ASCII framing (Modbus over serial line V1.02, section 2.5.2)."""

    def __init__(self, address: int, query: Query) -> None:
        """Frame a request to a device."""
        frame = bytes([address]) + query.pdu
        self.request = b":" + (frame + lrc(frame)).hex().upper().encode() + b"\r\n"
        self.expected = 2 * (query.length + 2) + 3
        self.mirrored = query.head == query.pdu
        self._query = query
        self._good = bytes([address]) + query.head
        self._exception = bytes([address, query.pdu[0] | 0x80])

    def feed(self, buffer: bytearray) -> bytes | None:
        """Return the first whole, right answer among the lines."""
        for line in buffer.split(b"\n")[:-1]:
            frame = _decoded(line.rpartition(b":")[2].strip())
            if len(frame) < 3 or lrc(frame[:-1]) != frame[-1:]:
                continue
            needs = self._query.needs(frame[1:-1])
            if frame.startswith(self._good) and len(frame) == needs + 2:
                return frame[1:-1]
            if frame.startswith(self._exception) and len(frame) == _EXCEPTION + 2:
                return frame[1:-1]
        return None

    def why(self, buffer: bytearray) -> str:
        """Return what was wrong with what came."""
        address = b":" + self._good.hex().upper().encode()
        if address in buffer.upper():
            return "crc" if buffer.endswith(b"\n") else "short"
        return "garbled" if buffer and b":" not in buffer else "timeout"


def _decoded(digits: bytearray) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


class Addressed:
    """A query to a device behind a TCP gateway: what all its transactions have in common."""

    def __init__(self, address: int, query: Query) -> None:
        """Frame it, but for the transaction's number."""
        length = len(query.pdu) + 1
        self.request = struct.pack(">HHB", 0, length, address) + query.pdu
        self.query = query
        self.good = bytes([address]) + query.head
        self.whole = struct.pack(">HH", 0, query.length + 1) + self.good
        self.exception = bytes([address, query.pdu[0] | 0x80])
        self.expected = query.length + 7


class TcpExchange(Exchange[bytes]):
    """A request to a TCP gateway (Modbus messaging on TCP/IP V1.0b, section 3.1.3)."""

    def __init__(self, number: int, addressed: Addressed) -> None:
        """Take the transaction of this number."""
        self._number = number.to_bytes(2)
        self.request = self._number + addressed.request
        self.expected = addressed.expected
        self._to = addressed

    def feed(self, buffer: bytearray) -> bytes | None:
        """Return the right answer; whole frames that are none are taken off the buffer."""
        if len(buffer) == self.expected and buffer.startswith(self._number + self._to.whole):
            return bytes(buffer[7:])
        while len(buffer) >= 6:
            end = 6 + int.from_bytes(buffer[4:6])
            if len(buffer) < end:
                return None
            number, frame = buffer[:4], bytes(buffer[6:end])
            del buffer[:end]
            if number == self._number + b"\0\0" and self._is_right(frame):
                return frame[1:]
        return None

    def why(self, buffer: bytearray) -> str:
        """Return ``short`` where an answer has begun, else ``timeout``."""
        return "short" if buffer else "timeout"

    def _is_right(self, frame: bytes) -> bool:
        if frame.startswith(self._to.good):
            return len(frame) == 1 + self._to.query.needs(frame[1:])
        return frame.startswith(self._to.exception) and len(frame) == 1 + _EXCEPTION
