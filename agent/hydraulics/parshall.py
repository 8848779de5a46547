"""Parshall flumes: all sizes, free and submerged."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Annotated, Final, Literal, Self

from annotated_types import Gt, Lt
from pydantic import AfterValidator, model_validator

from agent.hydraulics.coefficients import FOOT, rows
from agent.hydraulics.method import Limit
from agent.hydraulics.relation import Structure
from agent.hydraulics.result import Result
from agent.record import Quality
from drivers.fields import Table, wrong_key
from drivers.units import conversion

PRACTICAL: Final = 0.90
"""Submergence up to which a correction is practical (the encyclopedias' figure, seen on second-hand
pages only)."""

CAPPED: Final = 0.94
"""Submergence from which on the correction's denominator stays as it is. A little above, at 0.945
for the largest sizes, the formula would rise with the tailwater; at 0.990 it has a pole."""

JOINED: Final = 0.05
"""Over how much submergence the free and the submerged formula are joined: their rounded
coefficients differ by up to 2.8 % at the transition."""

_SIZE: Final = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,6})?) ?(mm|cm|m|in|ft)")
_SAME: Final = 1e-3  # 3.05 m is 10 ft, 0.30 m isn't 1 ft
_LARGE: Final = ("3.05", "3.66", "4.57", "6.10", "7.62", "9.14", "12.19", "15.24")


@dataclass(frozen=True, slots=True)
class Flume:
    """A size and its coefficients, in m and m3/s: ``k*h^n``, and those of the submerged flow."""

    size: str
    throat: float
    k: float
    n: float
    low: float
    high: float
    transition: float
    c1: float | None
    n1: float | None
    n2: float | None
    source: str


@cache
def flumes() -> tuple[Flume, ...]:
    """Return all sizes that are known."""
    return tuple(_flume(row) for row in rows("parshall"))


def _flume(row: Mapping[str, str]) -> Flume:
    drowned = [float(row[key]) if row[key] else None for key in ("sub_C1_us", "sub_n1", "sub_n2")]
    c1, n1, n2 = drowned
    return Flume(
        row["size"].removeprefix("ISO "),
        float(row["throat_m"]),
        float(row["K_si_m3s_m"]),
        float(row["n_si"]),
        float(row["h_min_m"]),
        float(row["h_max_m"]),
        float(row["St_transition"]),
        None if c1 is None or n1 is None else c1 * math.pow(FOOT, 3 - n1),  # ft3/s of ft
        n1,
        n2,
        f"{row['source']} ({row['verified']})",
    )


def flume_of(size: str) -> Flume:
    """Return the flume of a size such as ``"1 ft"``, ``"6 in"``, ``"0.30 m"`` or ``"3.05 m"``.

    Raises:
        ValueError: there is no such size; the message lists those that there are.
    """
    if match := _SIZE.fullmatch(size.strip()):
        throat = conversion(match[2], "m")(float(match[1]))
        near = min(flumes(), key=lambda flume: abs(flume.throat - throat))
        if abs(near.throat - throat) <= _SAME * near.throat:
            return near
    known = ", ".join([*(flume.size for flume in flumes()), *(f"{size} m" for size in _LARGE)])
    raise ValueError(f"the width of a Parshall flume's throat: {known}")


def _known(size: str) -> str:
    flume_of(size)
    return size


def drowned(head: float, tail: float, c1: float, n1: float, n2: float) -> float:
    """Return Skogerboe's submerged discharge, ``c1 (h - hb)^n1 / (-(log10 S + 0.0044))^n2``.

    Args:
        head: upstream, h, above 0.
        tail: downstream, hb, above 0; from ``h`` on there is no flow.
        c1: in the units of the heads and the result.
        n1: of the difference of heads.
        n2: of the submergence, S = hb/h, which counts as 0.94 above that.
    """
    submergence = min(tail / head, CAPPED)
    fallen = math.pow(max(0.0, head - tail), n1)
    return c1 * fallen / math.pow(-(math.log10(submergence) + 0.0044), n2)


_Positive = Annotated[float, Gt(0)]


class Coefficients(Table):
    """What replaces the table's coefficients, all in m and m3/s; ``transition`` is of hb/h."""

    k: _Positive | None = None
    n: _Positive | None = None
    transition: Annotated[float, Gt(0), Lt(PRACTICAL)] | None = None
    c1: _Positive | None = None
    n1: _Positive | None = None
    n2: _Positive | None = None


class Parshall(Structure):
    """``parshall``: ``k*h^n``; submerged, with a tailwater, by Skogerboe's formula.

    Where a size has no coefficients for submerged flow (the metric ones), the tailwater only
    tells that the value can't be trusted.
    """

    method: Literal["parshall"]
    size: Annotated[str, AfterValidator(_known)]
    coefficients: Coefficients | None = None

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return (
            "h = from - zero; Qf = k*h^n; hb = tailwater - tailwater_zero; S = hb/h; "
            "Qs = c1*max(0, h - hb)^n1/(-(log10(min(S, 0.94)) + 0.0044))^n2; "
            "w = min(max((S - transition)/0.05, 0), 1); "
            "Q = Qf if S <= transition else Qf + w*(min(Qf, Qs) - Qf)"
        )

    @cached_property
    def flume(self) -> Flume:
        """The coefficients that are used."""
        given = {} if self.coefficients is None else self.coefficients.model_dump(exclude_none=True)
        return replace(flume_of(self.size), **given)

    @property
    def constants(self) -> Mapping[str, float]:
        """The coefficients."""
        names = ("k", "n", "transition", "c1", "n1", "n2")
        values = ((name, getattr(self.flume, name)) for name in names)
        return {name: value for name, value in values if value is not None}

    @model_validator(mode="after")
    def _falls(self) -> Self:
        """Check that a rising tailwater never makes more of the discharge."""
        flume = self.flume
        if flume.c1 is None and flume.n1 is None and flume.n2 is None:
            return self
        if flume.c1 is None or flume.n1 is None or flume.n2 is None:
            raise wrong_key("coefficients", "c1, n1 and n2 together: this size has none of its own")
        steps = [flume.transition + n * (CAPPED - flume.transition) / 50 for n in range(51)]
        flows = [self._submerged(1.0, tail) for tail in steps]
        if flows != sorted(flows, reverse=True):
            accepted = "c1, n1, n2 and transition with which a rising tailwater lessens the flow"
            raise wrong_key("coefficients", accepted)
        return self

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the range of heads, and what is said of submergence."""
        low, high, source = self.flume.low, self.flume.high, self.flume.source
        text = f"{low:g} m <= h <= {high:g} m"
        return (
            Limit(text, source, low, high),
            Limit(f"hb/h <= {self.flume.transition:g}: free flow", source),
            Limit(f"hb/h <= {PRACTICAL:g}: corrected", "second-hand pages"),
        )

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the free discharge, m3/s."""
        return self.flume.k * math.pow(head, self.flume.n)

    def submerged(self, head: float, tail: float, free: Result) -> Result:
        """Return the corrected result: suspect, and failed where it can't be corrected."""
        if tail <= self.flume.transition * head:
            return free
        if self.flume.c1 is None:
            return free.lowered(Quality.FAIL, "submerged")
        quality = Quality.SUSPECT if tail <= PRACTICAL * head else Quality.FAIL
        corrected = replace(free, value=self._submerged(head, tail))
        return corrected.lowered(quality, "submerged")

    def _submerged(self, head: float, tail: float) -> float:
        flume = self.flume
        assert flume.c1 is not None
        assert flume.n1 is not None
        assert flume.n2 is not None
        free = self.discharge(head, {})
        weight = min(max((tail / head - flume.transition) / JOINED, 0.0), 1.0)
        below = min(free, drowned(head, tail, flume.c1, flume.n1, flume.n2))
        return free + weight * (below - free)
