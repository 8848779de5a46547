"""The sums of a volume, and how they go on."""

from collections.abc import Iterator

from agent.hydraulics.calendar import Calendar
from agent.hydraulics.result import worst
from agent.record import Quality
from drivers.fields import Table


class Register(Table):
    """A sum that runs.

    Attributes:
        since: when it began, UTC, ms.
        volume: m3.
        covered: how much of the time since then was integrated, ms.
        quality: the worst of what was.
    """

    since: int
    volume: float = 0.0
    covered: int = 0
    quality: Quality = Quality.GOOD

    def plus(self, volume: float, covered: int, quality: Quality) -> "Register":
        """Return it with another piece."""
        return Register(
            since=self.since,
            volume=self.volume + volume,
            covered=self.covered + covered,
            quality=worst((self.quality, quality)),
        )

    def share(self, until: int) -> float:
        """Return which part of its time was integrated, up to a time; of no time, all."""
        passed = until - self.since
        return min(1.0, self.covered / passed) if passed > 0 else 1.0

    def opened(self, since: int) -> "Register":
        """Return it, or an empty one where its time is over."""
        return self if self.since == since else Register(since=since)


class VolumeState(Table):
    """Where a volume stands.

    Attributes:
        until: up to when it is reckoned, UTC, ms.
        flow: the discharge at that time, m3/s; None where it isn't known, so that nothing joins.
        quality: of that discharge.
        total: since the beginning.
        day: of the day that ends at ``until`` or later.
        season: of the season that does.
    """

    until: int
    flow: float | None
    quality: Quality
    total: Register
    day: Register
    season: Register

    def joined(self, at: int, flow: float, quality: Quality, cal: Calendar) -> "States":
        """Yield where it stands at each end of a day before a time, and at that time.

        The discharge goes straight from what it was to ``flow``; water that flows back counts as
        none.
        """
        state, worse = self, worst((self.quality, quality))
        while state.until < at:
            stop = min(cal.next_day(state.until), at)
            assert state.flow is not None
            passed = stop - state.until
            there = state.flow + (flow - state.flow) * passed / (at - state.until)
            piece = (area(state.flow, there, passed / 1000), passed, worse)
            state = VolumeState(
                until=stop,
                flow=there,
                quality=worse if stop < at else quality,
                total=state.total.plus(*piece),
                day=state.day.opened(cal.day(stop - 1)).plus(*piece),
                season=state.season.opened(cal.season(stop - 1)).plus(*piece),
            )
            yield state

    def apart(self, at: int, flow: float | None, quality: Quality, cal: Calendar) -> "States":
        """Yield where it stands at the end of its day, if that has passed, and at a later time.

        Nothing is known of what flowed between. Of whole days without a reading there is nothing.
        """
        end = cal.next_day(self.day.since)
        if self.until < end < at:
            yield self.model_copy(update={"until": end, "flow": None})
        yield VolumeState(
            until=at,
            flow=flow,
            quality=quality,
            total=self.total,
            day=self.day.opened(cal.day(at - 1)),
            season=self.season.opened(cal.season(at - 1)),
        )

    def moved(self, by: int, cal: Calendar) -> "VolumeState":
        """Return it with all times later by so much; the day and the season are those of then."""
        until = self.until + by
        since = {
            "total": self.total.since + by,
            "day": cal.day(until - 1),
            "season": cal.season(until - 1),
        }
        registers = {
            name: getattr(self, name).model_copy(update={"since": begin})
            for name, begin in since.items()
        }
        return self.model_copy(update={"until": until, **registers})


States = Iterator[VolumeState]


def begun(at: int, flow: float, quality: Quality, initial: float, cal: Calendar) -> VolumeState:
    """Return a volume that begins with a reading."""
    return VolumeState(
        until=at,
        flow=flow,
        quality=quality,
        total=Register(since=at, volume=initial),
        day=Register(since=cal.day(at - 1)),
        season=Register(since=cal.season(at - 1)),
    )


def area(before: float, after: float, seconds: float) -> float:
    """Return the area under a straight line, as far as it is above 0."""
    if min(before, after) >= 0:
        return (before + after) / 2 * seconds
    above = max(before, after)
    return above * above / abs(after - before) / 2 * seconds if above > 0 else 0.0
