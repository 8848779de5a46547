"""A reader of CBOR (RFC 8949), as far as SenML needs it: nothing in it can be nested deeply."""

import math
import struct
from typing import Any, Final

_DEEPEST: Final = 8  # a pack, a record, and what an extension may hold
_FLOATS: Final = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE: Final = {20: False, 21: True, 22: None, 23: None}
_BREAK: Final = object()
_INDEFINITE: Final = 31  # section 3.2.1
_DECIMAL_FRACTION: Final = 4  # section 3.4.4


class CborError(ValueError):
    """It isn't CBOR, or none that SenML may have."""


def decode(data: bytes) -> Any:
    """Return the one item that the data hold.

    Raises:
        CborError: it isn't well-formed, has a key twice, or something follows it.
    """
    reader = _Reader(data)
    item = reader.item(0)
    if not reader.at_end:
        raise CborError("something follows the pack")
    return item


class _Reader:
    """Reads items one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def item(self, depth: int) -> Any:
        item = self._item(depth)
        if item is _BREAK:
            raise CborError("a break where nothing is open")
        return item

    def _item(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise CborError("nested too deeply")
        head = self._take(1)[0]
        major, low = head >> 5, head & 0x1F
        if major == 7:
            return self._simple(low)
        if low == _INDEFINITE and major in (4, 5):  # a text may not: RFC 8428, section 6
            return self._until_break(major, depth)
        return self._sized(major, self._number(low), depth)

    def _sized(self, major: int, number: int, depth: int) -> Any:
        """Return an item whose head has a number: itself, a length, a count or a tag."""
        item: Any = number
        match major:
            case 1:
                item = -1 - number
            case 2:
                item = self._take(number)
            case 3:
                item = self._text(number)
            case 4:
                item = [self.item(depth + 1) for _ in self._counted(number)]
            case 5:
                item = _once([self._pair(depth) for _ in self._counted(number)])
            case 6:
                item = _tagged(number, self.item(depth + 1))
        return item

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise CborError("it ends in the middle")
        self._at += count
        return taken

    def _number(self, low: int) -> int:
        if low < 24:
            return low
        if low > 27:
            raise CborError("no such length")
        return int.from_bytes(self._take(1 << low - 24))

    def _counted(self, count: int) -> range:
        if count > len(self._data) - self._at:  # an item has a byte at least
            raise CborError("it ends in the middle")
        return range(count)

    def _text(self, length: int) -> str:
        try:
            return self._take(length).decode()
        except UnicodeDecodeError as error:
            raise CborError("a text isn't UTF-8") from error

    def _pair(self, depth: int) -> tuple[Any, Any]:
        return self.item(depth + 1), self.item(depth + 1)

    def _simple(self, low: int) -> Any:
        if form := _FLOATS.get(low):
            return struct.unpack(form, self._take(1 << low - 24))[0]
        if low == _INDEFINITE:
            return _BREAK
        if low not in _SIMPLE:
            raise CborError(f"simple value {low} is unknown")
        return _SIMPLE[low]

    def _until_break(self, major: int, depth: int) -> Any:
        items: list[Any] = []
        while (item := self._item(depth + 1)) is not _BREAK:
            items.append((item, self.item(depth + 1)) if major == 5 else item)
        return _once(items) if major == 5 else items


def _once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    if any(type(key) not in (int, str) for key, _ in pairs):
        raise CborError("a label is an integer or a text")
    record = dict(pairs)
    if len(record) < len(pairs):
        raise CborError("a label stands twice in a record")
    return record


def _tagged(tag: int, item: Any) -> Any:
    """Return what a tag makes of an item: SenML knows decimal fractions, and no other."""
    if tag != _DECIMAL_FRACTION:
        return item
    match item:
        case [int(exponent), int(mantissa)] if abs(exponent) < 400:
            with_exponent = f"{mantissa}e{exponent}"
        case _:
            raise CborError("not a decimal fraction")
    number = float(with_exponent)
    if not math.isfinite(number):
        raise CborError("a number that is too large")
    return number
