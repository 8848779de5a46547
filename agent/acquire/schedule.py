"""When a sensor is asked: aligned to the wall clock, paced by the monotonic one."""

import math
from typing import Final

from agent.clock import Clock

_FAILURES: Final = 3
_REST: Final = 30.0  # s


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

    def rest(self, failures: int) -> int:
        """Return in how many polls a sensor is asked again that failed so often in a row.

        Twice as many each time from the third failure on, but at least each 30 s, so that a dead
        sensor costs its neighbours little, and one that comes back is soon heard.
        """
        if failures < _FAILURES:
            return 1
        most = max(1, int(_REST / self._every))
        return min(most, 1 << min(failures - _FAILURES + 1, 16))

    def following(self, due: float, polls: int = 1) -> tuple[float, int]:
        """Return the due time so many polls on that isn't over yet, and how many were too late.

        Args:
            due: the due time before it.
            polls: 1 for the next one; more where a sensor is given a rest.
        """
        late = self._clock.monotonic() - due
        skipped = max(0, math.ceil(late / self._every) - polls)
        following = due + (skipped + polls) * self._every
        half = self._every / 2
        phase = (self._clock.utc(following) + half) % self._every - half
        return following - phase, skipped
