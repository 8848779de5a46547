"""Wall time, time since boot, and how far to trust them.

:class:`Clock` is the seam between the agent and the machine. :class:`Timekeeper` is pure: from
looks at the clocks it says the time of what was measured, also before anyone knew it.
``docs/quality.md`` has a section on it.
"""

from agent.clock.machine import Clock, Moment, boot_id, iso
from agent.clock.segment import Segment, Stamp, estimate
from agent.clock.sync import Sync, kernel_sync
from agent.clock.timekeeper import Happening, Restamp, Slept, Step, Timekeeper

__all__ = [
    "Clock",
    "Happening",
    "Moment",
    "Restamp",
    "Segment",
    "Slept",
    "Stamp",
    "Step",
    "Sync",
    "Timekeeper",
    "boot_id",
    "estimate",
    "iso",
    "kernel_sync",
]
