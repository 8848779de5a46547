"""One pair of registers, read in every way: for people who don't know yet which is right."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Final

from drivers.modbus.values import shortest

ORDERS: Final = ("ABCD", "CDAB", "BADC", "DCBA")

SMALLEST: Final = 1e-4
LARGEST: Final = 1e6
"""What instruments at a channel say, in whatever unit they say it, is 0 or between these in size:
levels in m, mm or ft, flows in m3/s or L/s, velocities, temperatures, voltages, pressures."""

JUDGED: Final = (
    "✓ plausible: a finite number that is 0, or between 0.0001 and 1 000 000 in size"
    "{within}. A judgement, not a proof: compare with the instrument's own display."
)
NONE: Final = (
    "No order is plausible: another register, another type, or a device without a value now."
)
NO_NUMBER: Final = (
    "In the order {order} it says that there is no number (NaN): read again while it measures."
)
SEVERAL: Final = (
    "More than one order is plausible: compare with the instrument's own display, or read again: "
    "the right one moves little."
)

_FORMS: Final = {
    4: {"float32": "", "int32": ">i", "uint32": ">I"},
    8: {"float64": ">d", "int64": ">q", "uint64": ">Q"},
}
"""By bytes of a value: its types, and how :mod:`struct` reads them."""


def arranged(data: bytes, order: str) -> bytes:
    """Return the bytes of a value, as they came, with the most significant first.

    Args:
        data: two bytes a register.
        order: of the bytes: ABCD as the standard has it, CDAB with the low register first, BADC
            and DCBA with the bytes of each register swapped.
    """
    if order in ("BADC", "DCBA"):
        data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
    if order in ("CDAB", "DCBA"):
        data = b"".join(data[i : i + 2] for i in range(len(data) - 2, -1, -2))
    return data


def plausible(value: float, within: Sequence[float] | None = None) -> bool:
    """Return whether an instrument at a channel may say this.

    Args:
        value: a raw number.
        within: what is known of the value: its least and its greatest.
    """
    if not isfinite(value) or not (value == 0 or SMALLEST <= abs(value) <= LARGEST):
        return False
    return within is None or within[0] <= value <= within[1]


@dataclass(frozen=True, slots=True)
class Readings:
    """One value's bytes, read as one type in the four orders.

    Attributes:
        type: as in ``station.toml``.
        values: by order.
    """

    type: str
    values: Mapping[str, float]

    def plausible(self, within: Sequence[float] | None = None) -> frozenset[str]:
        """Return the orders in which the value is plausible."""
        return frozenset(o for o, value in self.values.items() if plausible(value, within))


def every_way(data: bytes) -> list[Readings]:
    """Return four or eight bytes, as they came, in all types and orders."""
    return [
        Readings(kind, {order: _value(arranged(data, order), form) for order in ORDERS})
        for kind, form in _FORMS[len(data)].items()
    ]


def as_type(data: bytes, kind: str) -> Readings:
    """Return four or eight bytes, as they came, as one type in all orders."""
    return next(each for each in every_way(data) if each.type == kind)


def verdict(readings: Readings, within: Sequence[float] | None = None) -> str:
    """Return a sentence where no order stands out, else nothing."""
    if empty := [order for order, value in readings.values.items() if isnan(value)]:
        return NO_NUMBER.format(order=empty[0])
    plausible = readings.plausible(within)
    if not plausible:
        return NONE
    return SEVERAL if len(plausible) > 1 else ""


def _value(data: bytes, form: str) -> float:
    if not form:
        return shortest(data)
    value: float = struct.unpack(form, data)[0]
    return value
