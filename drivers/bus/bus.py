"""A wire that sensors share: one exchange at a time.

What it promises:

- An answer is accepted while its request is on the wire, and by that request's own rules. What
  comes at any other time is taken off the wire and dropped.
- A caller may be cancelled; what is on the wire stays there until it is answered or its time is
  over, and nobody else's request goes out before.
- After a failure the wire is silent for as long as a late answer may take; a TCP connection is
  closed. Between frames it is silent for as long as the protocol and the device ask.
- A port or connection that is lost is opened again by whoever asks next, at growing intervals.
- The event loop never waits for a port: see :mod:`drivers.bus.serial_link`.

It is driven by what happens (bytes, timers), without a task for an exchange: that is what makes a
transaction cost a third of what it costs elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final, Literal, TypeVar

import structlog

from drivers.base import DeviceError
from drivers.bus.config import AnyBus, Line, ReplayBus, TcpBus
from drivers.bus.exchange import Exchange, Parity, Peer
from drivers.bus.links import Link, TcpLink
from drivers.bus.opener import Opener
from drivers.bus.queue import Job, Queue

log = structlog.get_logger()
T = TypeVar("T")

Tap = Callable[[Literal[">", "<"], bytes], None]
"""Is told what goes out (>), nothing where somebody only listens, and what comes in (<)."""

REASONS: Final = {
    "timeout": "No answer from {peer} on {bus}: is it on, wired, at this address, {line}?",
    "garbled": "Only noise from {peer} on {bus}: check {line}, the wires' polarity, termination.",
    "crc": "A damaged answer from {peer} on {bus}: look for two devices with one address, "
    "bad wiring, missing termination.",
    "short": "Half an answer from {peer} on {bus}: check the wiring, or give it a longer timeout.",
    "parse": "{peer} on {bus} says what the pattern doesn't know: compare it with the manual.",
    "noise": "{bus} is never silent: look for a second master, or a device that babbles.",
}
"""Why there is no answer, and what to look for."""

_LIMIT: Final = 1024  # bytes kept of an answer: four of the longest Modbus frames
_TICK: Final = 0.001  # s: the event loop's timers are no finer
_SILENT: Final = (
    5  # exchanges in a row without an answer from anybody, then the port is opened anew
)


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


class Turn:
    """The wire, held for several exchanges of one device."""

    def __init__(self, bus: "Bus", peer: Peer) -> None:
        """Come from :meth:`Bus.turn`."""
        self._bus, self._peer = bus, peer

    async def exchange(self, exchange: Exchange[T]) -> T:
        """Send a request now, and return its answer; see :meth:`Bus.exchange`."""
        return await self._bus.exchange_in_turn(exchange, self._peer)


class Bus:
    """One wire.

    Attributes:
        name: as in ``[bus.<name>]``.
        config: its table.
        counts: what happened on it.
        tap: is told every byte that goes over it, where somebody wants to know.
        numbers: of the transactions, where the framing has any: one series a wire.
    """

    def __init__(self, name: str, config: AnyBus, link: Link | None = None) -> None:
        """Make the bus; nothing is opened.

        Args:
            name: of the bus.
            config: its table.
            link: the byte pipe, where it isn't the port or connection that the table names.
        """
        self.name, self.config = name, config
        self.counts = Counts()
        self.tap: Tap | None = None
        self._link = _link(config) if link is None else link
        self._opener = Opener(name, config, self._link)
        self._queue = Queue()
        self.numbers = cycle(range(1, 0x10000))
        self._turn: Job | None = None  # whose turn it is
        self._begun: Job | None = None  # what is done in this turn: itself, or one of its exchanges
        self._job: Job | None = None  # whose request is on the wire
        self._preparing: asyncio.Task[None] | None = None
        self._parity: Parity = "none"
        self._buffer = bytearray()
        self._echo = False
        self._silent = 0
        self._last_byte = self._quiet_until = self._patience = self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._wait: asyncio.Handle | None = None

    async def exchange(self, exchange: Exchange[T], peer: Peer) -> T:
        """Send a request when it is its turn, and return its answer.

        Raises:
            DeviceError: there is no port or connection, or no right answer in time.
        """
        answer: T = await self._enter(Job(peer, exchange, _future()))
        return answer

    @asynccontextmanager
    async def turn(self, peer: Peer) -> AsyncIterator[Turn]:
        """Hold the wire for several exchanges; nobody else's come in between.

        Raises:
            DeviceError: there is no port or connection.
        """
        job = Job(peer, None, _future())
        try:
            await self._enter(job)
            yield Turn(self, peer)
        finally:
            self._leave(job)

    async def exchange_in_turn(self, exchange: Exchange[T], peer: Peer) -> T:
        """Send a request of whoever holds the wire; use :meth:`Turn.exchange`."""
        job = Job(peer, exchange, _future())
        self._begin(job)
        answer: T = await job.answer
        return answer

    async def close(self) -> None:
        """Close the port or connection; whoever waits is told."""
        for handle in (self._timer, self._wait):
            if handle is not None:
                handle.cancel()
        self._timer = self._wait = None
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait({self._preparing})
        self._opener.close()
        gone = DeviceError("no-port", f"The bus {self.name} was closed.")
        waiting = {self._begun, self._turn, *iter(self._queue.get, None)}
        self._job = self._turn = self._begun = None
        for job in waiting:
            if job is not None and not job.answer.done():
                job.answer.set_exception(gone)
        await self._link.closed()

    # Whose turn it is.

    async def _enter(self, job: Job) -> Any:
        self._queue.put(job)
        if self._turn is None:
            self._next()
        return await job.answer

    def _next(self) -> None:
        self._turn = self._queue.get()
        if self._turn is not None:
            self._begin(self._turn)

    def _leave(self, holder: Job) -> None:
        """Give back a wire that was held; an exchange that has begun keeps it till its end."""
        if holder.answer.cancel() or self._turn is not holder:
            return  # it never had the wire: whoever comes to its turn finds it cancelled
        if self._begun is not None:
            self._turn = self._begun
        else:
            self._next()

    def _done(self, job: Job) -> None:
        self._begun = None
        if self._turn is job:
            self._next()

    # Before a request: a port, its parity, silence.

    def _begin(self, job: Job) -> None:
        self._begun, self._patience = job, 0.0
        if self._opener.is_open and self._parity == self._wanted(job):
            self._when_silent(job)
        else:
            self._preparing = asyncio.create_task(self._prepare(job), name=f"bus {self.name}")

    def _wanted(self, job: Job) -> Parity:
        own = self.config.parity if isinstance(self.config, Line) else "none"
        return job.peer.parity or own

    async def _prepare(self, job: Job) -> None:
        try:
            if not self._opener.is_open:
                await self._opener.open(self._received, self._lost)
                self.counts.opened += 1
                self._parity = self.config.parity if isinstance(self.config, Line) else "none"
                self._silent = 0
            if self._parity != (parity := self._wanted(job)):
                await self._link.set_parity(parity)
                self._parity = parity
        except DeviceError as error:
            self._refuse(job, error)
        except Exception as error:  # noqa: BLE001 - a bug: it ends the agent in the caller's task
            self._refuse(job, error)
        else:
            self._when_silent(job)

    def _refuse(self, job: Job, error: Exception) -> None:
        if not job.answer.done():
            job.answer.set_exception(error)
        self._done(job)

    def _when_silent(self, job: Job) -> None:
        self._wait = None
        if job.answer.done():
            self._done(job)
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        gap = max(self.config.silence, self.config.pause, job.peer.pause)
        at = max(self._quiet_until, self._last_byte + gap)
        listens = job.exchange is not None and not job.exchange.request
        if at <= now or listens:
            self._send(job)
            return
        if not self._patience:
            self._patience = max(at, self._quiet_until) + self.config.timeout
        if now > self._patience:
            self._refuse(job, self._failure("noise", job.peer))
        elif at - now < _TICK:
            self._wait = loop.call_soon(self._when_silent, job)
        else:
            self._wait = loop.call_at(at - _TICK, self._when_silent, job)

    # On the wire.

    def _send(self, job: Job) -> None:
        exchange = job.exchange
        if exchange is None:  # the wire itself was wanted
            self._begun = None
            job.answer.set_result(None)
            return
        self._buffer.clear()
        self._job = job
        needed = self.config.wire_time(len(exchange.request), exchange.expected)
        self._arm(asyncio.get_running_loop().time() + self.config.timeout + exchange.wait + needed)
        self.counts.asked += 1
        exchange.begin()
        if self.tap is not None:
            self.tap(">", exchange.request)
        try:
            if exchange.fresh:
                self._link.flush()
            self._link.write(exchange.request)
        except OSError:
            self._lost()
        except DeviceError as error:
            self._fail(job, error)

    def _received(self, data: bytes) -> None:
        now = self._last_byte = asyncio.get_running_loop().time()
        if self.tap is not None:
            self.tap("<", data)
        job = self._job
        if job is None or job.exchange is None:
            if now > self._quiet_until:
                self._overhear(len(data))
            return
        buffer = self._buffer
        buffer += data
        if buffer.startswith(job.exchange.request) and job.exchange.request:
            self._strip_echo(job.exchange)
        answer = job.exchange.feed(buffer)
        if answer is not None:
            self._answered(job, answer)
        elif len(buffer) > _LIMIT:
            del buffer[:-_LIMIT]

    def _strip_echo(self, exchange: Exchange[Any]) -> None:
        """Take an adapter's echo of the request off what was received."""
        if exchange.mirrored and not self._echo:
            return
        if not self._echo:
            log.info("bus echoes", bus=self.name, detail="The adapter's echo is taken off.")
        self._echo = True
        del self._buffer[: len(exchange.request)]

    def _overhear(self, count: int) -> None:
        if self.config.framing == "line":
            return  # such devices may speak by themselves
        if not self.counts.foreign:
            log.warning("bus overheard", bus=self.name, detail="Is there a second master on it?")
        self.counts.foreign += count

    def _answered(self, job: Job, answer: object) -> None:
        self._job = None
        self.counts.answered += 1
        self._silent = job.peer.failures = 0
        if not job.answer.done():
            job.answer.set_result(answer)
        self._done(job)

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
        job = self._job
        if job is None or job.exchange is None:
            return
        if asyncio.get_running_loop().time() < self._deadline:
            self._arm(self._deadline)
            return
        answer = job.exchange.over(self._buffer)
        if answer is not None:
            self._answered(job, answer)
            return
        reason = job.exchange.why(self._buffer)
        self.counts.damaged += reason in ("crc", "short")
        self._fail(job, self._failure(reason, job.peer))

    def _fail(self, job: Job, error: DeviceError) -> None:
        """End an exchange without its answer, which may still come: be silent for so long."""
        self._job = None
        job.peer.failures += 1
        if self.config.framing != "tcp":
            self._quiet_until = asyncio.get_running_loop().time() + self.config.lateness
        if isinstance(self.config, TcpBus):
            self._opener.close()
        elif error.reason == "timeout":
            self._count_silence()
        self._refuse(job, error)

    def _count_silence(self) -> None:
        self._silent += 1
        if self._silent % _SILENT == 0 and self._opener.tired():
            log.warning("bus silent", bus=self.name, detail="Nobody answers: opened anew.")
            self._opener.close()

    def _lost(self) -> None:
        error = self._opener.lost()
        if self._job is not None:
            self._fail(self._job, error)

    def _failure(self, reason: str, peer: Peer) -> DeviceError:
        line = "at this host and port"
        if isinstance(config := self.config, Line):
            line = f"{config.baudrate} baud, {peer.parity or config.parity} parity"
        sentence = REASONS[reason].format(peer=peer.name, bus=self.name, line=line)
        return DeviceError(reason, sentence)


def _future() -> asyncio.Future[Any]:
    return asyncio.get_running_loop().create_future()


def _link(config: AnyBus) -> Link:
    if isinstance(config, TcpBus):
        return TcpLink(config)
    if isinstance(config, ReplayBus):
        from drivers.replay.link import ReplayLink  # noqa: PLC0415  # few stations replay

        return ReplayLink(config)
    from drivers.bus.serial_link import SerialLink  # noqa: PLC0415  # a gateway needs no pyserial

    return SerialLink(config)
