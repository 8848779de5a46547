"""Trapezoidal thin-plate weirs with sides of 1 to 4."""

import math
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from annotated_types import Gt

from agent.hydraulics.method import Limit
from agent.hydraulics.thinplate import USBR, ThinPlate

CIPOLETTI: Final = 1.859
"""m^0.5/s: Q = 1.859 L h^1.5 (Thai RID manual, volume 13; 3.367 in ft in USBR's Water
Measurement Manual, equation 7-7)."""


class Cipoletti(ThinPlate):
    """``weir-cipoletti``: ``1.859*L*h^1.5`` by the crest's width, m."""

    method: Literal["weir-cipoletti"]
    crest_width: Annotated[float, Gt(0)]

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return "h = from - zero; Q = c*crest_width*h^1.5"

    @property
    def constants(self) -> Mapping[str, float]:
        """The coefficient."""
        return {"c": CIPOLETTI}

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the range of heads."""
        third = Limit("h/L <= 1/3 (within 5 %)", f"{USBR}, section 12", high=self.crest_width / 3)
        low = Limit("h >= 0.06 m", f"{USBR}: 0.2 ft, as section 7 says of the V-notch", low=0.06)
        return (*super().own_limits(), third, low)

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        return CIPOLETTI * self.crest_width * math.pow(head, 1.5)
