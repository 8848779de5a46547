"""Faults on request: pure functions of the seed and the time, so that every run repeats."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from drivers.fields import Period, Table
from drivers.simulator.canal import Water, canal, dice


class Fault(Table):
    """A table ``[sensor.<name>.fault.<fault>]``: what goes wrong, how often, for how long.

    Attributes:
        kind: ``silent`` answers nothing; ``frozen`` repeats the water of the fault's start;
            ``spike`` adds or takes away ``size``; ``drift`` grows from nothing to ``size``;
            ``step`` adds ``size``.
        every: s from one start to the next; the first is one period after the first reading.
        lasts: s.
        probability: that a reading within the fault is affected.
        size: in the channel's unit.
        channel: which channel spikes, drifts or steps.
    """

    kind: Literal["silent", "frozen", "spike", "drift", "step"]
    every: Period = 600.0
    lasts: Period = 60.0
    probability: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    size: float = 0.1
    channel: Literal["level", "velocity", "temperature"] = "level"


def strikes(fault: Fault, name: str, seed: int, time: float) -> bool:
    """Return whether the fault affects the reading at a time, s since the first reading."""
    within = time >= fault.every and time % fault.every < fault.lasts
    return within and dice(seed, "fault", name, time).random() < fault.probability


def spoil(water: Water, fault: Fault, name: str, seed: int, time: float) -> Water:
    """Return what the instrument says instead of the water, while the fault strikes."""
    since = time % fault.every
    if fault.kind == "frozen":
        return canal(seed, time - since)
    added = {
        "spike": fault.size * dice(seed, "sign", name, time).choice((-1.0, 1.0)),
        "drift": fault.size * since / fault.lasts,
        "step": fault.size,
    }[fault.kind]
    return replace(water, **{fault.channel: getattr(water, fault.channel) + added})
