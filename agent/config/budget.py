"""The time that a wire has, and what its sensors' polls need of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.base import Request, SensorConfig
from drivers.bus import AnyBus, Line, ReplayBus
from drivers.fields import format_duration

_EXACT: Final = frozenset({"rtu", "ascii", "tcp"})


@dataclass(frozen=True, slots=True)
class Budget:
    """What the polls of a bus need: at least, since how long a device thinks isn't known.

    Attributes:
        requests: how many in each period.
        needed: seconds of bytes, silences and pauses in each period; none behind a TCP gateway.
        period: seconds; the longest of its sensors'.
        baudrate: of a serial line (SDI-12: behind the adapter); None behind a TCP gateway.
        certain: whether the answers have the lengths that were reckoned with: those of Modbus do,
            those of SDI-12 and of lines of text may be shorter, and a recording isn't a wire.
    """

    requests: float
    needed: float
    period: float
    baudrate: int | None
    certain: bool

    @property
    def share(self) -> float:
        """The busy part of the bus's time."""
        return self.needed / self.period

    @property
    def impossible(self) -> bool:
        """Whether there isn't the time for it, however fast the devices are."""
        return self.certain and self.share > 1

    def __str__(self) -> str:
        each = f"of each {format_duration(self.period)}"
        if self.needed == 0:
            return f"{self.requests:g} request{'s' * (self.requests != 1)} {each[3:]}"
        speed = "" if self.baudrate is None else f" at {self.baudrate} baud"
        most = "" if self.certain else "at most "
        return f"{most}{_short(self.needed)} {each}{speed}"


def _short(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:.0f} s"


def budget(bus: AnyBus, polls: Sequence[SensorConfig]) -> Budget | None:
    """Return what the sensors of a bus need of its time; None where there are none."""
    if not polls:
        return None
    period = max(poll.every for poll in polls)
    requests = needed = 0.0
    for poll in polls:
        times = period / poll.every
        requests += times * len(poll.requests())
        needed += times * sum(_seconds(bus, poll, request) for request in poll.requests())
    baudrate = bus.slowest if isinstance(bus, Line) else None
    certain = bus.framing in _EXACT and not isinstance(bus, ReplayBus)
    return Budget(requests, needed, period, baudrate, certain)


def _seconds(bus: AnyBus, poll: SensorConfig, request: Request) -> float:
    if parity := getattr(poll, "parity", None):
        bus = bus.model_copy(update={"parity": parity})
    sent, received = request.sent, request.received
    if bus.framing == "ascii":  # two characters a byte, one of checksum instead of two, and : CR LF
        sent, received = 2 * sent + 1, 2 * received + 1
    return bus.wire_time(sent, received) + max(0.0, request.pause - bus.pause)
