"""The keys of a channel that are the agent's, whatever the driver: bursts and tests."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from annotated_types import Ge, Le
from pydantic import BeforeValidator, Field, model_validator

from agent.quality.checks import Pair
from drivers.fields import Duration, Table, format_duration, wrong_key


def _numbers(found: object, accepted: str) -> Pair:
    if isinstance(found, list | tuple) and len(found) == 2:
        low, high = found
        if all(isinstance(n, int | float) and not isinstance(n, bool) for n in found):
            return float(low), float(high)
    raise ValueError(accepted)


def _span(found: object) -> Pair:
    accepted = "two numbers, the lower one first, as [0.0, 6.0]"
    low, high = _numbers(found, accepted)
    if low < high:
        return low, high
    raise ValueError(accepted)


def _rate(found: object) -> Pair:
    accepted = "units a minute, as 0.05, or the fastest fall and rise, as [-0.05, 0.5]"
    if isinstance(found, int | float) and not isinstance(found, bool):
        found = [-found, found]
    fall, rise = _numbers(found, accepted)
    if fall < 0 < rise:
        return fall, rise
    raise ValueError(accepted)


def _spike(found: object) -> Pair:
    accepted = "the distances for suspect and for fail, as [0.1, 0.2]"
    suspect, fail = _numbers(found, accepted)
    if 0 < suspect <= fail:
        return suspect, fail
    raise ValueError(accepted)


_Span = Annotated[Pair, BeforeValidator(_span)]
_Rate = Annotated[Pair, BeforeValidator(_rate)]
_Spike = Annotated[Pair, BeforeValidator(_spike)]
_Width = Annotated[float, Ge(0)]

_PAIRS: Final = (
    ("samples", "over", 'samples and over together, as samples = 20 and over = "10 s"'),
    ("flat", "flat_width", 'flat and flat_width together, as "6 h" and 0.001'),
    (
        "attenuated",
        "attenuated_width",
        'attenuated and attenuated_width together, as "12 h" and 0.01',
    ),
)

Window = tuple[float, float]
"""Seconds, and the width of the band in the channel's unit."""


class ChannelKeys(Table):
    """What the agent does with a channel of any driver.

    Attributes:
        samples: how many make one reading; one, unless said.
        over: seconds over which they are spread.
        statistic: that makes one value of them.
        range_: the key ``range``; outside it 4.
        suspect_range: outside it 3.
        rate: fastest fall (negative) and rise, units a minute; faster is 3.
        spike: how far from its neighbours' mean for 3, and for 4.
        flat: seconds within ``flat_width`` for 3.
        attenuated: the same, for an instrument that has grown numb, with ``attenuated_width``.
    """

    samples: Annotated[int, Ge(2), Le(1000)] | None = None
    over: Duration | None = None
    statistic: Literal["median", "mean"] = "median"
    range_: _Span | None = Field(None, alias="range")
    suspect_range: _Span | None = None
    rate: _Rate | None = None
    spike: _Spike | None = None
    flat: Duration | None = None
    flat_width: _Width | None = None
    attenuated: Duration | None = None
    attenuated_width: _Width | None = None

    @model_validator(mode="after")
    def _together(self) -> Self:
        for one, other, accepted in _PAIRS:
            given, beside = getattr(self, one) is not None, getattr(self, other) is not None
            if given != beside:
                raise wrong_key(other if given else one, accepted)
        if "statistic" in self.model_fields_set and self.samples is None:
            raise wrong_key("statistic", "no statistic, unless samples and over stand beside it")
        outer, inner = self.range_, self.suspect_range
        if outer and inner and not outer[0] <= inner[0] < inner[1] <= outer[1]:
            raise wrong_key("suspect_range", f"a span within range, {list(outer)}")
        return self

    @property
    def windows(self) -> tuple[Window | None, Window | None]:
        """The flat line's window and the attenuated signal's, where they are tested."""
        flat = attenuated = None
        if self.flat is not None and self.flat_width is not None:
            flat = self.flat, self.flat_width
        if self.attenuated is not None and self.attenuated_width is not None:
            attenuated = self.attenuated, self.attenuated_width
        return flat, attenuated

    @property
    def has_tests(self) -> bool:
        """Whether there is anything to test."""
        return any((self.range_, self.suspect_range, self.rate, self.spike, *self.windows))

    def check_period(self, every: float) -> None:
        """Check what has to do with the sensor's period, s.

        Raises:
            PydanticCustomError: as of :func:`drivers.fields.wrong_key`.
        """
        if self.over is not None and self.over >= every:
            raise wrong_key("over", f"less than the sensor's every, {format_duration(every)}")
        for key, span in (("flat", self.flat), ("attenuated", self.attenuated)):
            if span is not None and span < 2 * every:
                least = format_duration(2 * every)
                raise wrong_key(key, f"at least twice the sensor's every, {least}")


AGENT_KEYS: Final = frozenset(
    field.alias or name for name, field in ChannelKeys.model_fields.items()
)
"""Keys of ``[sensor.<name>.channel.<name>]`` that no driver may use for itself."""


def split(sensor: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Part a sensor's table into the driver's and, by channel, the agent's.

    A channel of which nothing is left has no table in the driver's: so a driver without tables for
    channels has tests all the same. What isn't a table is left for the driver's model to refuse.
    """
    driver = dict(sensor)
    channels = driver.get("channel")
    if not isinstance(channels, Mapping):
        return driver, {}
    own: dict[str, dict[str, Any]] = {}
    rest: dict[str, Any] = {}
    for name, table in channels.items():
        keys = set(table) & AGENT_KEYS if isinstance(table, Mapping) else set()
        left = {key: table[key] for key in table if key not in keys} if keys else table
        if keys:
            own[name] = {key: table[key] for key in table if key in keys}
        if left or not keys:
            rest[name] = left
    if rest or not own:
        driver["channel"] = rest
    else:
        del driver["channel"]
    return driver, own
