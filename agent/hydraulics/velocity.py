"""Discharge as a velocity that is measured times an area by the level."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal

from annotated_types import Gt, Le
from pydantic import Field

from agent.hydraulics.method import Limit, Need
from agent.hydraulics.relation import StageDischarge
from agent.hydraulics.table import Points, along, dry_below, of_points
from drivers.fields import ChannelId


class AreaVelocity(StageDischarge):
    """A mean velocity times the area of the wetted cross-section.

    ``area`` is ``[[h, A], ...]`` with A in m2, from a survey, straight between its points. Where
    the water flows back, the velocity and so the discharge are negative.
    """

    velocity: ChannelId
    area: Points

    def needs(self) -> Mapping[str, Need]:
        """Return the velocity."""
        return {"velocity": Need(self.velocity, "m/s")}

    @property
    def floor(self) -> float:
        """The head at which the section is dry, m."""
        return dry_below(self.area)

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the ends of the survey."""
        return (of_points(self.area),)

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:
        """Return the discharge, m3/s."""
        return self.mean(inputs["velocity"]) * along(self.area, head, "linear")

    @abstractmethod
    def mean(self, measured: float) -> float:
        """Return the mean velocity, m/s."""


class IndexVelocity(AreaVelocity):
    """``index-velocity``: the mean velocity is ``a + b * velocity`` (USGS TM 3-A23)."""

    method: Literal["index-velocity"]
    a: float
    b: Annotated[float, Gt(0)]

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return "h = from - zero; A from area, straight between points; Q = (a + b*velocity)*A"

    def mean(self, measured: float) -> float:
        """Return the mean velocity, m/s."""
        return self.a + self.b * measured


class SurfaceVelocity(AreaVelocity):
    """``surface-velocity``: the mean velocity is ``k * velocity``.

    0.85 is the usual k (the Geolux RSS-2-300W's own default; in the literature for natural
    sections); a discharge measurement gives the site's.
    """

    method: Literal["surface-velocity"]
    k: Annotated[float, Gt(0), Le(1.2)] = Field(0.85)

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return "h = from - zero; A from area, straight between points; Q = k*velocity*A"

    def mean(self, measured: float) -> float:
        """Return the mean velocity, m/s."""
        return self.k * measured
