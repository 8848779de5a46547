"""From a driver's sample to a round."""

from math import isfinite
from typing import Final

from agent.record import Layout, Quality, Round
from drivers.base import Channel, Sample

_NOT_FINITE: Final = "not-finite"


def layout_of(sensor: str, channels: tuple[Channel, ...]) -> Layout:
    """Return the heading of a sensor's rounds."""
    return Layout(
        sensor,
        tuple(channel.name for channel in channels),
        tuple(channel.unit for channel in channels),
    )


def round_of(layout: Layout, sample: Sample, time: int) -> Round:
    """Return the round of a sample, with its time in ms UTC.

    A number that isn't finite becomes no value, with the reason ``not-finite``.

    Raises:
        ValueError: the sample breaks the driver's contract: not one value a channel, or a missing
            value without a reason. That is a bug of the driver, so the agent ends with it.
    """
    values = tuple(sample.values)
    if len(values) != len(layout.names):
        raise ValueError(
            f"The driver of sensor {layout.sensor} gave {len(values)} values for "
            f"{len(layout.names)} channels."
        )
    if not sample.reasons and None not in values and all(map(isfinite, values)):  # type: ignore[arg-type]
        return Round(layout, time, values, _NO_TEST * len(values), {})
    return _with_gaps(layout, sample, values, time)


_NO_TEST: Final = bytes([Quality.NOT_EVALUATED])


def _with_gaps(layout: Layout, sample: Sample, said: tuple[float | None, ...], time: int) -> Round:
    values: list[float | None] = []
    reasons: dict[int, str] = {}
    for index, value in enumerate(said):
        if value is None:
            if index not in sample.reasons:
                raise ValueError(
                    f"The driver of sensor {layout.sensor} gave no value and no reason for "
                    f"{layout.names[index]}."
                )
            reasons[index] = sample.reasons[index]
        elif not isfinite(value):
            reasons[index] = _NOT_FINITE
        values.append(None if index in reasons else value)
    qualities = bytes(
        Quality.MISSING if value is None else Quality.NOT_EVALUATED for value in values
    )
    return Round(layout, time, tuple(values), qualities, reasons)


def no_answer(layout: Layout, reason: str, time: int) -> Round:
    """Return the round of a poll that got no answer."""
    count = len(layout.names)
    return Round(
        layout,
        time,
        (None,) * count,
        bytes([Quality.MISSING]) * count,
        dict.fromkeys(range(count), reason),
    )
