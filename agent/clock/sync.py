"""Whether the wall clock is set, as the kernel has it; reading that needs no privileges."""

import ctypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

DRIFT: Final = 500e-6
"""How fast an unset clock may go wrong, s/s: the kernel's own bound (MAXFREQ, 500 ppm)."""

_UNSYNC: Final = 0x0040  # STA_UNSYNC, linux/timex.h
# With 16 s (NTP_PHASE_LIMIT, linux/timex.h) the kernel gives a clock up; at DRIFT that is after:
_HELD: Final = 16 / DRIFT

# systemd-timesyncd touches it at each synchronisation, and never takes it away
# (systemd-timesyncd.service(8), since version 239).
_MARK: Final = Path("/run/systemd/timesync/synchronized")


@dataclass(frozen=True, slots=True)
class Sync:
    """What is known of the wall clock.

    Attributes:
        state: ``set`` or ``unset``; ``unknown`` where the sandbox forbids to ask.
        error: s, by how much it may be wrong where it is set.
    """

    state: Literal["set", "unset", "unknown"]
    error: float = 0.0


class _Timeval(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long))


class _Timex(ctypes.Structure):
    """struct timex as adjtimex(2) has it; the end is longer than any libc's."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("rest", ctypes.c_long * 32),
    )


_libc: Final = ctypes.CDLL(None)


def kernel_sync(wall: float, mark: Path = _MARK) -> Sync:
    """Return whether the wall clock is set.

    Where adjtimex(2) is forbidden (systemd's ``ProtectClock=`` does that), the mark that
    systemd-timesyncd leaves says when it last set the clock.

    Args:
        wall: the wall clock now, s since 1970.
        mark: the file that systemd-timesyncd touches.
    """
    timex = _Timex(modes=0)  # changes nothing
    if _libc.adjtimex(ctypes.byref(timex)) < 0:
        return _by_mark(wall, mark)
    if timex.status & _UNSYNC:
        return Sync("unset")
    return Sync("set", timex.maxerror / 1e6)


def _by_mark(wall: float, mark: Path) -> Sync:
    try:
        age = wall - mark.stat().st_mtime
    except OSError:
        return Sync("unknown")
    return Sync("set", age * DRIFT) if 0 <= age <= _HELD else Sync("unset")
