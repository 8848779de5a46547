"""Registers as they are, with their neighbours: for the map that is one off."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.commission.registers import Readings, every_way
from drivers.base import DeviceError
from drivers.modbus.device import Device, Refused

_BITS: Final = frozenset({"coil", "discrete"})
_LAST: Final = 0xFFFF
_MOST: Final = 125  # registers of one request (Modbus Application Protocol V1.1b3, section 6.3)


@dataclass(slots=True)
class Window:
    """What stands in some registers of a device, or bits, and beside them.

    Attributes:
        table: ``holding``, ``input``, ``coil`` or ``discrete``.
        start: the first that was asked for.
        count: how many were.
        values: by number, of these and of their neighbours; what the device doesn't have is
            missing.
        refusal: why the ones asked for are missing, where only their neighbours are there.
    """

    table: str
    start: int
    count: int
    values: dict[int, int] = field(default_factory=dict)
    refusal: str = ""

    def is_asked(self, register: int) -> bool:
        """Return whether a register was asked for, or is a neighbour."""
        return self.start <= register < self.start + self.count

    def together(self, size: int) -> Mapping[int, list[Readings]]:
        """Return ``size`` registers, two or four, read as one value, by the first of them."""
        if self.table in _BITS:
            return {}
        found = {}
        for first in sorted(self.values):
            words = [self.values.get(first + i) for i in range(size)]
            if None not in words:
                found[first] = every_way(b"".join(word.to_bytes(2) for word in words))  # type: ignore[union-attr]
        return found


async def look(device: Device, table: str, start: int, count: int) -> Window:
    """Read registers, or bits, with one more on each side.

    Raises:
        DeviceError: there is no answer, or it has neither these nor their neighbours.
    """
    window = Window(table, start, count)
    first, last = max(0, start - 1), min(_LAST, start + count)
    if table in _BITS or last - first < _MOST:
        try:
            await _into(window, device, first, last + 1 - first)
        except Refused:
            window.values.clear()
        else:
            return window
    try:
        await _into(window, device, start, count)
    except Refused as refused:
        window.refusal = str(refused)
    for neighbour in {first, last} - set(range(start, start + count)):
        try:
            await _into(window, device, neighbour, 1)
        except DeviceError:
            continue  # it has none there
    if not window.values:
        raise DeviceError("exception-2", window.refusal)
    return window


async def _into(window: Window, device: Device, first: int, count: int) -> None:
    data = await device.read(window.table, first, count)
    for number in range(count):
        if window.table in _BITS:
            value = data[number // 8] >> number % 8 & 1
        else:
            value = int.from_bytes(data[2 * number : 2 * number + 2])
        window.values[first + number] = value
