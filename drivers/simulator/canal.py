"""A plausible irrigation canal: a pure function of a seed and the time.

Level follows a daily wave, steps of a gate that is set anew every six hours, and ripples; velocity
follows level as in uniform flow (Manning: to the power 2/3); temperature follows the day.
"""

import math
import random
from dataclasses import dataclass
from typing import Final

_DAY: Final = 86400.0
_GATE_PERIOD: Final = 6 * 3600.0
_GATE_LAG: Final = 900.0
_MEAN_LEVEL: Final = 1.2
_MEAN_VELOCITY: Final = 0.8


@dataclass(frozen=True, slots=True)
class Water:
    """The canal at one time: level in m, velocity in m/s, temperature in Cel."""

    level: float
    velocity: float
    temperature: float


def dice(*key: object) -> random.Random:
    """Return a generator that throws the same for the same key, in any process."""
    return random.Random(":".join(map(str, key)))  # noqa: S311 - water, not secrets


def _gate(seed: int, turn: int) -> float:
    return dice(seed, "gate", turn).uniform(-0.15, 0.15)


def _gate_level(seed: int, time: float) -> float:
    turn, since = divmod(time, _GATE_PERIOD)
    before, after = _gate(seed, int(turn) - 1), _gate(seed, int(turn))
    return after + (before - after) * math.exp(-since / _GATE_LAG)


def canal(seed: int, time: float) -> Water:
    """Return the water at a time, s from any beginning."""
    day = math.sin(2 * math.pi * time / _DAY)
    ripple = dice(seed, "ripple", time)
    still = _MEAN_LEVEL + 0.2 * day + _gate_level(seed, time)
    return Water(
        level=still + ripple.gauss(0.0, 0.002),
        velocity=_MEAN_VELOCITY * (still / _MEAN_LEVEL) ** (2 / 3) + ripple.gauss(0.0, 0.01),
        temperature=16.0 + 4.0 * day + ripple.gauss(0.0, 0.02),
    )
