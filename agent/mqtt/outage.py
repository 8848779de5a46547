"""A broker's coming and going, as the log and ``status`` tell it: each thing once."""

import structlog

from agent.config.model import Url
from agent.mqtt.reasons import BrokerError

log = structlog.get_logger()


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

    def lost(self, url: Url, error: BrokerError) -> bool:
        """Note an attempt that failed, or a connection that ended; say whether that is news."""
        self.reason = str(error)
        self._failures += 1
        if (url, self.reason) in self._said:
            return False
        self._said.add((url, self.reason))
        tell = log.error if error.config else log.warning
        tell("broker lost", broker=self._broker, url=str(url), reason=self.reason)
        return True

    def connected(self, url: Url) -> None:
        """Note that the broker let us in."""
        self.reason = None
        if not self._announced:
            self._announced = True
            self._tell_connected(url)

    def proved(self, url: Url) -> None:
        """Note that the connection has lasted."""
        if self._said:
            self._tell_connected(url)
        self._announced, self._failures = False, 0

    def _tell_connected(self, url: Url) -> None:
        log.info("broker connected", broker=self._broker, url=str(url), failures=self._failures)
        self._said.clear()
