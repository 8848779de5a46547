"""Uniform flow in a trapezoidal channel."""

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt, Le
from pydantic import model_validator

from agent.hydraulics.relation import StageDischarge
from drivers.fields import wrong_key


def velocity(radius: float, slope: float, n: float) -> float:
    """Return ``R^(2/3)*sqrt(S)/n``, m/s, by the hydraulic radius in m."""
    return math.pow(radius, 2 / 3) * math.sqrt(slope) / n


class Manning(StageDischarge):
    """``manning``: area times Manning's velocity.

    It holds for uniform flow, which no backwater disturbs; the head range in which the site's n
    was found is for ``limits`` to say.

    Attributes:
        bottom_width: m.
        side_slope: horizontal over vertical.
        slope: of the bed, m/m.
        n: Manning's roughness, s/m^(1/3).
    """

    method: Literal["manning"]
    bottom_width: Annotated[float, Ge(0)]
    side_slope: Annotated[float, Ge(0)]
    slope: Annotated[float, Gt(0), Le(1)]
    n: Annotated[float, Gt(0), Le(1)]

    @model_validator(mode="after")
    def _has_a_section(self) -> Self:
        if self.bottom_width == self.side_slope == 0:
            raise wrong_key("bottom_width", "more than 0 between vertical sides")
        return self

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return (
            "h = from - zero; A = h*(bottom_width + side_slope*h); P = bottom_width + 2*h*sqrt(1 + "
            "side_slope^2); Q = A*(A/P)^(2/3)*sqrt(slope)/n"
        )

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        area = head * (self.bottom_width + self.side_slope * head)
        wetted = self.bottom_width + 2 * head * math.sqrt(1 + self.side_slope**2)
        return area * velocity(area / wetted, self.slope, self.n)
