"""Tables of points, and the line through them."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import exp, inf, log
from typing import Annotated, Final, Literal

from annotated_types import MinLen
from pydantic import AfterValidator, Field

from agent.hydraulics.method import Limit
from agent.hydraulics.relation import StageDischarge

Point = Annotated[tuple[float, float], Field(strict=False)]
Interpolation = Literal["log", "linear"]


def _rising(points: tuple[Point, ...]) -> tuple[Point, ...]:
    if points[0][1] < 0:
        raise ValueError(f"no less than 0 at the lowest point; it has {points[0][1]:g}")
    for (h0, y0), (h1, y1) in pairwise(points):
        if h1 <= h0:
            raise ValueError(f"points at ascending heads: {h1:g} m follows {h0:g} m")
        if y1 < y0:
            raise ValueError(f"values that don't fall: at {h1:g} m {y1:g} follows {y0:g}")
    return points


Points = Annotated[tuple[Point, ...], Field(strict=False), MinLen(2), AfterValidator(_rising)]
"""``[[h, y], ...]``: heads ascend, values don't fall."""


def line(points: Sequence[tuple[float, float]], x: float) -> float:
    """Return the straight line through points of ascending x; beyond the ends it goes on."""
    index = bisect_right(points, x, 1, len(points) - 1, key=_head)
    (x0, y0), (x1, y1) = points[index - 1], points[index]
    return y1 if x == x1 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def along(points: tuple[Point, ...], head: float, interpolation: Interpolation) -> float:
    """Return the value at a head, never below 0; beyond the ends their line goes on.

    ``log`` is a straight line between the logarithms of head and value; where one of the two
    points has a head or a value that isn't above 0, so that it has no logarithm, it is ``linear``.
    """
    index = bisect_right(points, head, 1, len(points) - 1, key=_head)
    (h0, y0), (h1, y1) = points[index - 1], points[index]
    if interpolation == "linear" or min(h0, y0) <= 0:
        return max(0.0, line(points, head))
    if head <= 0:
        return 0.0
    return y1 if head == h1 else y0 * exp(log(y1 / y0) * log(head / h0) / log(h1 / h0))


def _head(point: Point) -> float:
    return point[0]


_PROSE: Final = (
    "h = from - zero; y from points, straight between two: linear, or, where all four numbers are "
    "above 0 and interpolation is log, between their logarithms; beyond the ends the line goes on, "
    "but not below 0"
)


class TableMethod(StageDischarge):
    """``table``: discharge by points, straight in logarithms, or straight."""

    method: Literal["table"]
    points: Points
    interpolation: Interpolation = "log"

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return f"{_PROSE}; Q = y"

    @property
    def floor(self) -> float:
        """The head of zero flow, m."""
        return dry_below(self.points)

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the ends of the table."""
        return (of_points(self.points),)

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        return along(self.points, head, self.interpolation)


def dry_below(points: tuple[Point, ...]) -> float:
    """Return the head up to which the value is known to be 0; where no point says so, none."""
    head, value = points[0]
    return head if value == 0 else -inf


def of_points(points: tuple[Point, ...]) -> Limit:
    """Return the limit that a table's ends are."""
    low, high = points[0][0], points[-1][0]
    return Limit(f"{low:g} m <= h <= {high:g} m", "the points' ends", low, high)
