"""What goes over an open link: one request at a time, and what comes back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import structlog

from drivers.bus.config import AnyBus
from drivers.bus.exchange import Exchange
from drivers.bus.links import Link
from drivers.bus.queue import Job

log = structlog.get_logger()

Tap = Callable[[Literal[">", "<"], bytes], None]
"""Is told what goes out (>), nothing where somebody only listens, and what comes in (<)."""

_LIMIT: Final = 1024  # bytes kept of an answer: four of the longest Modbus frames


@dataclass(slots=True)
class Counts:
    """What happened on a wire since the start.

    Attributes:
        asked: requests sent.
        answered: of these, with a right answer.
        damaged: answers with a wrong checksum, or cut short.
        foreign: bytes that came while nothing was asked: a second master, or a babbling device.
        opened: how often the port or connection was opened.
    """

    asked: int = 0
    answered: int = 0
    damaged: int = 0
    foreign: int = 0
    opened: int = 0


class Wire:
    """Sends a request, gives what comes to it alone, and ends it with its answer or its time.

    Attributes:
        counts: what happened.
        tap: is told every byte, where somebody wants to know.
        job: whose request is on the wire.
    """

    def __init__(
        self,
        name: str,
        config: AnyBus,
        link: Link,
        *,
        answered: Callable[[Job, object], None],
        failed: Callable[[Job, str], None],
    ) -> None:
        """Take the link, and who is told how a job ended: with an answer, or with a reason."""
        self._name, self._config, self._link = name, config, link
        self._answered, self._failed = answered, failed
        self.counts = Counts()
        self.tap: Tap | None = None
        self.job: Job | None = None
        self._gap = max(config.silence, config.pause)
        self._buffer = bytearray()
        self._echo = False
        self._last_byte = self._quiet_until = self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def free_at(self, pause: float) -> float:
        """Return from when on a request may go out to a device that needs such a pause, s."""
        return max(self._quiet_until, self._last_byte + max(self._gap, pause))

    def be_quiet(self, seconds: float) -> None:
        """Let nothing go out for so long: a late answer may still come."""
        self._quiet_until = asyncio.get_running_loop().time() + seconds

    def send(self, job: Job, exchange: Exchange[Any], now: float) -> None:
        """Send a job's request; its time begins.

        Raises:
            OSError: the link doesn't take it.
        """
        self._buffer.clear()
        self.job = job
        needed = self._config.wire_time(len(exchange.request), exchange.expected)
        self._arm(now + self._config.timeout + exchange.wait + needed)
        self.counts.asked += 1
        exchange.begin()
        if self.tap is not None:
            self.tap(">", exchange.request)
        if exchange.fresh:
            self._link.flush()
        self._link.write(exchange.request)

    def take_off(self, *, answered: bool = False) -> None:
        """Let go of the job, and tell its exchange, also where its caller is gone."""
        job, self.job = self.job, None
        if job is not None and job.exchange is not None and job.exchange.ended is not None:
            job.exchange.ended(answered)

    def received(self, data: bytes) -> None:
        """Take what came over the link."""
        now = self._last_byte = asyncio.get_running_loop().time()
        if self.tap is not None:
            self.tap("<", data)
        job = self.job
        if job is None or job.exchange is None:
            if now > self._quiet_until:
                self._overhear(len(data))
            return
        exchange, buffer = job.exchange, self._buffer
        buffer += data
        if exchange.request and buffer.startswith(exchange.request):
            self._strip_echo(exchange)
        answer = exchange.feed(buffer)
        if answer is not None:
            self._end(job, answer)
        elif len(buffer) > _LIMIT:
            del buffer[:-_LIMIT]

    def close(self) -> None:
        """Stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _strip_echo(self, exchange: Exchange[Any]) -> None:
        """Take an adapter's echo of the request off what was received."""
        if exchange.mirrored and not self._echo:
            return
        if not self._echo:
            log.info("bus echoes", bus=self._name, detail="The adapter's echo is taken off.")
        self._echo = True
        del self._buffer[: len(exchange.request)]

    def _overhear(self, count: int) -> None:
        if self._config.framing == "line":
            return  # such devices may speak by themselves
        if not self.counts.foreign:
            log.warning("bus overheard", bus=self._name, detail="Is there a second master on it?")
        self.counts.foreign += count

    def _end(self, job: Job, answer: object) -> None:
        self.take_off(answered=True)
        self.counts.answered += 1
        self._answered(job, answer)

    def _arm(self, deadline: float) -> None:
        """Have one timer at the latest at the deadline; it is moved on when it fires too early."""
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        job = self.job
        if job is None or job.exchange is None:
            return
        if asyncio.get_running_loop().time() < self._deadline:
            self._arm(self._deadline)
            return
        answer = job.exchange.over(self._buffer)
        if answer is not None:
            self._end(job, answer)
            return
        reason = job.exchange.why(self._buffer)
        self.counts.damaged += reason in ("crc", "short")
        self._failed(job, reason)
