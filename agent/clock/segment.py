"""What is known of a boot's time, piece by piece."""

from typing import Final, NamedTuple

from agent.clock.sync import DRIFT

NOBODY_KNOWS: Final = 10 * 365.25 * 86400.0
"""The uncertainty, s, of a guess: nobody knows for how long the machine was off."""

# Two times that differ by less don't refute each other. A leap second moves the wall clock by 1 s,
# and makes nothing wrong that was taken before it.
_LEAP: Final = 2.0


class Stamp(NamedTuple):
    """The time of a reading.

    Attributes:
        time: UTC, ms since 1970.
        tu: s, by how much it may be wrong; None where the clock was set.
        doubtful: whether it is a guess, or contradicted: the reading is suspect for ``clock``.
    """

    time: int
    tu: float | None
    doubtful: bool


class Segment(NamedTuple):
    """A part of a boot in which UTC = time since boot + ``offset``.

    Attributes:
        start: s since boot.
        offset: s.
        error: s, of the offset.
        seen: when the clock was first and last seen set so, s since boot; None for a guess.
        proven: whether it has stood long enough to refute what was before it.
    """

    start: float
    offset: float
    error: float
    seen: tuple[float, float] | None
    proven: bool

    @property
    def stood(self) -> float:
        """For how many seconds the clock has been seen so."""
        return self.seen[1] - self.seen[0] if self.seen else 0.0

    def extended(self, boot: float, error: float) -> "Segment":
        """Return the segment with the clock seen so once more, with its error then, s."""
        return self._replace(error=error, seen=(self.seen[0] if self.seen else boot, boot))

    def error_at(self, boot: float) -> float:
        """Return by how much a time in this segment may be wrong, s."""
        if self.seen is None:
            return self.error
        return self.error + DRIFT * max(0.0, self.seen[0] - boot, boot - self.seen[1])

    def refutes(self, other: "Segment") -> bool:
        """Whether one of the two must have been wrong."""
        if other.seen is None or self.seen is None:
            return True
        apart = abs(self.offset - other.offset)
        return apart > _LEAP + other.error_at(self.seen[0])


def estimate(known: float, built: float) -> float:
    """Return the offset for a boot in which the clock was never seen set: the earliest possible.

    Args:
        known: UTC, s, of the last moment before this boot of which the time is known.
        built: UTC, s, when this software was built: it can't be earlier than that.
    """
    return max(known, built)
