"""From the bytes of an answer to raw numbers, one ``struct`` a request."""

import struct
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from drivers.modbus.plan import Block, Extent

_Place = tuple[Extent, str, str]
"""Where a raw number stands, its code for :mod:`struct`, and the order of its bytes."""


def _bytes(place: Extent, order: str) -> list[int]:
    """Return the offsets of a number's bytes, the most significant first."""
    registers = [(2 * i, 2 * i + 1) for i in range(place.count)]
    if order in ("BADC", "DCBA"):
        registers = [(low, high) for high, low in registers]
    if order in ("CDAB", "DCBA"):
        registers.reverse()
    return [byte for register in registers for byte in register]


class Unpacker:
    """The raw numbers of one block, in the order in which they are asked for."""

    def __init__(self, block: Block, places: Sequence[_Place]) -> None:
        """Work out where each byte stands in an answer.

        Args:
            block: the request.
            places: what to take out of its answer; all within the block.
        """
        if block.bits:
            self._bits = [place.start - block.start for place, _, _ in places]
            self._take: Callable[[bytes], Sequence[Any]] = self._from_bits
            return
        offsets = [
            2 * (place.start - block.start) + byte
            for place, _, order in places
            for byte in _bytes(place, order)
        ]
        self._struct = struct.Struct(">" + "".join(code for _, code, _ in places))
        # In most maps the bytes stand as they are needed; else they are put in order first.
        self._take = self._struct.unpack_from
        if offsets != list(range(len(offsets))):
            self._arranged = itemgetter(*offsets)
            self._take = self._from_elsewhere

    def __call__(self, data: bytes) -> Sequence[Any]:
        """Return the raw numbers; bits are 0 or 1, a text is its bytes.

        Args:
            data: the values of an answer, at least the block's ``payload`` bytes.
        """
        return self._take(data)

    def _from_bits(self, data: bytes) -> list[int]:
        bits = int.from_bytes(data, "little")
        return [bits >> at & 1 for at in self._bits]

    def _from_elsewhere(self, data: bytes) -> tuple[Any, ...]:
        return self._struct.unpack(bytes(self._arranged(data)))
