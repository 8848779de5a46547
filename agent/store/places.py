"""Places: one order over all records of all logs, as a single integer.

A place is the log's ordinal above 40 bits of number: 35 years at 1,000 readings a second. A run of
places is a half-open ``range``; several are :data:`Ranges`, sorted and apart from each other.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

Ranges = tuple[range, ...]

OPEN: Final = 1 << 62
"""The end of a range that grows with the log; SQLite's integers hold it."""

_SHIFT: Final = 40
_NUMBER: Final = (1 << _SHIFT) - 1


def place_of(log: int, number: int) -> int:
    """Return the place of a log's number; the log is given by its ordinal."""
    return log << _SHIFT | number


def log_of(place: int) -> int:
    """Return the ordinal of the log that a place lies in."""
    return place >> _SHIFT


def number_of(place: int) -> int:
    """Return the number of a place within its log."""
    return place & _NUMBER


def union(*parts: Iterable[range]) -> Ranges:
    """Return all places of all parts; what touches is joined."""
    joined: list[range] = []
    for part in sorted((r for ranges in parts for r in ranges if r), key=lambda r: r.start):
        if joined and part.start <= joined[-1].stop:
            joined[-1] = range(joined[-1].start, max(joined[-1].stop, part.stop))
        else:
            joined.append(part)
    return tuple(joined)


def without(ranges: Iterable[range], cuts: Iterable[range]) -> Ranges:
    """Return the places of ``ranges`` that lie in none of ``cuts``."""
    left = tuple(ranges)
    for cut in cuts:
        left = tuple(
            piece
            for part in left
            for piece in (
                range(part.start, min(part.stop, cut.start)),
                range(max(part.start, cut.stop), part.stop),
            )
            if piece
        )
    return left


def overlap(ranges: Iterable[range], others: Iterable[range]) -> Ranges:
    """Return the places that lie in both."""
    others = tuple(others)
    return tuple(
        common
        for part in ranges
        for other in others
        if (common := range(max(part.start, other.start), min(part.stop, other.stop)))
    )


def at_most(count: int, ranges: Ranges) -> Ranges:
    """Return no more than so many ranges: the closest neighbours are joined, holes and all."""
    left = list(ranges)
    while len(left) > count:
        distances = [after.start - before.stop for before, after in pairwise(left)]
        nearest = distances.index(min(distances))
        left[nearest : nearest + 2] = [range(left[nearest].start, left[nearest + 1].stop)]
    return tuple(left)
