"""The contents of the newest records, as short sums: what a second coming is compared with."""

from array import array
from collections import OrderedDict
from enum import Enum, auto
from typing import Final

_CHUNK: Final = 1024  # numbers whose sums lie together
_NONE: Final = 0


class Comparison(Enum):
    """What a record is, beside the one that came before under its number."""

    SAME = auto()
    DIFFERENT = auto()
    UNKNOWN = auto()


class Digests:
    """Sums of 64 bits for about so many numbers; those not touched for longest are forgotten."""

    def __init__(self, numbers: int) -> None:
        """Keep about so many; each costs 8 bytes."""
        self._most = max(1, numbers // _CHUNK)
        self._chunks: OrderedDict[tuple[str, str, int], array[int]] = OrderedDict()

    def compare(self, station: str, log: str, number: int, content: str) -> Comparison:
        """Compare a content with the one that is kept; keep it where none is."""
        chunk, at = self._chunk(station, log, number // _CHUNK), number % _CHUNK
        digest = hash(content) or 1  # SipHash with this process's own key: nobody can aim at it
        kept = chunk[at]
        if kept == _NONE:
            chunk[at] = digest
            return Comparison.UNKNOWN
        return Comparison.SAME if kept == digest else Comparison.DIFFERENT

    def _chunk(self, *key: *tuple[str, str, int]) -> "array[int]":
        chunk = self._chunks.get(key)
        if chunk is None:
            chunk = self._chunks[key] = array("q", bytes(8 * _CHUNK))
            if len(self._chunks) > self._most:
                self._chunks.popitem(last=False)
        else:
            self._chunks.move_to_end(key)
        return chunk
