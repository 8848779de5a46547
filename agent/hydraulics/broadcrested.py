"""Broad-crested rectangular weirs."""

import math
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from annotated_types import Gt, Le

from agent.hydraulics.method import GRAVITY, Limit
from agent.hydraulics.relation import Structure
from agent.hydraulics.result import Result
from agent.record import Quality

MODULAR: Final = 0.66
"""hb/h from which on the tailwater slows the flow (Bos's limits in the R package weirs)."""

_BOS: Final = "Bos 1989, as the R package weirs has it"
_Positive = Annotated[float, Gt(0)]


class BroadCrested(Structure):
    """``broad-crested``: ``(2/3)^1.5*sqrt(g)*cs*cv*cd*b*h^1.5``.

    Attributes:
        crest_width: b, across the channel, m.
        cd: coefficient of discharge, of the site; 1 is the ideal weir.
        cv: of the velocity of approach.
        cs: of the crest's shape; 1 is rectangular.
        crest_length: along the flow, m; to have its limits checked.
        crest_height: p, above the channel's bed, m; likewise.
    """

    method: Literal["broad-crested"]
    crest_width: _Positive
    cd: Annotated[float, Gt(0), Le(1.5)]
    cv: Annotated[float, Gt(0), Le(2)] = 1.0
    cs: Annotated[float, Gt(0), Le(2)] = 1.0
    crest_length: _Positive | None = None
    crest_height: _Positive | None = None

    @property
    def equation(self) -> str:
        """How to compute it again (Pulsar, Ultra 5 manual)."""
        return "h = from - zero; Q = (2/3)^1.5*sqrt(g)*cs*cv*cd*crest_width*h^1.5"

    @property
    def constants(self) -> Mapping[str, float]:
        """Gravity."""
        return {"g": GRAVITY}

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the range of heads, as far as the crest is known."""
        found = [Limit(f"hb/h <= {MODULAR:g}", _BOS)]
        if (length := self.crest_length) is not None:
            found.append(Limit("0.08 <= h/length <= 1.5", _BOS, 0.08 * length, 1.5 * length))
        if (height := self.crest_height) is not None:
            found.append(Limit("h/(h + p) <= 0.35", _BOS, high=0.35 / 0.65 * height))
        return tuple(found)

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        ideal = math.sqrt(GRAVITY) * self.crest_width * math.pow(2 / 3 * head, 1.5)
        return ideal * self.cs * self.cv * self.cd

    def submerged(self, head: float, tail: float, free: Result) -> Result:
        """Return it as failed where the tailwater slows the flow: there is no correction."""
        return free.lowered(Quality.FAIL, "submerged") if tail > MODULAR * head else free
