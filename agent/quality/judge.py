"""The tests of a channel, one reading after the other."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from agent.quality.band import Band
from agent.quality.checks import gross_range, rate_of_change, spike
from agent.quality.flags import GOOD, NOT_EVALUATED, Flag, worse
from agent.quality.keys import ChannelKeys
from agent.record import Layout, Quality, Round

# Between the 1.5 periods that two polls are apart at most where the clock was stepped (promise T1)
# and the 2 of a poll that is missing.
_NEIGHBOURS: Final = 1.75
# A window with a longer hole, as a share of it, begins anew. So at least 7 readings stand in a
# window that is full, where they could; QARTOD's flat line asks for 3 to 5.
_HOLE: Final = 1 / 6

_PLAIN: Final = {1: GOOD, 2: NOT_EVALUATED}
_STILL: Final = (Flag(Quality.SUSPECT, "flat"), Flag(Quality.SUSPECT, "attenuated"))


class Verdict(NamedTuple):
    """What is known with a new reading.

    Attributes:
        flag: of the new reading.
        revision: of the reading before it, where that is now known to be worse than was said.
    """

    flag: Flag
    revision: Flag | None


class Judge:
    """The tests of one channel, and the little that they must remember of its readings.

    A reading settles when the next one comes: only then it is known whether it was a spike. What
    was refuted (it failed, or was a spike) is compared with nothing: the good value after a spike
    doesn't come too fast.
    """

    def __init__(self, keys: ChannelKeys, every: float) -> None:
        """Make the tests of a channel.

        Args:
            keys: which tests, with their limits.
            every: seconds from one poll to the next, as configured.
        """
        self._range, self._suspect_range = keys.range_, keys.suspect_range
        self._rate, self._spike = keys.rate, keys.spike
        self._near = _NEIGHBOURS * every
        self._windows = [
            (window, flag) for window, flag in zip(keys.windows, _STILL, strict=True) if window
        ]
        self.forget()

    def forget(self) -> None:
        """Begin anew, as if there had been no reading."""
        self._bands = [
            (Band(span, width, max(self._near, span * _HOLE)), flag)
            for (span, width), flag in self._windows
        ]
        self._time = -inf
        self._flag = NOT_EVALUATED
        self._newest: float | None = None
        self._before: float | None = None
        self._settled: tuple[float, float] | None = None

    @property
    def reach(self) -> float:
        """How many seconds of stored readings make a new judge say what this one would say.

        One that knows no value at all, because the last one is older, can't tell its rate.
        """
        return max(3 * self._near, *(band.reach for band, _ in self._bands), 0.0)

    def judge(self, time: float, value: float | None, said: Flag = NOT_EVALUATED) -> Verdict:
        """Judge a new reading, and the one before it anew.

        Args:
            time: s of a clock that never steps; a reading that isn't later than the last one
                makes the judge forget everything.
            value: in the channel's unit; None where there is none.
            said: what the instrument itself says of it; the reason where there is no value.
        """
        if time <= self._time:
            self.forget()
        alone = self._alone(value, said)
        usable = value if alone.quality != Quality.FAIL else None
        revision = self._settle(time, usable)
        flag = alone if usable is None else self._beside_others(time, usable, alone)
        self._time, self._newest, self._flag = time, usable, flag
        return Verdict(flag, revision)

    def _alone(self, value: float | None, said: Flag) -> Flag:
        if value is None:
            return Flag(Quality.MISSING, said.why)
        if self._range or self._suspect_range:
            return worse(said, gross_range(value, self._range, self._suspect_range))
        return said

    def _settle(self, time: float, after: float | None) -> Flag | None:
        value, before = self._newest, self._before
        if value is None:
            return None
        near = after is not None and time - self._time <= self._near
        self._before = value if near else None
        if self._spike and before is not None and after is not None and near:
            found = spike(before, value, after, self._spike)
            if found is not GOOD:
                return found if found.quality > self._flag.quality else None
        self._settled = self._time, value
        for band, _ in self._bands:
            band.add(self._time, value)
        return None

    def _beside_others(self, time: float, value: float, flag: Flag) -> Flag:
        if self._rate and self._settled:
            then, reference = self._settled
            flag = worse(flag, rate_of_change(value - reference, time - then, self._rate))
        for band, still in self._bands:
            stays = band.stays(time, value)
            if stays is not None:
                flag = worse(flag, still if stays else GOOD)
        return flag


class SensorJudge:
    """The tests of all channels of a sensor: one pass over each of its rounds."""

    def __init__(self, layout: Layout, keys: Mapping[str, ChannelKeys], every: float) -> None:
        """Make the tests.

        Args:
            layout: the heading of the sensor's rounds.
            keys: by channel; a channel without an entry has no tests.
            every: seconds from one poll to the next, as configured.
        """
        self._judges = [
            (column, Judge(keys[name], every))
            for column, name in enumerate(layout.names)
            if name in keys and keys[name].has_tests
        ]

    @property
    def reach(self) -> float:
        """How many seconds of stored rounds make a new one say what this one would say."""
        return max((judge.reach for _, judge in self._judges), default=0.0)

    def judge(self, round: Round, at: float) -> tuple[Round, Mapping[int, Flag]]:
        """Return a round with its quality, and by column the flags that the round before gets now.

        After a restart, pass the newest stored rounds first, and leave what comes back.

        Args:
            round: with what the instrument says of its values.
            at: s of a clock that never steps, at the middle of the measurement.
        """
        if not self._judges:
            return round, {}
        qualities, reasons = bytearray(round.qualities), dict(round.reasons)
        revisions: dict[int, Flag] = {}
        for column, judge in self._judges:
            quality = qualities[column]
            said = _PLAIN.get(quality) or Flag(Quality(quality), reasons[column])
            flag, revision = judge.judge(at, round.values[column], said)
            if flag is not said:
                qualities[column], reasons[column] = flag
            if revision is not None:
                revisions[column] = revision
        kept = {column: why for column, why in reasons.items() if why}
        return replace(round, qualities=bytes(qualities), reasons=kept), revisions
