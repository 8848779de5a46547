"""The machine's clocks: wall time, time since boot, and time as the event loop counts it."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from agent.clock.sync import Sync, kernel_sync

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """All clocks of the machine at one moment.

    Attributes:
        boot: s since boot, with the time that the machine slept.
        wall: UTC, s since 1970, as the machine has it.
        monotonic: s as the event loop counts them; stands still while the machine sleeps.
        sync: what is known of how right ``wall`` is.
    """

    boot: float
    wall: float
    monotonic: float
    sync: Sync


class Clock:
    """The seam between the agent and the machine's clocks.

    The event loop's time is the monotonic clock; wall time is worked out from it, so that every
    part of the agent that stamps the same moment gets the same stamp.
    """

    def monotonic(self) -> float:
        """Return the seconds of the clock that never steps, as the event loop counts them."""
        return time.monotonic()

    def wall(self) -> float:
        """Return UTC, s since 1970, as the machine has it now."""
        return time.time()

    def since_boot(self) -> float:
        """Return the seconds since boot, with the time that the machine slept."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def look(self) -> Moment:
        """Return all clocks at one moment: of three looks the one that took the least time.

        A busy machine may let other work go first between two clocks; that would look like a step.
        """
        width, boot, wall, monotonic = min(self._glance() for _ in range(3))
        return Moment(boot + width / 2, wall, monotonic, kernel_sync(wall))

    def _glance(self) -> tuple[float, float, float, float]:
        boot = self.since_boot()
        wall, monotonic = self.wall(), self.monotonic()
        return self.since_boot() - boot, boot, wall, monotonic

    def utc(self, at: float) -> float:
        """Return the wall time, s since 1970, of a moment of the monotonic clock."""
        return self.wall() - (self.monotonic() - at)

    def stamp(self, at: float) -> int:
        """Return the wall time of a moment of the monotonic clock, ms since 1970."""
        return round(self.utc(at) * 1000)


def boot_id() -> str:
    """Return the kernel's name of this boot, or an empty text where there is none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def iso(milliseconds: int) -> str:
    """Return a time as ISO 8601 in UTC, to the millisecond where it has any."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    whole = milliseconds % 1000 == 0
    return moment.isoformat(timespec="seconds" if whole else "milliseconds").replace("+00:00", "Z")
