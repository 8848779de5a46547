"""Rectangular thin-plate weirs."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Literal, NamedTuple, Self

from annotated_types import Ge, Gt, Le
from pydantic import model_validator

from agent.hydraulics.coefficients import rows
from agent.hydraulics.method import GRAVITY, Limit, of_the_site
from agent.hydraulics.table import line
from agent.hydraulics.thinplate import USBR, ThinPlate
from drivers.fields import Table, wrong_key

FRANCIS: Final = 1.838
"""m^0.5/s: Q = 1.838 L h^1.5 (Thai RID manual, volume 13, in cm: 0.01838)."""

_ISO: Final = "ISO 1438 (from memory)"
_COLUMNS: Final = ("b_over_B", "Ce_a", "Ce_b_times_h_over_p", "kb_m", "kh_m")
_Positive = Annotated[float, Gt(0)]


class Effective(NamedTuple):
    """``Ce = alpha + beta*h/p``, and what is added to the width and to the head, m."""

    alpha: float
    beta: float
    kb: float
    kh: float


REHBOCK: Final = Effective(0.602, 0.083, 0.0, 0.0012)
"""The form of ISO 1438: from memory, its numbers checked against open-source code."""


def kindsvater_carter(ratio: float) -> Effective:
    """Return the coefficients by crest width over channel width, straight between the table's."""
    table = [{key: float(row[key]) for key in _COLUMNS} for row in rows("kindsvater_carter")]
    columns = ([(row["b_over_B"], row[key]) for row in reversed(table)] for key in _COLUMNS[1:])
    return Effective(*(line(column, ratio) for column in columns))


def over(head: float, width: float, height: float, by: Effective) -> float:
    """Return ``2/3*sqrt(2g)*Ce*(b + kb)*(h + kh)^1.5``, m3/s; heads and lengths in m, above 0."""
    coefficient = by.alpha + by.beta * head / height
    deep = math.pow(head + by.kh, 1.5)
    return 2 / 3 * math.sqrt(2 * GRAVITY) * coefficient * (width + by.kb) * deep


class Coefficients(Table):
    """What replaces the table's: ``Ce = alpha + beta*h/p``, and kb and kh in m."""

    alpha: _Positive | None = None
    beta: Annotated[float, Ge(-0.1), Le(1)] | None = None
    kb: Annotated[float, Ge(-0.01), Le(0.01)] | None = None
    kh: Annotated[float, Ge(0), Le(0.01)] | None = None


class Rectangular(ThinPlate):
    """``weir-rectangular``: suppressed where the crest is as wide as the channel, else contracted.

    Attributes:
        crest_width: b, m.
        channel_width: B, m.
        crest_height: p, the crest above the channel's bed, m.
        formula: Rehbock's is for suppressed weirs only.
        coefficients: of the first two formulas, to override.
    """

    method: Literal["weir-rectangular"]
    crest_width: _Positive
    channel_width: _Positive
    crest_height: _Positive
    formula: Literal["kindsvater-carter", "rehbock", "francis"] = "kindsvater-carter"
    coefficients: Coefficients | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.crest_width > self.channel_width:
            raise wrong_key("channel_width", f"at least crest_width, {self.crest_width:g} m")
        if self.formula == "rehbock" and not self.is_suppressed:
            accepted = '"kindsvater-carter" or "francis" for a crest narrower than the channel'
            raise wrong_key("formula", accepted)
        if self.formula == "francis" and self.coefficients is not None:
            raise wrong_key("coefficients", 'coefficients without formula = "francis"')
        return self

    @property
    def is_suppressed(self) -> bool:
        """Whether the crest is as wide as the channel."""
        return self.crest_width == self.channel_width

    @property
    def equation(self) -> str:
        """How to compute it again."""
        if self.formula != "francis":
            return (
                "h = from - zero; ce = alpha + beta*h/crest_height; Q = 2/3*ce*sqrt(2*g)*"
                "(crest_width + kb)*(h + kh)^1.5"
            )
        width = "crest_width" if self.is_suppressed else "(crest_width - 0.2*min(h, crest_width))"
        return f"h = from - zero; Q = c*{width}*h^1.5"

    @cached_property
    def effective(self) -> Effective:
        """The coefficients that are used."""
        ratio = self.crest_width / self.channel_width
        found = REHBOCK if self.formula == "rehbock" else kindsvater_carter(ratio)
        if self.coefficients is None:
            return found
        return found._replace(**self.coefficients.model_dump(exclude_none=True))

    @property
    def constants(self) -> Mapping[str, float]:
        """The coefficients."""
        if self.formula == "francis":
            return {"c": FRANCIS}
        return {"g": GRAVITY} | self.effective._asdict()

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the formula's limits."""
        width, height = self.crest_width, self.crest_height
        if self.formula == "francis":
            source = f"{USBR}: heads not over a third of the crest, as section 12 says of Cipoletti"
            return (*super().own_limits(), Limit("h/b <= 1/3", source, high=width / 3))
        most = 1.0 if self.formula == "rehbock" else 2.5
        return (
            *super().own_limits(),
            Limit(f"h/p <= {most:g}", _ISO, high=most * height),
            Limit("h >= 0.03 m", _ISO, low=0.03),
            of_the_site("b >= 0.15 m", _ISO, kept=width >= 0.15),
            of_the_site("p >= 0.10 m", _ISO, kept=height >= 0.10),
        )

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        width = self.crest_width
        if self.formula != "francis":
            return over(head, width, self.crest_height, self.effective)
        contraction = 0.0 if self.is_suppressed else 0.2 * min(head, width)
        return FRANCIS * (width - contraction) * math.pow(head, 1.5)
