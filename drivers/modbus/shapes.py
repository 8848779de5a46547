"""Which answers may still be under way on a line whose frames have no number.

A frame tells device, function and length, but not which request it answers: a late or doubled
answer of the right shape looks right. So a request doesn't ask for a shape (table and bytes) of
which another answer may come: it asks for up to three registers more than it needs, where the
device gives them. Such a device may be late by four times what the line waits for it; one that
gives no more than it has, by the line's ``late``. An answer may come twice within 30 ms: who asks
oftener than four times in that time waits for it.
"""

from typing import Final

from drivers.modbus.plan import BITS, limit

_SHAPES: Final = 4
"""What a request may ask for: what it needs, and each a register (for bits: a byte) more."""
_COPY: Final = 0.03
"""Seconds in which an answer may come a second time."""

Shape = tuple[str, int]
Place = tuple[str, int, int]
"""Table, first register or bit, how many."""


def size(table: str, count: int) -> int:
    """Return the bytes of so many registers or bits."""
    return (count + 7) // 8 if table in BITS else 2 * count


class Shapes:
    """The shapes that one device may still answer in. Times are the event loop's, s."""

    def __init__(self, wait: float, most: int) -> None:
        """Reckon with a line that waits so many s for an answer, and for a late one.

        ``most`` is how many registers the device gives at once.
        """
        self._patience = _SHAPES * wait
        self._most = most
        self._owed: dict[Shape, float] = {}  # until when an answer that didn't come still may
        self._copied: dict[Shape, float] = {}  # until when one that came may come again
        self._exact: set[Place] = set()

    def choose(self, place: Place, now: float) -> int:
        """Return how many to ask for, so that no answer under way can be taken for this one's."""
        table, start, count = place
        if place in self._exact and self._owed.get((table, size(table, count)), 0.0) <= now:
            return count
        step = 8 if table in BITS else 1
        most = min(limit(table, self._most), 0x10000 - start)
        choices = range(count, max(count, min(count + (_SHAPES - 1) * step, most)) + 1, step)

        def until(wide: int) -> float:
            shape = (table, size(table, wide))
            return max(self._owed.get(shape, 0.0), self._copied.get(shape, 0.0))

        return next((wide for wide in choices if until(wide) <= now), min(choices, key=until))

    def refused(self, place: Place) -> None:
        """Take note that a device gives no more here than what is needed."""
        self._exact.add(place)

    def wait(self, place: Place, now: float) -> float:
        """Return the s until a second answer of this shape can't come any more."""
        table, _, count = place
        return max(0.0, self._copied.get((table, size(table, count)), 0.0) - now)

    def ended(self, shape: Shape, now: float, *, answered: bool) -> None:
        """Take note of what may still come after an exchange."""
        if answered:
            self._copied[shape] = now + _COPY
        else:
            self._owed[shape] = now + self._patience
