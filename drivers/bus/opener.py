"""The life of a port or connection: opened, lost, tried again."""

import asyncio
from typing import Final

import structlog

from drivers.base import DeviceError
from drivers.bus.config import AnyBus, TcpBus
from drivers.bus.links import Link, Lost, Received

log = structlog.get_logger()

_FIRST: Final = 0.5  # s from one failed try to the next, at first
_LONGEST: Final = 5.0  # and at most: a technician who plugs an adapter in waits for it
_TIRED: Final = 10.0  # s that a port was open before it is opened anew because nobody answers
_SELDOM: Final = 600.0  # and no later than after so many s, over and over


class Opener:
    """Opens a link again and again, at growing intervals, and says once what is wrong.

    Attributes:
        is_open: whether the link is.
    """

    def __init__(self, bus: str, config: AnyBus, link: Link) -> None:
        """Make it; nothing is opened."""
        self._bus, self._config, self._link = bus, config, link
        self.is_open = False
        self._failure: DeviceError | None = None
        self._pause = _FIRST
        self._retry_at = self._opened_at = 0.0
        self._tired_after = _TIRED

    async def open(self, received: Received, lost: Lost) -> None:
        """Open the link.

        Raises:
            DeviceError: it can't be opened, or it is too soon to try again.
        """
        loop = asyncio.get_running_loop()
        if self._failure is not None and loop.time() < self._retry_at:
            raise DeviceError(self._failure.reason, str(self._failure))
        try:
            await self._link.open(received, lost)
        except DeviceError as error:
            self._fail(error)
            self._retry_at = loop.time() + self._pause
            self._pause = min(2 * self._pause, _LONGEST)
            raise
        if self._failure is not None:
            log.info("bus back", bus=self._bus)
        self._failure, self._pause, self.is_open = None, _FIRST, True
        self._opened_at = loop.time()

    def lost(self) -> DeviceError:
        """Take note that the link is gone, and return what whoever waits is told."""
        self.close()
        endpoint = self._config.endpoint
        if isinstance(self._config, TcpBus):
            return DeviceError("no-connection", f"{endpoint} closed the connection.")
        error = DeviceError("no-port", f"The port {endpoint} went: plug the adapter in.")
        self._fail(error)
        return error

    def tired(self) -> bool:
        """Return whether a port that nobody answers on was open for long enough.

        Each time it is, the next one takes twice as long: an empty line isn't opened for ever.
        """
        if asyncio.get_running_loop().time() - self._opened_at < self._tired_after:
            return False
        self._tired_after = min(2 * self._tired_after, _SELDOM)
        return True

    def close(self) -> None:
        """Close the link; the next one who asks opens it again."""
        self.is_open = False
        self._link.close()

    def _fail(self, error: DeviceError) -> None:
        if self._failure is None:
            log.warning("bus lost", bus=self._bus, reason=error.reason, detail=str(error))
        self._failure = error
