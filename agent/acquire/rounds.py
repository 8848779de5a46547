"""From a driver's sample to a round."""

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Final

from agent.record import Layout, Quality, Round
from drivers.base import Channel, Flag, Sample

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

    A number that isn't finite becomes no value, with the reason ``not-finite``. Where the
    instrument itself says how good a value is, that is its quality.

    Raises:
        ValueError: the sample breaks the driver's contract: not one value a channel, a missing
            value without a reason, or a flag that is none. That is a bug of the driver, so the
            agent ends with it.
    """
    values = tuple(sample.values)
    if len(values) != len(layout.names):
        raise ValueError(
            f"The driver of sensor {layout.sensor} gave {len(values)} values for "
            f"{len(layout.names)} channels."
        )
    if sample.reasons or None in values or not all(map(isfinite, values)):  # type: ignore[arg-type]
        plain = _with_gaps(layout, sample, values, time)
    else:
        plain = Round(layout, time, values, _NO_TEST * len(values), {})
    return _flagged(plain, sample.flags) if sample.flags else plain


_NO_TEST: Final = bytes([Quality.NOT_EVALUATED])
_SAYS: Final = frozenset({Quality.GOOD, Quality.SUSPECT, Quality.FAIL})


def _flagged(plain: Round, flags: Mapping[int, Flag]) -> Round:
    qualities, reasons = bytearray(plain.qualities), dict(plain.reasons)
    for index, (quality, why) in flags.items():
        if quality not in _SAYS or (quality == Quality.GOOD) == bool(why):
            raise ValueError(
                f"The driver of sensor {plain.layout.sensor} gave the flag {quality} {why!r} for "
                f"{plain.layout.names[index]}."
            )
        if plain.values[index] is not None:
            qualities[index] = quality
            if why:
                reasons[index] = why
    return replace(plain, qualities=bytes(qualities), reasons=reasons)


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
