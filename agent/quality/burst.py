"""Many samples, one reading: what waves and a noisy echo ask for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt
from statistics import median
from typing import Final, Literal

from agent.quality.flags import Flag
from agent.record import Quality

Statistic = Literal["median", "mean"]

_TOO_FEW: Final = Flag(Quality.SUSPECT, "samples")


@dataclass(frozen=True, slots=True)
class Burst:
    """What the samples of one channel say together.

    Attributes:
        value: their statistic, in the channel's unit; None where there was no sample.
        flag: how far it can be trusted so far; where there is no value, the most frequent reason.
        count: how many samples the statistic is made of.
        low: the lowest of them; with none, None.
        high: the highest of them.
        sd: their standard deviation (the sample's, with count - 1); None below two.
    """

    value: float | None
    flag: Flag
    count: int
    low: float | None = None
    high: float | None = None
    sd: float | None = None


def burst(samples: Sequence[tuple[float | None, Flag]], statistic: Statistic) -> Burst:
    """Return one reading for the samples of a burst.

    The statistic is made of the samples that the instrument doesn't doubt; where it doubts all,
    of the suspect ones, and only then of those that failed, with the flag that most of them have.
    Where no more than half of what was asked for is left, the reading is suspect, with the word
    ``samples``: what is missing could then have moved even the median anywhere.

    Args:
        samples: value and what the instrument says of it, one for each sample that was asked for;
            None with its reason where there is none.
        statistic: ``median`` or ``mean``.
    """
    used, flag = _best(samples)
    if not used:
        return Burst(None, flag, 0)
    if 2 * len(used) <= len(samples) and flag.quality < Quality.SUSPECT:
        flag = _TOO_FEW
    mean = fsum(used) / len(used)
    low, high = min(used), max(used)
    value = median(used) if statistic == "median" else min(max(mean, low), high)
    return Burst(value, flag, len(used), low, high, _deviation(used, mean))


_CLASSES: Final = (
    frozenset({Quality.GOOD, Quality.NOT_EVALUATED}),
    frozenset({Quality.SUSPECT}),
    frozenset({Quality.FAIL}),
)


def _best(samples: Sequence[tuple[float | None, Flag]]) -> tuple[list[float], Flag]:
    """Return the values of the best class that there is, and what is said of most of them."""
    for qualities in _CLASSES:
        chosen = [(value, flag) for value, flag in samples if flag.quality in qualities]
        values = [value for value, _ in chosen if value is not None]
        if values:
            return values, _usual([flag for _, flag in chosen])
    why = _usual([flag for _, flag in samples]).why if samples else ""
    return [], Flag(Quality.MISSING, why)


def _usual(flags: Sequence[Flag]) -> Flag:
    """Return the most frequent flag; of equally frequent ones the first."""
    return Counter(flags).most_common(1)[0][0]


def _deviation(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
