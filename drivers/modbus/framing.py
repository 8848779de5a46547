"""Requests and answers on the wire: RTU and MBAP. An answer is a PDU, exceptions included."""

import struct
from typing import Final


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC: Final = tuple(_entry(value) for value in range(256))


def crc(data: bytes) -> bytes:
    """Return the checksum (Modbus over serial line V1.02, section 6.2.2), low byte first."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


class RtuExchange:
    """A request on a serial line."""

    def __init__(self, address: int, pdu: bytes, payload: int) -> None:
        """Frame a read request whose answer has ``payload`` bytes of values."""
        frame = bytes([address]) + pdu
        self.request = frame + crc(frame)
        self.expected = payload + 5
        self._good = bytes([address, pdu[0], payload])
        self._exception = bytes([address, pdu[0] | 0x80])

    def feed(self, buffer: bytearray) -> bytes | None:
        """Return the first whole, right answer, wherever noise lets it begin."""
        for head, length in ((self._good, self.expected), (self._exception, 5)):
            at = buffer.find(head)
            while 0 <= at <= len(buffer) - length:
                frame = bytes(buffer[at : at + length])
                if crc(frame[:-2]) == frame[-2:]:
                    return frame[1:-2]
                at = buffer.find(head, at + 1)
        return None

    def why(self, buffer: bytearray) -> str:
        """Return ``crc`` or ``short`` where an answer has begun, else ``timeout``."""
        at = buffer.find(self._good)
        if at < 0:
            return "timeout"
        return "crc" if len(buffer) - at >= self.expected else "short"


class TcpExchange:
    """A request to a TCP gateway (Modbus messaging on TCP/IP V1.0b, section 3.1.3)."""

    def __init__(self, number: int, address: int, pdu: bytes, payload: int) -> None:
        """Frame a read request whose answer has ``payload`` bytes of values."""
        self.request = struct.pack(">HHHB", number, 0, len(pdu) + 1, address) + pdu
        self.expected = payload + 9
        self._good = struct.pack(">HHHBBB", number, 0, payload + 3, address, pdu[0], payload)
        self._exception = struct.pack(">HHHBB", number, 0, 3, address, pdu[0] | 0x80)

    def feed(self, buffer: bytearray) -> bytes | None:
        """Return the right answer; whole frames that are none are taken off the buffer."""
        while len(buffer) >= 6:
            length = 6 + int.from_bytes(buffer[4:6])
            if len(buffer) < length:
                return None
            frame = bytes(buffer[:length])
            del buffer[:length]
            if length == self.expected and frame.startswith(self._good):
                return frame[7:]
            if length == 9 and frame.startswith(self._exception):
                return frame[7:]
        return None

    def why(self, buffer: bytearray) -> str:
        """Return ``short`` where an answer has begun, else ``timeout``."""
        return "short" if buffer else "timeout"
