"""Checksums of text lines: each takes one off, where it is right."""

import re
from collections.abc import Callable, Mapping
from functools import reduce
from operator import xor
from typing import Final, Literal

from drivers.sdi12.framing import crc

Checksum = Literal["none", "nmea-xor", "sr50a", "sdi12"]

_NMEA: Final = re.compile(rb"(\$[^$*]*)\*([0-9A-Fa-f]{2})")
_SR50A: Final = re.compile(rb"\x02([^\x02\x03]*;)([0-9A-Fa-f]{2})(?:\r\n?)?")
_AROUND: Final = sum(b"\x02\r\n\x03")


def _nmea(line: bytes) -> bytes | None:
    """``$…*hh``: the exclusive or of what is between ``$`` and ``*`` (NMEA 0183)."""
    match = _NMEA.fullmatch(line[max(line.rfind(b"$"), 0) :].rstrip())
    if match is None or reduce(xor, match[1][1:], 0) != int(match[2], 16):
        return None
    return match[1]


def _sr50a(line: bytes) -> bytes | None:
    """``STX …;hh CR LF ETX``: the two's complement of the sum of all but the checksum itself.

    Campbell Scientific, SR50A manual: the example there, 2C, comes out only with the four control
    characters in the sum.
    """
    match = _SR50A.fullmatch(line[max(line.rfind(b"\x02"), 0) :])
    if match is None or (sum(match[1]) + _AROUND + int(match[2], 16)) & 0xFF:
        return None
    return match[1]


def _sdi12(line: bytes) -> bytes | None:
    """Three characters at the end (SDI-12 v1.3)."""
    line = line.rstrip(b"\r\n")
    return line[:-3] if line and crc(line[:-3]) == line[-3:] else None


CHECKS: Final[Mapping[Checksum, Callable[[bytes], bytes | None]]] = {
    "none": lambda line: line,
    "nmea-xor": _nmea,
    "sr50a": _sr50a,
    "sdi12": _sdi12,
}
"""By name, what returns a line without its checksum; None where that is wrong or missing."""
