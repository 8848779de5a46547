"""A machine whose clocks a test turns by hand."""

from dataclasses import dataclass
from typing import Literal

from agent.clock import Moment, Sync


@dataclass
class Machine:
    """Truth, and what the machine makes of it.

    Attributes:
        booted: UTC, s, of the boot: the truth.
        error: s, by which the wall clock is ahead of the truth.
        sync: what the kernel says.
        off_by: s, what the kernel says that the error is.
        boot: s since boot.
        slept: s of them that it slept.
    """

    booted: float = 1_800_000_000.0
    error: float = 0.0
    sync: Literal["set", "unset", "unknown"] = "unset"
    off_by: float = 0.01
    boot: float = 0.0
    slept: float = 0.0

    @property
    def truth(self) -> float:
        """UTC now, s."""
        return self.booted + self.boot

    def after(self, seconds: float) -> Moment:
        """Let time pass, and look at the clocks."""
        self.boot += seconds
        wall = self.truth + self.error
        return Moment(self.boot, wall, self.boot - self.slept, Sync(self.sync, self.off_by))
