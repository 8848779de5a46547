"""Writing a trace while it happens."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, TextIO

from drivers.base import Channel, Sample
from drivers.replay.toml import dumps, inline
from drivers.replay.trace import Direction, Event

_ONE: Final = 0.005
"""s: bytes that are received with less between them stand in one line."""
_LONG: Final = 64
"""Bytes; so long a line isn't made longer."""


class Recorder:
    """Writes what goes over a wire; itself the :attr:`drivers.bus.Bus.tap` of a bus.

    One recorder a wire. Leaving its context writes what it holds back, and leaves the file open.
    """

    def __init__(
        self,
        out: TextIO,
        tables: Mapping[str, Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Write the head.

        Args:
            out: where to.
            tables: the tables ``bus`` (one) and ``sensor`` (of those that are asked), as they stand
                in ``station.toml``.
            clock: seconds from any beginning, as the event loop counts them.
        """
        self._out, self._clock = out, clock
        self._began: float | None = None
        self._event: Event | None = None
        self._last = 0.0
        out.write(dumps(tables) + "\n\n")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what was held back."""
        self._flush()

    def __call__(self, direction: Direction, data: bytes) -> None:
        """Take what was sent (>) or received (<)."""
        now = self._clock()
        if self._began is None:
            self._began = now
        at, event = now - self._began, self._event
        together = event is not None and direction == event.direction == "<"
        if event and together and now - self._last < _ONE and len(event.data) < _LONG:
            self._event = Event(event.at, direction, event.data + data)
        else:
            self._flush()
            self._event = Event(at, direction, data)
        self._last = now

    def reading(self, sensor: str, channels: Sequence[Channel], sample: Sample) -> None:
        """Write what a sensor's driver made of what it received."""
        self._said(sensor, said(channels, sample))

    def failure(self, sensor: str, reason: str) -> None:
        """Write why a sensor gave nothing at all."""
        self._said(sensor, {"reason": reason})

    def _said(self, sensor: str, what: Mapping[str, object]) -> None:
        self._flush()
        keys = "".join(f"{key} = {inline(value)}\n" for key, value in what.items())
        self._out.write(f"\n[[reading]]\nsensor = {inline(sensor)}\n{keys}\n")

    def _flush(self) -> None:
        if self._event is not None:
            self._out.write(f"{self._event}\n")
            self._event = None


def said(channels: Sequence[Channel], sample: Sample) -> dict[str, dict[str, Any]]:
    """Return a sample as a trace has it.

    Returns:
        ``values`` by channel, or the reasons why there are none; and ``flags``, a quality and why,
        where the instrument itself speaks of them.
    """
    values = {
        channel.name: value
        if value is not None and math.isfinite(value)
        else sample.reasons.get(index, "not-finite")
        for index, (channel, value) in enumerate(zip(channels, sample.values, strict=True))
    }
    flags = {channels[index].name: list(flag) for index, flag in sample.flags.items()}
    return {"values": values} | ({"flags": flags} if flags else {})
