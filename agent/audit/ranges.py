"""Sets of whole numbers as stretches: what a log's 10 million numbers cost a few bytes."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Final

OPEN: Final = 1 << 62
"""The end of a stretch that has none; larger than any number that is ever given."""


class Ranges:
    """A set of numbers. A stretch costs 16 bytes, however long it is."""

    __slots__ = ("_bounds",)

    def __init__(self, stretches: Iterable[range] = ()) -> None:
        """Begin with some stretches; they may overlap and come in any order."""
        self._bounds = array("q")  # start, stop, start, stop …, each larger than the one before
        for stretch in stretches:
            self.add(stretch)

    def add(self, stretch: range) -> None:
        """Add all numbers of a stretch."""
        self._put(stretch, inside=0)

    def remove(self, stretch: range) -> None:
        """Take all numbers of a stretch away."""
        self._put(stretch, inside=1)

    def _put(self, stretch: range, inside: int) -> None:
        """Replace the bounds in a stretch by its own, where it doesn't lie ``inside`` already."""
        if not stretch:
            return
        bounds = self._bounds
        first, last = bisect_left(bounds, stretch.start), bisect_right(bounds, stretch.stop)
        own = [stretch.start] * (first % 2 == inside) + [stretch.stop] * (last % 2 == inside)
        bounds[first:last] = array("q", own)

    def touches(self, stretch: range) -> bool:
        """Say whether any number of a stretch is in the set."""
        first = bisect_right(self._bounds, stretch.start)
        inside = first % 2 == 1 or first < bisect_left(self._bounds, stretch.stop)
        return inside and bool(stretch)

    def copy(self) -> "Ranges":
        """Return the set as it is now."""
        copied = Ranges()
        copied._bounds = self._bounds[:]
        return copied

    @property
    def first(self) -> int:
        """The smallest number; 0 where there is none."""
        return self._bounds[0] if self._bounds else 0

    @property
    def last(self) -> int:
        """The largest number; 0 where there is none."""
        return self._bounds[-1] - 1 if self._bounds else 0

    def __and__(self, other: "Ranges") -> "Ranges":
        return _combined(self, other, lambda here, there: here and there)

    def __or__(self, other: "Ranges") -> "Ranges":
        return _combined(self, other, lambda here, there: here or there)

    def __sub__(self, other: "Ranges") -> "Ranges":
        return _combined(self, other, lambda here, there: here and not there)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and bisect_right(self._bounds, number) % 2 == 1

    def __iter__(self) -> Iterator[range]:
        """Yield the stretches in order; no two of them touch."""
        bounds = self._bounds
        return (range(bounds[at], bounds[at + 1]) for at in range(0, len(bounds), 2))

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return sum(stretch.stop - stretch.start for stretch in self)

    def __bool__(self) -> bool:
        return bool(self._bounds)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and self._bounds == other._bounds

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Ranges({list(self)})"


def below(number: int) -> Ranges:
    """Return the numbers from 1 on that are smaller than one."""
    return Ranges((range(1, number),))


def _combined(one: Ranges, other: Ranges, wanted: Callable[[bool, bool], bool]) -> Ranges:
    """Go through the bounds of both in order, and keep those where what is wanted changes."""
    result = Ranges()
    ones, others, bounds = one._bounds, other._bounds, result._bounds  # noqa: SLF001 - one of its kind
    here = there = 0
    while here < len(ones) or there < len(others):
        bound = min(ones[here : here + 1] + others[there : there + 1])
        here += here < len(ones) and ones[here] == bound
        there += there < len(others) and others[there] == bound
        if wanted(here % 2 == 1, there % 2 == 1) != (len(bounds) % 2 == 1):
            bounds.append(bound)
    return result
