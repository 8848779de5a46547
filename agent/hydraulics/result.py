"""What comes out of a method, and how it inherits the quality of what went in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.record import Quality


@dataclass(frozen=True, slots=True)
class Result:
    """A value with its quality.

    Attributes:
        value: in the method's unit, finite; None where there is none.
        quality: how far to trust it.
        why: for 3 and 4 what lowered it, as ``extrapolated``; where there is no value, the reason.
    """

    value: float | None
    quality: Quality = Quality.GOOD
    why: str = ""

    def lowered(self, quality: Quality, why: str) -> "Result":
        """Return it with a quality no better than this one; of two equal, the first reason stays.

        A quality that isn't 3 or 4 has no reason.
        """
        if quality <= self.quality:
            return self
        return replace(self, quality=quality, why=why if quality >= Quality.SUSPECT else "")


def missing(reason: str) -> Result:
    """Return that there is no value, and why."""
    return Result(None, Quality.MISSING, reason)


def worst(qualities: Iterable[Quality]) -> Quality:
    """Return the worst of qualities in the order 1, 2, 3, 4, 9; good where there are none."""
    return max(qualities, default=Quality.GOOD)


def inherit(result: Result, qualities: Iterable[Quality]) -> Result:
    """Return a result that is no better than what it was made from.

    Where the inputs are worse than the method's own judgement, ``why`` is ``input``: their own
    records say the rest. Where an input is missing, so is the result.
    """
    found = worst(qualities)
    return missing("input") if found is Quality.MISSING else result.lowered(found, "input")
