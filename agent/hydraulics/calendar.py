"""Days and seasons of a place: where they begin, in ms UTC."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Calendar:
    """A time zone, when its day begins, and on which month and day its season does.

    A day begins when the clock of the zone first shows its hour, so that one in which the zone
    changes has 23 or 25 h.
    """

    zone: tzinfo
    day_start: time
    season_start: tuple[int, int]

    def day(self, at: int) -> int:
        """Return the beginning of the day that begins at a time or holds it otherwise."""
        today = self._date(at)
        return max(
            begin for day in (-1, 0, 1) if (begin := self._begin(today + timedelta(days=day))) <= at
        )

    def next_day(self, at: int) -> int:
        """Return the first beginning of a day after a time."""
        today = self._date(at)
        return min(
            begin for day in (0, 1, 2) if (begin := self._begin(today + timedelta(days=day))) > at
        )

    def season(self, at: int) -> int:
        """Return the beginning of the season that begins at a time or holds it otherwise."""
        year = self._date(at).year
        return max(
            begin
            for each in (year - 1, year, year + 1)
            if (begin := self._begin(date(each, *self.season_start))) <= at
        )

    def _date(self, at: int) -> date:
        return datetime.fromtimestamp(at / 1000, self.zone).date()

    def _begin(self, day: date) -> int:
        return _instant(self.zone, day, self.day_start)


@lru_cache(maxsize=64)  # each reading asks for the same few
def _instant(zone: tzinfo, day: date, clock: time) -> int:
    return round(datetime.combine(day, clock, zone).timestamp() * 1000)
