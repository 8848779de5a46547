"""A broker's coming and going, as the log and ``status`` tell it: each thing once."""

from typing import Final

import structlog

from agent.config.model import Url
from agent.mqtt.reasons import BrokerError

log = structlog.get_logger()

_AGAIN: Final = 3
"""Connections that ended before they proved themselves, from which on it isn't by chance."""

# Not every broker says so when it lets another client take a connection over.
_CLONE: Final = (
    " soon after it was made, again and again. If the link is good, look for another client with "
    "the same client id, as a copied memory card makes one"
)


class Outage:
    """What happened to a broker's connection since one last proved itself.

    Each reason gets one line, however often it comes; a connection that comes and goes again gets
    its line when it has proved itself.

    Attributes:
        reason: why there is no connection; None while there is one, or before the first try.
    """

    def __init__(self, broker: str) -> None:
        """Take the broker's name."""
        self.reason: str | None = None
        self._broker = broker
        self._said: set[tuple[Url, str]] = set()
        self._failures = 0
        self._announced = False
        self._fresh = False  # there is a connection that hasn't proved itself
        self._short = 0  # such connections that ended, one after the other

    def lost(self, url: Url, error: BrokerError) -> bool:
        """Note an attempt that failed, or a connection that ended; say whether that is news."""
        self.reason = str(error)
        if self._fresh:
            self._fresh, self._short = False, self._short + 1
            self.reason += _CLONE if self._short >= _AGAIN and error.code is None else ""
        self._failures += 1
        if (url, self.reason) in self._said:
            return False
        self._said.add((url, self.reason))
        tell = log.error if error.config else log.warning
        tell("broker lost", broker=self._broker, url=str(url), reason=self.reason)
        return True

    def connected(self, url: Url) -> None:
        """Note that the broker let us in."""
        self.reason, self._fresh = None, True
        if not self._announced:
            self._announced = True
            self._tell_connected(url)

    def proved(self, url: Url) -> None:
        """Note that the connection has lasted."""
        if self._said:
            self._tell_connected(url)
        self._announced = self._fresh = False
        self._failures = self._short = 0

    def _tell_connected(self, url: Url) -> None:
        log.info("broker connected", broker=self._broker, url=str(url), failures=self._failures)
        self._said.clear()
