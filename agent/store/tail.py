"""The newest committed rounds, in memory: a reader that keeps up never touches the disk."""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from agent.record import Stored

_place: Final = attrgetter("place")


class Tail:
    """Everything committed from some place on, bounded by a count of readings."""

    def __init__(self, readings: int) -> None:
        """Keep about so many readings."""
        self._bound = readings
        self._rounds: list[Stored] = []
        self._readings = 0

    def extend(self, rounds: Sequence[Stored]) -> None:
        """Add what was just committed."""
        self._rounds += rounds
        self._readings += sum(len(stored.round) for stored in rounds)
        if self._readings > 2 * self._bound:  # seldom, so that cutting the list costs little
            self._shed()

    def read(self, place: int, readings: int) -> list[Stored] | None:
        """Return rounds from a place on, or None where they begin before what is kept."""
        if not self._rounds or place < self._rounds[0].place:
            return None
        first = bisect_right(self._rounds, place, key=_place) - 1
        found: list[Stored] = []
        for stored in self._rounds[first:]:
            if stored.after <= place:
                continue
            if found and stored.after - place > readings:
                break
            found.append(stored)
        return found

    def _shed(self) -> None:
        keep = 0
        while self._readings > self._bound:
            self._readings -= len(self._rounds[keep].round)
            keep += 1
        del self._rounds[:keep]
