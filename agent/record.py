"""The vocabulary: what travels through the house.

It is the *round*: what one poll of one sensor gave at one time, as columns with consecutive
numbers. One answer decoded, one quality pass, one row in the store, one stretch of a pack.
Objects for single readings exist only at the edges.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

EVENT: Final = "event"
"""The sensor whose rounds are events; no real one has this name."""


class Quality(IntEnum):
    """Flags of the QARTOD water-level manual (U.S. IOOS): how far a value can be trusted."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


@dataclass(frozen=True, slots=True)
class Layout:
    """The heading of a round's columns: who measured what, in which units."""

    sensor: str
    names: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What one poll of one sensor gave.

    Attributes:
        layout: the heading of the columns below; all have its length.
        time: UTC, ms since 1970, at the middle of the measurement.
        values: finite numbers in the layout's units; None where there is no value.
        qualities: a :class:`Quality` a column, as bytes.
        reasons: by column: where there is no value, why (``timeout`` …); where the quality is 3
            or 4, which test said so (``range`` …).
    """

    layout: Layout
    time: int
    values: tuple[float | None, ...]
    qualities: bytes
    reasons: Mapping[int, str]

    def __len__(self) -> int:
        """Return the count of readings."""
        return len(self.values)

    def part(self, start: int, stop: int) -> "Round":
        """Return the columns from ``start`` up to and without ``stop``."""
        layout = self.layout
        return replace(
            self,
            layout=Layout(layout.sensor, layout.names[start:stop], layout.units[start:stop]),
            values=self.values[start:stop],
            qualities=self.qualities[start:stop],
            reasons={i - start: why for i, why in self.reasons.items() if start <= i < stop},
        )


def event(kind: str, time: int, content: Mapping[str, Any]) -> Round:
    """Return an event: a round of one column that is named by its kind, and says its content.

    It has no unit and no value; the content stands as JSON where a reading has its reason. So it
    is numbered, stored and published by the same code as every reading.

    Args:
        kind: ``gap``, ``summary``, ``store``, ``start``, ``stop`` …
        time: UTC, ms since 1970.
        content: what JSON can say.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Round(Layout(EVENT, (kind,), ("",)), time, (None,), _MISSING, {0: text})


_MISSING: Final = bytes([Quality.MISSING])


@dataclass(frozen=True, slots=True)
class Stored:
    """A round with the numbers that are its own for ever.

    ``(station, log, number)`` names a reading; those of a round are ``first`` and the following.

    Attributes:
        station: the station's id, as it was when the log began.
        log: the store's incarnation, 8 of a-z 2-7.
        first: number of the first column.
        round: the readings.
        place: where the first column stands in the whole store; a reader that has
            dealt with this round goes on at ``after``.
    """

    station: str
    log: str
    first: int
    round: Round
    place: int

    @property
    def after(self) -> int:
        """The place behind the last column."""
        return self.place + len(self.round)

    def part(self, start: int, stop: int) -> "Stored":
        """Return the columns from ``start`` up to and without ``stop``."""
        if (start, stop) == (0, len(self.round)):
            return self
        part = self.round.part(start, stop)
        return Stored(self.station, self.log, self.first + start, part, self.place + start)
