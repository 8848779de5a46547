"""A method as a table and a plot of text, stage upwards and discharge to the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10
from typing import Final

from agent.hydraulics.method import Instant, metres
from agent.hydraulics.relation import StageDischarge
from agent.hydraulics.result import Result

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_STEPS: Final = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Point:
    """What ``from`` is, in its unit, and what comes of it."""

    at: float
    result: Result


def span(method: Instant) -> tuple[float, float]:
    """Return from where to where a curve is worth showing, in the unit of ``from``.

    It is what the limits enclose, from the zero on; where they leave it open, a metre more.
    """
    low, high = method.domain
    if isinstance(method, StageDischarge):
        start = method.floor if isfinite(method.floor) else low
        low, high = start + method.zero, high + method.zero
    low = low if isfinite(low) else 0.0
    return low, (high if isfinite(high) and high > low else low + 1.0)


def curve(
    method: Instant,
    time: int,
    *,
    between: tuple[float, float] | None = None,
    others: Mapping[str, float] | None = None,
    rows: int = 20,
) -> list[Point]:
    """Return points of a curve at round values of ``from``, ascending.

    Args:
        method: whose curve; the other inputs stay the same along it.
        time: ms UTC, for shifts.
        between: in the unit of ``from``; :func:`span` unless said.
        others: inputs beside ``from``, by role.
        rows: about how many.
    """
    low, high = between or span(method)
    step = _round_step((high - low) / rows)
    numbers = range(floor(low / step + 1e-9), ceil(high / step - 1e-9) + 1)
    return [
        Point(at, method.compute(time, {"from": at, **(others or {})}))
        for at in (metres(number * step) for number in numbers)
    ]


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def draw(points: Sequence[Point], takes: str, gives: str, width: int = 40) -> str:
    """Return a table with a bar a row, the greatest ``from`` first.

    Args:
        points: ascending.
        takes: the unit of ``from``.
        gives: the unit of the values.
        width: of the longest bar, in characters.
    """
    most = max((abs(point.result.value or 0.0) for point in points), default=0.0)
    lines = [
        (_number(point.at), _value(point.result), point.result.why, _bar(point, most, width))
        for point in reversed(points)
    ]
    lines.insert(0, (takes, gives, "", ""))
    cells = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        f"{at:>{cells[0]}}  {value:>{cells[1]}}  {why:<{cells[2]}}  {bar}".rstrip()
        for at, value, why, bar in lines
    )


def _number(value: float) -> str:
    return f"{value:.3f}"


def _value(result: Result) -> str:
    return "" if result.value is None else f"{result.value:#.4g}".rstrip(".")


def _bar(point: Point, most: float, width: int) -> str:
    share = abs(point.result.value or 0.0) / (most or inf)
    whole, eighths = divmod(round(share * width * 8), 8)
    return "█" * whole + _EIGHTHS[eighths].strip()
