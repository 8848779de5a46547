"""What a method is: its keys in ``station.toml``, what it needs, what it gives, within what limits.

A method is a pydantic model of its own keys; it computes and does nothing else. Times are UTC in
ms since 1970, lengths m, discharges m3/s.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, AwareDatetime, Field

from agent.hydraulics.result import Result, missing
from drivers.fields import Table

GRAVITY: Final = 9.80665
"""Standard gravity, m/s2 (3rd CGPM, 1901)."""


def _ascending(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] < pair[1]:
        return pair
    raise ValueError("a lower and an upper limit, as [0.03, 0.75]")


Range = Annotated[tuple[float, float], Field(strict=False), AfterValidator(_ascending)]
"""A lower and an upper limit, both within."""


@dataclass(frozen=True, slots=True)
class Need:
    """A channel that a method computes from, and the unit that it must have."""

    channel: str
    unit: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Within what a method holds.

    Attributes:
        text: the limit as it is printed, as ``h/p <= 2.5``.
        source: where it is from, and how far that was checked.
        low: what the limit means for the method's argument: from here ...
        high: ... to here; a limit of the site that isn't kept leaves nothing.
    """

    text: str
    source: str
    low: float = -inf
    high: float = inf


def of_the_site(text: str, source: str, *, kept: bool) -> Limit:
    """Return a limit that a site keeps or doesn't, whatever the water does."""
    return Limit(text, source) if kept else Limit(text, source, inf, -inf)


class Method(Table):
    """One version of a derived channel: the method, and the keys of that method.

    Attributes:
        method: its name.
        valid_from: from when on it holds; the first version may leave it out.
        limits: replaces the method's own: from where to where it may be trusted here.
        gives: the unit of what comes out; empty where the channel says it.
        has_from: whether the channel must have a key ``from``.
    """

    method: str
    valid_from: AwareDatetime | None = None
    limits: Range | None = None

    gives: ClassVar[str] = "m3/s"
    has_from: ClassVar[bool] = True

    @property
    @abstractmethod
    def equation(self) -> str:
        """How to compute it again, in the names of :meth:`about`: the last step counts."""

    @property
    def takes(self) -> str:
        """The unit that ``from`` must have."""
        return "m"

    def needs(self) -> Mapping[str, Need]:
        """Return what it computes from beside ``from``, by role."""
        return {}

    def own_limits(self) -> tuple[Limit, ...]:
        """Return within what the method holds by itself, each with its source."""
        return ()

    @property
    def bounds(self) -> tuple[Limit, ...]:
        """Within what it holds here."""
        if self.limits is None:
            return self.own_limits()
        low, high = self.limits
        return (Limit(f"{low:g} to {high:g}", "station.toml", low, high),)

    @cached_property
    def domain(self) -> tuple[float, float]:
        """From where to where all limits are kept; nothing where the first is the greater."""
        bounds = self.bounds
        return (
            max((bound.low for bound in bounds), default=-inf),
            min((bound.high for bound in bounds), default=inf),
        )

    @property
    def constants(self) -> Mapping[str, float]:
        """The numbers of the equation that aren't keys."""
        return {}

    def keys(self) -> dict[str, Any]:
        """Return its keys as ``station.toml`` would have them, defaults too, for JSON."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def about(self) -> dict[str, Any]:
        """Return all that is needed to compute again, for JSON."""
        holds = [{"text": bound.text, "source": bound.source} for bound in self.bounds]
        return self.keys() | {
            "equation": self.equation,
            "constants": dict(self.constants),
            "holds": holds,
        }


class Instant(Method):
    """A method whose result depends on nothing but what is measured at one time."""

    def compute(self, time: int, inputs: Mapping[str, float]) -> Result:
        """Return the result of finite inputs by role, the quality by the method's own limits."""
        try:
            result = self.reckon(time, inputs)
        except OverflowError:
            return missing("not-finite")
        if result.value is not None and not isfinite(result.value):
            return missing("not-finite")
        return result

    @abstractmethod
    def reckon(self, time: int, inputs: Mapping[str, float]) -> Result:
        """Return the result; it may overflow."""


def metres(length: float) -> float:
    """Return a length without the binary dust of a subtraction, which could pass a limit."""
    return round(length, 9)
