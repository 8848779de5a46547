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
transaction cost half of what it costs elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from typing import Any, Final, TypeVar

import structlog

from drivers.base import DeviceError
from drivers.bus.config import AnyBus, Line, ReplayBus, TcpBus
from drivers.bus.exchange import Exchange, Parity, Peer
from drivers.bus.links import Link, TcpLink
from drivers.bus.opener import Opener
from drivers.bus.queue import Job, Queue
from drivers.bus.reasons import failure
from drivers.bus.wire import Counts, Tap, Wire

log = structlog.get_logger()
T = TypeVar("T")

_GOODBYE: Final = 1.0  # s that a port has to close, when the bus is closed for good
_TICK: Final = 0.001  # s: the event loop's timers are no finer
_SILENT: Final = 5
"""So many exchanges in a row without an answer from anybody, and a port is opened anew."""


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
        self.numbers = cycle(range(1, 0x10000))
        self._link = _link(config) if link is None else link
        self._wire = Wire(
            name, config, self._link, answered=self._answered, failed=self._unanswered
        )
        self._opener = Opener(name, config, self._link)
        self._queue = Queue()
        self._turn: Job | None = None  # whose turn it is
        self._begun: Job | None = None  # what is done in this turn: itself, or one of its exchanges
        self._preparing: asyncio.Task[None] | None = None
        self._wait: asyncio.Handle | None = None  # for silence
        self._patience = 0.0  # until when
        self._own_parity: Parity = config.parity if isinstance(config, Line) else "none"
        self._parity = self._own_parity
        self._silent = 0

    @property
    def counts(self) -> Counts:
        """What happened on the wire since the start."""
        return self._wire.counts

    @property
    def tap(self) -> Tap | None:
        """Who is told every byte that goes over the wire; may be set."""
        return self._wire.tap

    @tap.setter
    def tap(self, tap: Tap | None) -> None:
        self._wire.tap = tap

    async def exchange(self, exchange: Exchange[T], peer: Peer) -> T:
        """Send a request when it is its turn, and return its answer.

        Raises:
            DeviceError: there is no port or connection, or no right answer in time.
        """
        job = Job(peer, exchange, _future())
        self._enter(job)
        answer: T = await job.answer
        return answer

    @asynccontextmanager
    async def turn(self, peer: Peer) -> AsyncIterator[Turn]:
        """Hold the wire for several exchanges; nobody else's come in between.

        Raises:
            DeviceError: there is no port or connection.
        """
        job = Job(peer, None, _future())
        try:
            self._enter(job)
            await job.answer
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
        self._wire.close()
        if self._wait is not None:
            self._wait.cancel()
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait({self._preparing})
        self._opener.close()
        gone = DeviceError("no-port", f"The bus {self.name} was closed.")
        waiting = {self._begun, self._turn, *iter(self._queue.get, None)}
        self._wire.job = self._turn = self._begun = None
        for job in waiting:
            if job is not None and not job.answer.done():
                job.answer.set_exception(gone)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await self._link.closed()

    # Whose turn it is.

    def _enter(self, job: Job) -> None:
        if self._turn is None:
            self._turn = job
            self._begin(job)
        else:
            self._queue.put(job)

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
        if self._opener.is_open and self._parity == (job.peer.parity or self._own_parity):
            self._when_silent(job)
        else:
            self._preparing = asyncio.create_task(self._prepare(job), name=f"bus {self.name}")

    async def _prepare(self, job: Job) -> None:
        try:
            if not self._opener.is_open:
                await self._opener.open(self._wire.received, self._lost)
                self._wire.counts.opened += 1
                self._parity = self._own_parity
                self._silent = 0
            if self._parity != (parity := job.peer.parity or self._own_parity):
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
        at = self._wire.free_at(job.peer.pause)
        listens = job.exchange is not None and not job.exchange.request
        if at <= now or listens:
            self._send(job, now)
            return
        if not self._patience:
            self._patience = at + self.config.timeout
        if now > self._patience:
            self._refuse(job, failure("noise", job.peer, self.name, self.config))
        elif at - now < _TICK:
            self._wait = loop.call_soon(self._when_silent, job)
        else:
            self._wait = loop.call_at(at - _TICK, self._when_silent, job)

    # On the wire.

    def _send(self, job: Job, now: float) -> None:
        if job.exchange is None:  # the wire itself was wanted
            self._begun = None
            job.answer.set_result(None)
            return
        try:
            self._wire.send(job, job.exchange, now)
        except OSError:
            self._lost()
        except DeviceError as error:
            self._fail(job, error)

    def _answered(self, job: Job, answer: object) -> None:
        self._silent = job.peer.failures = 0
        if not job.answer.done():
            job.answer.set_result(answer)
        self._done(job)

    def _unanswered(self, job: Job, reason: str) -> None:
        if reason == "timeout" and not isinstance(self.config, TcpBus):
            self._count_silence()
        self._fail(job, failure(reason, job.peer, self.name, self.config))

    def _fail(self, job: Job, error: DeviceError) -> None:
        """End an exchange without its answer, which may still come: be silent for so long."""
        self._wire.take_off()
        job.peer.failures += 1
        if self.config.framing != "tcp":
            self._wire.be_quiet(self.config.lateness)
        if isinstance(self.config, TcpBus):
            self._opener.close()
        self._refuse(job, error)

    def _count_silence(self) -> None:
        self._silent += 1
        if self._silent % _SILENT == 0 and self._opener.tired():
            log.warning("bus silent", bus=self.name, detail="Nobody answers: opened anew.")
            self._opener.close()

    def _lost(self) -> None:
        error = self._opener.lost()
        if self._wire.job is not None:
            self._fail(self._wire.job, error)


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
