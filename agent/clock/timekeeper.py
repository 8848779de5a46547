"""From time since boot to UTC, however wrong the wall clock is or was.

Time since boot never steps, so that within a boot one right look at the wall clock gives every
reading its right time. What is known is kept as segments: from some second since boot on, UTC is
the time since boot plus an offset. A segment rests on the clock having been seen set; or it is a
guess, where nobody has seen that in this boot. The latest that was seen wins, and what was taken
before gets its time anew.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from agent.clock.machine import Moment
from agent.clock.segment import NOBODY_KNOWS, Segment, Stamp, estimate

WAIT: Final = 900.0
"""Seconds after boot for which readings wait for the clock (promise T2)."""

PROOF: Final = 900.0
"""Seconds for which a new time must stand before it refutes an older one: as ntpd's stepout."""

STEP: Final = 0.1
"""A jump of the wall clock from so many s on is a step: ntpd steps from 0.128 s, timesyncd from
0.4 s; less is measuring noise."""


# Segments that are kept of a boot; where a clock is stepped more often, what was before the oldest
# is taken to be in it.
_MOST: Final = 100


class Step(NamedTuple):
    """Time didn't go on as it should: what the clock would have said, and what it said, s UTC."""

    old: float
    new: float


class Slept(NamedTuple):
    """The machine was suspended for so many seconds: nothing was measured then."""

    seconds: float


class Restamp(NamedTuple):
    """What was taken from ``start`` up to ``stop``, s since boot, has another time now.

    Or has one at last. Ask for its stamp again; where it was numbered and its time differs, or was
    doubtful, that is a revision.
    """

    start: float
    stop: float


Happening = Step | Slept | Restamp


class Timekeeper:
    """Watches the clocks of one boot, and says the time of what was measured in it."""

    def __init__(
        self,
        *,
        known: float,
        built: float,
        battery: bool = False,
        segments: Iterable[Segment] = (),
    ) -> None:
        """Begin to watch.

        Args:
            known: UTC, s, of the last moment before this boot of which the time is known.
            built: UTC, s, when this software was built.
            battery: whether a battery clock keeps the time, which is right from the start
                (``clock = "rtc"``).
            segments: of an earlier process in the same boot, as it left them.
        """
        self._known, self._built, self._battery = known, built, battery
        self._segments = list(segments)
        self._last: Moment | None = None
        self._set = False

    @property
    def segments(self) -> tuple[Segment, ...]:
        """What is known of this boot, for a next process in it."""
        return tuple(self._segments)

    @property
    def was_set(self) -> bool:
        """Whether the clock was seen set in this boot (promise T4)."""
        return any(segment.seen for segment in self._segments)

    def stamp(self, boot: float) -> Stamp | None:
        """Return the time of what was measured so many seconds after boot.

        None while it waits for the clock. Look at the clocks before: see :meth:`observe`.
        """
        if not self._segments:
            return None
        index = len(self._segments) - 1
        while index and self._segments[index].start > boot:
            index -= 1
        segment = self._segments[index]
        time = round((boot + segment.offset) * 1000)
        if segment.seen is None:
            return Stamp(time, segment.error, doubtful=True)
        if not segment.proven:
            other = self._segments[index - 1].offset
            return Stamp(time, abs(segment.offset - other), doubtful=True)
        is_live = self._set and boot >= segment.seen[1] and segment is self._segments[-1]
        if is_live or segment.seen[0] <= boot <= segment.seen[1]:
            return Stamp(time, None, doubtful=False)
        return Stamp(time, segment.error_at(boot), doubtful=False)

    def observe(self, now: Moment) -> list[Happening]:
        """Take a look at the clocks; return what follows from it, in order.

        Call it once a second or so, and before stamps are asked for.
        """
        happenings: list[Happening] = self._jumps(now)
        self._last = now
        self._set = (self._battery or now.sync.state == "set") and now.wall >= self._built
        if not self._set:
            return happenings + self._guess(now)
        seen = Segment(now.boot, now.wall - now.boot, now.sync.error, (now.boot, now.boot), True)
        if self.was_set:
            return happenings + self._later(seen)
        if now.wall < self._known:
            happenings.append(Step(self._known, now.wall))
        self._segments = [seen._replace(start=0.0)]
        return [*happenings, Restamp(0.0, now.boot)]

    def _jumps(self, now: Moment) -> list[Happening]:
        if (last := self._last) is None:
            return []
        passed = now.boot - last.boot
        happenings: list[Happening] = []
        if abs(now.wall - last.wall - passed) >= STEP:
            happenings.append(Step(last.wall + passed, now.wall))
        if (slept := passed - (now.monotonic - last.monotonic)) >= STEP:
            happenings.append(Slept(slept))
        return happenings

    def _guess(self, now: Moment) -> list[Happening]:
        if self.was_set or now.boot < WAIT:
            return []
        offset = estimate(self._known, self._built)
        if now.sync.state == "unknown":  # it may well be right, and can't be seen to be
            offset = max(offset, now.wall - now.boot)
        guess = Segment(now.boot, offset, NOBODY_KNOWS, None, False)
        if not self._segments:
            self._segments = [guess._replace(start=0.0)]
            return [Restamp(0.0, now.boot)]
        if abs(offset - self._segments[-1].offset) >= STEP:
            self._append(guess)
        return []

    def _later(self, seen: Segment) -> list[Happening]:
        """Take a look that is not the first one in this boot."""
        last = self._segments[-1]
        if abs(seen.offset - last.offset) < STEP:
            return self._again(last, seen)
        if last.proven:
            self._append(seen._replace(proven=not seen.refutes(last)))
            return []
        return self._instead(last, seen)

    def _append(self, segment: Segment) -> None:
        self._segments = [*self._segments[1 - _MOST :], segment]

    def _again(self, last: Segment, seen: Segment) -> list[Happening]:
        self._segments[-1] = last = last.extended(seen.start, seen.error)
        if last.proven or last.stood < PROOF:
            return []
        return self._prove(last, seen.start)

    def _prove(self, trial: Segment, now: float) -> list[Happening]:
        """Let a time that has stood long enough hold for all that it refutes."""
        earlier, start = self._segments[:-1], trial.start
        while earlier and trial.refutes(earlier[-1]):
            start = earlier.pop().start
        self._segments = [*earlier, trial._replace(start=start, proven=True)]
        return [Restamp(start, now)]

    def _instead(self, trial: Segment, seen: Segment) -> list[Happening]:
        """Drop a time on trial for the one before it, which is proven, or for yet another."""
        self._segments.pop()
        before = self._segments[-1]
        if abs(seen.offset - before.offset) < STEP:
            self._segments[-1] = before.extended(seen.start, seen.error)
        elif not seen.refutes(before):
            self._append(seen._replace(start=trial.start))
        elif seen.refutes(trial):
            self._append(seen._replace(start=trial.start, proven=False))
        else:
            moved = trial.extended(seen.start, seen.error)
            self._append(moved._replace(offset=seen.offset))
        return [Restamp(trial.start, seen.start)]
