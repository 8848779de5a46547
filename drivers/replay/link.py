"""A recorded wire: whoever sends what was sent then, receives what was received then."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from drivers.base import DeviceError
from drivers.bus.config import ReplayBus
from drivers.bus.exchange import Parity
from drivers.bus.links import Lost, Received
from drivers.replay.trace import Event, TraceError, as_text, read
from drivers.threads import in_thread

_SHOWN: Final = 40  # characters of a request in a sentence


class ReplayLink:
    """The pipe of a bus whose table says ``replay``.

    What is received goes out after the request before it: at once with ``pace = "fast"``, else as
    long after it as then. What is still to come when the next request is sent, is left out.
    """

    def __init__(self, config: ReplayBus) -> None:
        """Make the link; nothing is read."""
        self._file, self._fast = Path(config.replay), config.pace == "fast"
        self._events: Sequence[Event] | None = None
        self._next = 0
        self._began = 0.0  # the event loop's time at the recording's begin
        self._coming: asyncio.TimerHandle | None = None
        self._received: Received | None = None

    @property
    def left(self) -> Sequence[Event]:
        """What was recorded and didn't happen again yet."""
        return (self._events or ())[self._next :]

    async def open(self, received: Received, lost: Lost) -> None:  # noqa: ARG002 - it is never lost
        """Read the trace, the first time; then go on where it was."""
        if self._events is None:
            try:
                self._events = (await in_thread(read, self._file)).events
            except TraceError as error:
                raise DeviceError("no-port", str(error)) from error
        self._received = received
        if self._next == 0:
            self._say(0.0)

    async def set_parity(self, parity: Parity) -> None:
        """Do nothing: the bytes are those of the recording."""

    def write(self, data: bytes) -> None:
        """Take a request, or that somebody listens (b"").

        Raises:
            DeviceError: ``not-recorded``, as it isn't what was sent next.
        """
        self._hush()
        while self.left and self.left[0].direction == "<":
            self._next += 1
        if not self.left:
            raise DeviceError(
                "not-recorded",
                f"The trace {self._file} is at its end: nothing was sent after it.",
            )
        recorded = self.left[0]
        if recorded.data != data:
            raise DeviceError(
                "not-recorded",
                f"{self._file}:{recorded.line}: then {_shown(recorded.data)} was sent, and now "
                f"{_shown(data)}: ask the same sensors, in the same order, with the same settings.",
            )
        self._next += 1
        self._say(recorded.at)

    def flush(self) -> None:
        """Do nothing: what was received before the next request isn't said any more anyway."""

    def close(self) -> None:
        """Say no more until it is opened again."""
        self._hush()
        self._received = None

    async def closed(self) -> None:
        """Return at once."""

    def _hush(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None

    def _say(self, since: float) -> None:
        """Have come what was received from a time of the recording on."""
        self._began = asyncio.get_running_loop().time() - since
        self._wait()

    def _wait(self) -> None:
        self._hush()
        if self.left and self.left[0].direction == "<":
            loop = asyncio.get_running_loop()
            at = loop.time() if self._fast else self._began + self.left[0].at
            self._coming = loop.call_at(at, self._arrive)

    def _arrive(self) -> None:
        event = self.left[0]
        self._next += 1
        if self._received is not None:
            self._received(event.data)
        self._wait()


def _shown(data: bytes) -> str:
    if not data:
        return "nothing (somebody listened)"
    text = data.hex(" ")
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return f"{shown} ({as_text(data)})" if data.isascii() and len(data) < _SHOWN // 3 else shown
