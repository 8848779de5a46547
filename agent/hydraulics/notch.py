"""Triangular thin-plate weirs (V-notches)."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Literal, NamedTuple, Self

from annotated_types import Ge, Gt, Le
from pydantic import model_validator

from agent.hydraulics.method import GRAVITY, Limit, of_the_site
from agent.hydraulics.table import line
from agent.hydraulics.thinplate import USBR, ThinPlate
from drivers.fields import Table, wrong_key

_Positive = Annotated[float, Gt(0)]


class Effective(NamedTuple):
    """The coefficient, and what is added to the head, m."""

    ce: float
    kh: float


ISO_1438_90: Final = Effective(0.578, 0.00085)
"""A fully contracted notch of 90 degrees (ISO 1438, from memory; within 0.8 % of the Cone formula
of USBR's manual, 2.49 h^2.48 in ft, from 0.10 to 0.30 m)."""

# Shen's, by angle, as fluids 1.3.1 has them (fluids/open_flow.py); kh in m.
_CE: Final = ((20.0, 0.59), (40.0, 0.58), (60.0, 0.575), (80.0, 0.575), (100.0, 0.58))
_KH: Final = ((20.0, 0.0028), (40.0, 0.0017), (60.0, 0.0012), (80.0, 0.001), (100.0, 0.001))


def shen(angle: float) -> Effective:
    """Return Shen's coefficients by the angle in degrees, 20 to 100, straight between his."""
    return Effective(line(_CE, angle), line(_KH, angle))


class Coefficients(Table):
    """What replaces the formula's: Ce, and kh in m."""

    ce: _Positive | None = None
    kh: Annotated[float, Ge(0), Le(0.01)] | None = None


class Notch(ThinPlate):
    """``weir-v-notch``: ``8/15*sqrt(2g)*Ce*tan(angle/2)*(h + kh)^2.5``.

    Attributes:
        angle: of the notch, degrees.
        crest_height: p, the notch's lowest point above the channel's bed, m.
        formula: ISO 1438 knows 90 degrees here, Shen 20 to 100.
        coefficients: to override; with both of them any angle will do.
    """

    method: Literal["weir-v-notch"]
    angle: Annotated[float, Ge(10), Le(150)]
    crest_height: _Positive | None = None
    formula: Literal["iso-1438", "shen"] = "iso-1438"
    coefficients: Coefficients | None = None

    @model_validator(mode="after")
    def _has_coefficients(self) -> Self:
        own = self.coefficients or Coefficients()
        if own.ce is not None and own.kh is not None:
            return self
        if self.formula == "iso-1438" and self.angle != 90:
            accepted = '90 with "iso-1438"; for others formula = "shen", or coefficients = {ce, kh}'
            raise wrong_key("angle", accepted)
        if not _CE[0][0] <= self.angle <= _CE[-1][0]:
            raise wrong_key("angle", "20 to 100 degrees; for others coefficients = {ce, kh}")
        return self

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return "h = from - zero; Q = 8/15*ce*sqrt(2*g)*tan(pi*angle/360)*(h + kh)^2.5"

    @cached_property
    def effective(self) -> Effective:
        """The coefficients that are used."""
        angle = min(max(self.angle, _CE[0][0]), _CE[-1][0])
        found = ISO_1438_90 if self.formula == "iso-1438" else shen(angle)
        if self.coefficients is None:
            return found
        return found._replace(**self.coefficients.model_dump(exclude_none=True))

    @property
    def constants(self) -> Mapping[str, float]:
        """The coefficients."""
        return {"g": GRAVITY} | self.effective._asdict()

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the limits of a fully contracted notch."""
        found = [
            *super().own_limits(),
            Limit("h >= 0.06 m", f"{USBR}, section 7: 0.2 ft", low=0.06),
            Limit("h <= 0.38 m", f"{USBR}, section 7: 1.25 ft (from memory)", high=0.38),
        ]
        if self.formula == "shen":
            kept = 25 <= self.angle <= 100
            found.append(of_the_site("25 <= angle <= 100", f"{USBR}, section 7", kept=kept))
        if self.crest_height is not None:
            source = "Bos 1989, fully contracted (from memory)"
            found.append(Limit("h/p <= 0.4", source, high=0.4 * self.crest_height))
        return tuple(found)

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        ce, kh = self.effective
        opening = math.tan(math.radians(self.angle / 2))
        return 8 / 15 * math.sqrt(2 * GRAVITY) * ce * opening * math.pow(head + kh, 2.5)
