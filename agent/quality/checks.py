"""Tests of single values, as of the QARTOD water-level manual, made fit for a gauge.

Each says 1 or worse of one value. Where they differ from the manual, or from ioos_qc, which is its
public implementation, ``docs/decisions/0007-tests-of-a-gauge.md`` says why.
"""

from typing import Final

from agent.quality.flags import GOOD, Flag
from agent.record import Quality

Pair = tuple[float, float]

DUST: Final = 1e-9
"""Differences up to this, in the channel's unit, come from binary fractions: 1.1 - 1.05 > 0.05."""

_RANGE_FAIL: Final = Flag(Quality.FAIL, "range")
_RANGE_SUSPECT: Final = Flag(Quality.SUSPECT, "range")
_RATE: Final = Flag(Quality.SUSPECT, "rate")
_SPIKE_FAIL: Final = Flag(Quality.FAIL, "spike")
_SPIKE_SUSPECT: Final = Flag(Quality.SUSPECT, "spike")


def gross_range(value: float, fail: Pair | None, suspect: Pair | None) -> Flag:
    """Return 4 outside what the instrument can say, 3 outside what is to be expected (test 4).

    Args:
        value: in the channel's unit.
        fail: lowest and highest that pass, themselves included.
        suspect: the same, for 3.
    """
    if fail is not None and not fail[0] <= value <= fail[1]:
        return _RANGE_FAIL
    if suspect is not None and not suspect[0] <= value <= suspect[1]:
        return _RANGE_SUSPECT
    return GOOD


def rate_of_change(change: float, seconds: float, limits: Pair) -> Flag:
    """Return 3 for a change that is faster than water (test 7).

    Args:
        change: from the last value that wasn't refuted, in the channel's unit.
        seconds: the real time that it took, also across a gap.
        limits: the fastest fall (negative) and the fastest rise, units a minute.
    """
    minutes = seconds / 60
    slow = limits[0] * minutes - DUST <= change <= limits[1] * minutes + DUST
    return GOOD if slow else _RATE


def spike(before: float, value: float, after: float, limits: Pair) -> Flag:
    """Return 3 or 4 for a value that stands out from both its neighbours (test 6).

    It is measured, as the manual does, from the neighbours' mean, but only where the nearer
    neighbour is further away than the lower limit. (That distance is the spike value of GTSPP.)
    Otherwise a gate's step would be two spikes, and the good values beside a spike as well.

    Args:
        before: the value before it.
        value: the one that is judged.
        after: the value after it.
        limits: beyond the first 3, beyond the second 4; in the channel's unit.
    """
    rise, fall = value - before, value - after
    if rise * fall <= 0 or min(abs(rise), abs(fall)) <= limits[0] + DUST:
        return GOOD
    from_mean = abs(rise + fall) / 2
    return _SPIKE_FAIL if from_mean > limits[1] + DUST else _SPIKE_SUSPECT
