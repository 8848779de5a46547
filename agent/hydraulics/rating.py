"""Rating curves: segments of a power law, moved by shifts.

The form is that of ISO 18320 (formerly ISO 1100-2).
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Final, Literal

from annotated_types import Gt, MinLen
from pydantic import AfterValidator, AwareDatetime, Field

from agent.hydraulics.method import Limit, metres
from agent.hydraulics.relation import StageDischarge
from drivers.fields import Table

RISE: Final = 0.01
"""What a curve may rise at a joint, as a share: what is left of coefficients written with 3 digits
and of a joint written to the centimetre."""

FALL: Final = 1e-4
"""What it may fall there: the rounding of coefficients that were made to meet."""


class Segment(Table):
    """``a * (h - h0)^b`` from the head ``from`` on, up to where the next begins."""

    from_: float = Field(alias="from")
    a: Annotated[float, Gt(0)]
    h0: float
    b: Annotated[float, Gt(0)]

    def __call__(self, head: float) -> float:
        """Return the discharge, m3/s, at a head of at least ``h0``."""
        return self.a * math.pow(max(head - self.h0, 0.0), self.b)


class Shift(Table):
    """What is added to the head from a time on, m."""

    from_: AwareDatetime = Field(alias="from")
    value: float


def shift_at(shifts: Sequence[Shift], time: int) -> float:
    """Return the shift, m, at a time in ms UTC; none before the first."""
    value = 0.0
    for shift in shifts:
        if shift.from_.timestamp() * 1000 > time:
            break
        value = shift.value
    return value


def _curve(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    for number, segment in enumerate(segments, 1):
        if segment.h0 > segment.from_:
            raise ValueError(
                f"segments that begin at or above their own zero: segment {number} begins at "
                f"{segment.from_:g} m, its h0 is {segment.h0:g} m"
            )
    for number, (below, above) in enumerate(pairwise(segments), 2):
        _joint(number, below, above)
    return segments


def _joint(number: int, below: Segment, above: Segment) -> None:
    joint = above.from_
    if joint <= below.from_:
        raise ValueError(
            f"segments that begin at ascending heads: segment {number} begins at {joint:g} m"
        )
    before, after = below(joint), above(joint)
    if before * (1 - FALL) <= after <= before * (1 + RISE):
        return
    meet = f", and would meet it with a = {above.a * before / after:.6g}" if after else ""
    raise ValueError(
        f"a curve without a step: at {joint:g} m segment {number} begins with {after:.4g} m3/s "
        f"where the one below has {before:.4g}{meet}"
    )


def _by_time(shifts: tuple[Shift, ...]) -> tuple[Shift, ...]:
    if all(before.from_ < after.from_ for before, after in pairwise(shifts)):
        return shifts
    raise ValueError("shifts in the order of their times, each from another time on")


class Rating(StageDischarge):
    """``rating``: the segment of the greatest ``from`` that isn't above the head.

    The head is the level less ``zero``, plus the shift of the time. Between the first segment's
    zero and its ``from`` the discharge is extrapolated; below, there is none.
    """

    method: Literal["rating"]
    segments: Annotated[tuple[Segment, ...], Field(strict=False), MinLen(1), AfterValidator(_curve)]
    shifts: Annotated[tuple[Shift, ...], Field(strict=False), AfterValidator(_by_time)] = ()

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return (
            "h = from - zero + the value of the last shift that isn't later; Q = a*(h - h0)^b of "
            "the last segment whose from isn't above h, of the first below that; 0 up to its h0"
        )

    @property
    def floor(self) -> float:
        """The head of zero flow, m."""
        return self.segments[0].h0

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the lower end; where the curve ends above, ``limits`` says."""
        low = self.segments[0].from_
        return (Limit(f"h >= {low:g} m", "the first segment", low),)

    def head(self, time: int, level: float) -> float:
        """Return the shifted head, m."""
        return metres(level - self.zero + shift_at(self.shifts, time))

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        chosen = self.segments[0]
        for segment in self.segments[1:]:
            if head < segment.from_:
                break
            chosen = segment
        return chosen(head)
