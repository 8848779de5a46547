"""When a sensor is asked: aligned to the wall clock, paced by the monotonic one."""

import math

from agent.clock import Clock


class Schedule:
    """The due times of one sensor, as seconds of the monotonic clock.

    They fall on whole multiples of the period in UTC (:00 of each minute for ``60 s``). A step of
    the wall clock moves the phase once, by at most half a period, and neither doubles nor loses a
    poll, because each due time is reckoned from the one before.
    """

    def __init__(self, every: float, clock: Clock) -> None:
        """Make the schedule of a period, s."""
        self._every = every
        self._clock = clock

    def first(self) -> float:
        """Return the first due time from now on."""
        now = self._clock.monotonic()
        return now - self._clock.utc(now) % self._every + self._every

    def following(self, due: float) -> tuple[float, int]:
        """Return the next due time that isn't over yet, and how many had to be skipped."""
        late = self._clock.monotonic() - due
        skipped = max(0, math.ceil(late / self._every) - 1)
        following = due + (skipped + 1) * self._every
        half = self._every / 2
        phase = (self._clock.utc(following) + half) % self._every - half
        return following - phase, skipped
