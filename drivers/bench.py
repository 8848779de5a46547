"""What a driver is tried on by :mod:`drivers.conformance`.

A distribution registers one bench a driver under ``aryk.benches``, by the driver's name: a callable
without arguments that returns an asynchronous context manager, which yields a :class:`Bench`.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from drivers.bus import Bus, Parity

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


class Answers:
    """A wire in memory whose far end is a function: a bench's :class:`drivers.bus.links.Link`."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        """Take what returns the answer to a request; to none (b"") what is said unasked."""
        self._silent = False
        self._answer = answer
        self._received: Callable[[bytes], None] | None = None

    def silence(self) -> None:
        """Have nothing come from there."""
        self._silent = True

    def revive(self) -> None:
        """Have it answer again."""
        self._silent = False

    async def open(self, received: Callable[[bytes], None], lost: Callable[[], None]) -> None:  # noqa: ARG002 - it is never lost
        """Have it heard."""
        self._received = received

    async def set_parity(self, parity: "Parity") -> None:
        """Do nothing: there are no characters."""

    def write(self, data: bytes) -> None:
        """Answer in the event loop's next turn."""
        if not self._silent:
            asyncio.get_running_loop().call_soon(self._say, self._answer(data))

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def close(self) -> None:
        """Have it heard no more."""
        self._received = None

    async def closed(self) -> None:
        """Return at once."""

    def _say(self, data: bytes) -> None:
        if data and self._received is not None:
            self._received(data)
