"""Numbers that devices send as text, exactly: 3.14 is 3.14, not the nearest binary neighbour's."""

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from drivers.base import Flag, Sample
from drivers.fields import Table
from drivers.rules import ChannelRule, Number, judge
from drivers.units import check_published, conversion

# Bounded, so that no text becomes a number that takes long to work out.
_NUMBER: Final = re.compile(
    r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,2})?", re.ASCII
)
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)

NOISE: Final = b"\x00\xff\t\r\n\x02\x03"
"""What a line picks up around a text: of breaks, of its direction being switched, of other lines'
ends. No character that was damaged is among it: that must not be taken off."""


class TextChannel(Table):
    """What a number means that a device sends as text."""

    unit: Annotated[str, AfterValidator(check_published)]
    raw_unit: str | None = None
    scale: Number = 1.0
    offset: Number = 0.0
    invalid: Annotated[tuple[Number, ...], Field(strict=False)] = ()
    good_when: Annotated[tuple[ChannelRule, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _converted(self) -> Self:
        conversion(self.raw_unit or self.unit, self.unit)
        return self


def check_companions(channels: Mapping[str, TextChannel]) -> None:
    """Check that ``good_when`` names other channels of the sensor.

    Raises:
        ValueError: one doesn't.
    """
    for name, channel in channels.items():
        others = [other for other in channels if other != name]
        if any(rule.channel not in others for rule in channel.good_when):
            raise ValueError(
                f"in good_when of {name} another channel of this sensor: "
                + (", ".join(others) or "there is none")
            )


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


class Decoder:
    """A sensor's way from texts to a sample."""

    def __init__(self, channels: Mapping[str, TextChannel]) -> None:
        """Take the channels, in their order."""
        names = list(channels)
        self._readers = [Reader(channel) for channel in channels.values()]
        self._judges = [
            (index, names.index(rule.channel), judge(rule))
            for index, channel in enumerate(channels.values())
            for rule in channel.good_when
        ]

    def sample(self, at: float, texts: Mapping[int, str], reasons: Mapping[int, str]) -> Sample:
        """Return a sample.

        Args:
            at: the event loop's time, s, at the middle of the measurement.
            texts: what was sent, by the channel's number from 0.
            reasons: why there is nothing, of all other channels.
        """
        values: list[float | None] = [None] * len(self._readers)
        missing = dict(reasons)
        for index, text in texts.items():
            try:
                values[index] = self._readers[index](text)
            except ValueError:
                missing[index] = "parse"
            else:
                if values[index] is None:
                    missing[index] = "invalid"
        return Sample(at, values, missing, self._flags(values))

    def _flags(self, values: list[float | None]) -> dict[int, Flag]:
        flags: dict[int, Flag] = {}
        for index, companion, judged in self._judges:
            number = values[companion]
            if values[index] is None or number is None or not math.isfinite(number):
                continue
            flag = judged(number)
            if index not in flags or flag[0] > flags[index][0]:
                flags[index] = flag
        return flags
