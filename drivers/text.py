"""Numbers that devices send as text, exactly: 3.14 is 3.14, not the nearest binary neighbour's."""

import re
from fractions import Fraction
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from drivers.fields import Table
from drivers.units import check_published, conversion

# Bounded, so that no text becomes a number that takes long to work out.
_NUMBER: Final = re.compile(
    r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,2})?", re.ASCII
)
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)


class TextChannel(Table):
    """What a number means that a device sends as text."""

    unit: Annotated[str, AfterValidator(check_published)]
    raw_unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    invalid: Annotated[tuple[float, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _converted(self) -> Self:
        conversion(self.raw_unit or self.unit, self.unit)
        return self


class Reader:
    """One channel's way from text to its value."""

    def __init__(self, channel: TextChannel) -> None:
        """Work out the channel's linear function once."""
        unit = conversion(channel.raw_unit or channel.unit, channel.unit)
        self._scale = Fraction(repr(channel.scale)) * unit.factor
        self._offset = Fraction(repr(channel.offset)) * unit.factor + unit.offset
        self._invalid = frozenset(Fraction(repr(number)) for number in channel.invalid)

    def __call__(self, text: str) -> float | None:
        """Return the value, or None where the device says so that there is none.

        A NaN or an infinity is passed on as such.

        Raises:
            ValueError: the text is no number.
        """
        if _NOT_FINITE.fullmatch(text):
            return float(text)
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is no number")
        raw = Fraction(text)
        return None if raw in self._invalid else float(raw * self._scale + self._offset)
