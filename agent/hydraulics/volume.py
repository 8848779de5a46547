"""Volume: discharge added up over the time that really passed."""

import re
from collections.abc import Sequence
from datetime import date, time, tzinfo
from typing import Annotated, Any, ClassVar, Final, Literal

from annotated_types import Ge, Gt
from pydantic import BeforeValidator

from agent.hydraulics.calendar import Calendar
from agent.hydraulics.registers import VolumeState, begun
from agent.hydraulics.result import Result, worst
from agent.hydraulics.running import Output, Reading, Row, Running
from agent.record import Quality
from drivers.fields import Duration, Table, format_duration

_MOST: Final = 1e6  # m3/s: five times the Amazon; more is no reading, and would swallow the sum
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MONTH_DAY: Final = re.compile(r"([0-9]{2})-([0-9]{2})")


def _clock(text: object) -> str:
    if isinstance(text, str) and _CLOCK.fullmatch(text):
        return text
    raise ValueError('a time of day, as "08:00"')


def _month_day(text: object) -> str:
    if isinstance(text, str) and (match := _MONTH_DAY.fullmatch(text)):
        try:
            date(2023, int(match[1]), int(match[2]))  # no leap year: each year must have it
        except ValueError:
            pass
        else:
            return text
    raise ValueError('a month and a day that each year has, as "04-01"')


class Volume(Running[VolumeState]):
    """``volume``: m3 by trapezoid since the beginning, of the day and of the season.

    A gap longer than ``max_gap`` isn't integrated: its time is uncovered. Readings without a value,
    and those that failed a test, are none. Water that flows back is not subtracted: a volume never
    falls. A day's last row stands at the day's end, even if no reading does: that is the volume of
    the day. It comes when it is known, which may be with a reading later than some without a value.
    The quality of the total is that of what was added last, so that any stretch of it can
    be judged; that of the day and of the season is the worst in them.

    Attributes:
        max_gap: s.
        day_start: the hour at which a day begins, in the station's time zone.
        season_start: the day on which a season begins.
        initial: what the total begins with, m3.
        limits: a discharge outside of these is no reading, m3/s.
    """

    method: Literal["volume"]
    max_gap: Annotated[Duration, Gt(0)] = 3600.0
    day_start: Annotated[str, BeforeValidator(_clock)] = "00:00"
    season_start: Annotated[str, BeforeValidator(_month_day)] = "04-01"
    initial: Annotated[float, Ge(0)] = 0.0

    State: ClassVar[type[Table]] = VolumeState
    outputs: ClassVar[tuple[Output, ...]] = (
        Output("", "m3"),
        Output("_covered", "/"),
        Output("_day", "m3"),
        Output("_day_covered", "/"),
        Output("_season", "m3"),
        Output("_season_covered", "/"),
    )

    @property
    def takes(self) -> str:
        """The unit of ``from``."""
        return "m3/s"

    @property
    def equation(self) -> str:
        """How to compute it again."""
        return (
            "V = initial + the sum of (Q0 + Q1)/2*(t1 - t0) over neighbouring readings not more "
            "than max_gap apart, where the line from Q0 to Q1 counts as 0 below 0; covered = the "
            "sum of these (t1 - t0) over all the time"
        )

    def keys(self) -> dict[str, Any]:
        """Return its keys as ``station.toml`` would have them."""
        return super().keys() | {"max_gap": format_duration(self.max_gap)}

    def step(
        self, state: VolumeState | None, reading: Reading, zone: tzinfo
    ) -> tuple[VolumeState | None, Sequence[Row]]:
        """Return the state after a reading, and the rows: at ends of days, and at its time."""
        at, flow, cal = reading.time, self._flow(reading), self._calendar(zone)
        if state is None:
            if flow is None:
                return None, [self.nothing(at)]
            state = begun(at, flow, reading.quality, self.initial, cal)
            return state, [_row(state, reading.quality)]
        if at <= state.until:
            return state, []
        near = state.flow is not None and at - state.until <= self.max_gap * 1000
        if flow is None:
            ends = cal.day(at) == at  # a day does, whose row isn't empty
            if near:  # it may still be bridged
                return state, [] if ends else [self.nothing(at)]
            states = list(state.apart(at, None, Quality.GOOD, cal))
            rows = [_row(each, each.quality) for each in states]
            return states[-1], rows if ends else [*rows[:-1], self.nothing(at)]
        onward = state.joined if near else state.apart
        states = list(onward(at, flow, reading.quality, cal))
        added = worst((state.quality, reading.quality)) if near else reading.quality
        return states[-1], [_row(each, added) for each in states]

    def moved(self, state: VolumeState, by: int, zone: tzinfo) -> VolumeState:
        """Return the state after the clock was set; the day and the season are those of then."""
        return state.moved(by, self._calendar(zone))

    def _flow(self, reading: Reading) -> float | None:
        low, high = self.limits or (-_MOST, _MOST)
        value = reading.value if reading.counts else None
        return (
            value if value is not None and max(low, -_MOST) <= value <= min(high, _MOST) else None
        )

    def _calendar(self, zone: tzinfo) -> Calendar:
        month, day = map(int, self.season_start.split("-"))
        return Calendar(zone, time.fromisoformat(self.day_start), (month, day))


def _row(state: VolumeState, added: Quality) -> Row:
    results: list[Result] = []
    for register, quality in (
        (state.total, added),
        (state.day, state.day.quality),
        (state.season, state.season.quality),
    ):
        results.append(Result(register.volume).lowered(quality, "input"))
        results.append(Result(register.share(state.until)))
    return Row(state.until, tuple(results))
