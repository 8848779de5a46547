"""From a distance or a pressure to a level."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from annotated_types import Ge, Le
from pydantic import model_validator

from agent.hydraulics.method import GRAVITY, Instant, Need, metres
from agent.hydraulics.result import Result
from agent.record import Quality
from drivers.fields import ChannelId, wrong_key

# Jones and Harris, J. Res. Natl. Inst. Stand. Technol. 97(3), 335 (1992), eq. 6: air-saturated
# water, kg/m3 by degC.
_DENSITY: Final = (999.84847, 6.337563e-2, -8.523829e-3, 6.943248e-5, -3.821216e-7)
DENSITY_HOLDS: Final = (5.0, 40.0)
"""Temperatures for which the formula of :func:`water_density` was made, Cel."""


def water_density(temperature: float) -> float:
    """Return the density of air-saturated water, kg/m3, at a temperature in Cel.

    Outside of :data:`DENSITY_HOLDS` it is the density at the nearer end; at 0 Cel that is 0.012 %
    too much.
    """
    low, high = DENSITY_HOLDS
    t = min(max(temperature, low), high)
    return sum(factor * t**power for power, factor in enumerate(_DENSITY))


class Level(Instant):
    """``level``: the water's height above the staff gauge's zero, m.

    From a distance: ``height - distance``. From a pressure: ``height`` plus the depth of the water
    above the sensor, by its ``density``, or that of clean water at its ``temperature``; less the
    pressure of the air, ``barometer``, where the sensor measures that too.

    Attributes:
        height: the sensor above the staff gauge's zero, m.
        gauge_zero: the staff gauge's zero above the national datum, m; for people.
        density: of the water, kg/m3.
        temperature: the channel with the water's temperature.
        barometer: the channel with the air's pressure.
        limits: of the level.
    """

    method: Literal["level"]
    height: float | None = None
    gauge_zero: float | None = None
    density: Annotated[float, Ge(900), Le(1300)] | None = None
    temperature: ChannelId | None = None
    barometer: ChannelId | None = None

    gives: ClassVar[str] = "m"

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return (
            "of a distance: level = height - from; of a pressure: level = height + max(0, from - "
            "barometer)/(density*g), where density, unless it is a key, is d0 + d1*t + d2*t^2 + "
            "d3*t^3 + d4*t^4 with t the temperature, taken as 5 below 5 Cel and as 40 above 40"
        )

    @property
    def is_of_pressure(self) -> bool:
        """Whether ``from`` is a pressure."""
        return any(key is not None for key in (self.density, self.temperature, self.barometer))

    @property
    def takes(self) -> str:
        """The unit of ``from``."""
        return "Pa" if self.is_of_pressure else "m"

    def needs(self) -> Mapping[str, Need]:
        """Return the temperature and the barometer, where there are any."""
        found = {"temperature": (self.temperature, "Cel"), "barometer": (self.barometer, "Pa")}
        return {role: Need(name, unit) for role, (name, unit) in found.items() if name}

    @property
    def constants(self) -> Mapping[str, float]:
        """The factors of the density, and gravity."""
        if not self.is_of_pressure:
            return {}
        factors = {f"d{power}": factor for power, factor in enumerate(_DENSITY)}
        return {"g": GRAVITY} | (factors if self.density is None else {})

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if not self.is_of_pressure:
            if self.height is None:
                accepted = (
                    "the sensor above the staff gauge's zero, m (for a pressure: density or "
                    "temperature)"
                )
                raise wrong_key("height", accepted)
        elif self.density is None and self.temperature is None:
            accepted = "the water's density, kg/m3, as 999.7; or temperature, a channel"
            raise wrong_key("density", accepted)
        elif self.density is not None and self.temperature is not None:
            raise wrong_key("density", "either density or temperature")
        return self

    def reckon(self, time: int, inputs: Mapping[str, float]) -> Result:  # noqa: ARG002 - no clock
        """Return the level, m; outside the limits it is suspect."""
        result = self._of_pressure(inputs) if self.is_of_pressure else self._of_distance(inputs)
        low, high = self.domain
        assert result.value is not None
        if low <= result.value <= high:
            return result
        return result.lowered(Quality.SUSPECT, "range")

    def _of_distance(self, inputs: Mapping[str, float]) -> Result:
        return Result(metres((self.height or 0.0) - inputs["from"]))

    def _of_pressure(self, inputs: Mapping[str, float]) -> Result:
        pressure = inputs["from"] - inputs.get("barometer", 0.0)
        temperature = inputs.get("temperature")
        density = water_density(temperature) if temperature is not None else self.density
        assert density is not None
        depth = max(0.0, pressure) / (density * GRAVITY)
        result = Result((self.height or 0.0) + depth)
        if pressure < 0:  # less than the air's: there is no water above the sensor
            result = result.lowered(Quality.SUSPECT, "dry")
        if temperature is not None and not DENSITY_HOLDS[0] <= temperature <= DENSITY_HOLDS[1]:
            result = result.lowered(Quality.SUSPECT, "temperature")
        return result
