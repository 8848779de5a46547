"""From the bytes of an answer to values in published units."""

import math
import struct
from fractions import Fraction
from typing import Final

from drivers.modbus.config import ModbusChannel
from drivers.units import conversion

_FORMATS: Final = {
    "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q",
    "float64": ">d",
}  # fmt: skip


def shortest(four: bytes) -> float:
    """Return a float32 (4 bytes, big-endian) as the shortest decimal that round-trips."""
    wide: float = struct.unpack(">f", four)[0]
    if not math.isfinite(wide):
        return wide
    for digits in (7, 8):
        short = float(f"{wide:.{digits}g}")
        if struct.pack(">f", short) == four:
            return short
    return float(f"{wide:.9g}")


def _ordered(data: bytes, order: str) -> bytes:
    if order in ("BADC", "DCBA"):
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
    if order in ("CDAB", "DCBA"):
        data = b"".join(data[i : i + 2] for i in range(len(data) - 2, -1, -2))
    return data


class Decoder:
    """One channel's way from its bytes to its value."""

    def __init__(self, channel: ModbusChannel) -> None:
        """Work out the channel's linear function once."""
        self._channel = channel
        scale, offset = Fraction(repr(channel.scale)), Fraction(repr(channel.offset))
        if channel.span is not None:
            (r0, r1), (v0, v1) = ([Fraction(repr(n)) for n in pair] for pair in channel.span)
            scale = (v1 - v0) / (r1 - r0)
            offset = v0 - r0 * scale
        unit = conversion(channel.raw_unit or channel.unit, channel.unit)
        factor = Fraction(unit.numerator, unit.denominator)
        scale, offset = scale * factor, offset * factor + Fraction(unit.offset)
        self._divisor = math.lcm(scale.denominator, offset.denominator)
        self._factor = int(scale * self._divisor)
        self._summand = int(offset * self._divisor)

    def __call__(self, data: bytes) -> float | None:
        """Return the value of these bytes, or None where they say that there is none."""
        raw = self._raw(_ordered(data, self._channel.order))
        if raw is None or raw in self._channel.invalid:
            return None
        if isinstance(raw, float):
            return raw * self._factor / self._divisor + self._summand / self._divisor
        return (raw * self._factor + self._summand) / self._divisor

    def _raw(self, data: bytes) -> float | None:
        kind = self._channel.type
        if kind == "bool":
            return data[0]
        if kind == "float32":
            return shortest(data)
        if kind.startswith("bcd"):
            digits = data.hex()
            return int(digits) if digits.isdecimal() else None
        if self._channel.bits is not None:
            first, last = self._channel.bits
            return int.from_bytes(data) >> first & (1 << last - first + 1) - 1
        raw: float = struct.unpack(_FORMATS[kind], data)[0]
        return raw
