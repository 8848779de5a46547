"""What a driver is tried on by :mod:`drivers.conformance`.

A distribution registers one bench a driver under ``aryk.benches``, by the driver's name: a callable
without arguments that returns an asynchronous context manager, which yields a :class:`Bench`.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drivers.bus import Bus

GROUP: Final = "aryk.benches"


@dataclass(frozen=True, slots=True)
class Bench:
    """A device that answers, and how to make it stop.

    Attributes:
        config: the sensor's table, as ``station.toml`` would have it.
        bus: the wire it hangs on, or None for a driver without one.
        silence: makes the device stop answering; None where nothing outside can.
        revive: makes it answer again; None where ``silence`` is.
    """

    config: Mapping[str, object]
    bus: "Bus | None" = None
    silence: Callable[[], None] | None = None
    revive: Callable[[], None] | None = None


MakeBench = Callable[[], AbstractAsyncContextManager[Bench]]
