"""Cutthroat flumes in free flow."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Final, Literal, NamedTuple, Self

from annotated_types import Gt
from pydantic import model_validator

from agent.hydraulics.coefficients import FOOT, INCH, rows
from agent.hydraulics.method import Limit
from agent.hydraulics.relation import StageDischarge
from drivers.fields import Table, wrong_key

WIDTH_POWER: Final = 1.025
"""Of the throat's width: Q = K W^1.025 h^n (openchannelflow.com)."""

_SAME: Final = 5e-3  # a length as people write it: 0.914 m or 0.91 m is 36 in
_Positive = Annotated[float, Gt(0)]


class Law(NamedTuple):
    """``c*h^n``, and where it is from."""

    c: float
    n: float
    source: str


def law_of(length: float, throat: float) -> Law | None:
    """Return the law of a flume by its length and its throat's width, m, if its length is known.

    A width that is tabulated has the table's c, which differs from ``K W^1.025`` by up to 3.8 %.
    """
    of_length = [row for row in rows("cutthroat") if _same(length, int(row["length_in"]) * INCH)]
    for row in of_length:
        if row["throat_m"] and _same(throat, float(row["throat_m"])):
            return Law(float(row["C_si_table"]), float(row["n"]), row["source"])
    for row in of_length:
        n, width = float(row["n"]), throat**WIDTH_POWER
        k = float(row["K_si"] or float(row["K_us"]) * FOOT ** (3 - WIDTH_POWER - n))
        return Law(k * width, n, f"{row['source']} ({row['verified']}; width not tabulated)")
    return None


def _same(length: float, printed: float) -> bool:
    return abs(length - printed) <= _SAME * printed


class Coefficients(Table):
    """``c*h^n`` in m and m3/s, instead of the table's."""

    c: _Positive
    n: _Positive


class Cutthroat(StageDischarge):
    """``cutthroat``: ``c*h^n`` by the flume's length and its throat's width, m; free flow only."""

    method: Literal["cutthroat"]
    length: _Positive
    throat: _Positive
    coefficients: Coefficients | None = None

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return "h = from - zero; Q = c*h^n"

    @model_validator(mode="after")
    def _has_a_law(self) -> Self:
        if self.coefficients is None and law_of(self.length, self.throat) is None:
            inches = dict.fromkeys(int(row["length_in"]) for row in rows("cutthroat"))
            known = ", ".join(f"{each * INCH:.4g}" for each in inches)
            accepted = f"the length of a Cutthroat flume, m: {known}; or coefficients = {{c, n}}"
            raise wrong_key("length", accepted)
        return self

    @cached_property
    def law(self) -> Law:
        """The law that is used."""
        if self.coefficients is not None:
            return Law(self.coefficients.c, self.coefficients.n, "station.toml")
        law = law_of(self.length, self.throat)
        assert law is not None
        return law

    @property
    def constants(self) -> Mapping[str, float]:
        """The coefficients."""
        return {"c": self.law.c, "n": self.law.n}

    def own_limits(self) -> tuple[Limit, ...]:
        """Return the range of heads."""
        high = 0.4 * self.length
        return (Limit("h/length <= 0.4 (within 3 %)", "openchannelflow.com", high=high),)

    def discharge(self, head: float, inputs: Mapping[str, float]) -> float:  # noqa: ARG002
        """Return the discharge, m3/s."""
        return self.law.c * math.pow(head, self.law.n)
