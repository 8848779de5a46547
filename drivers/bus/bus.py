"""A wire that sensors share: one exchange at a time, in the order in which they ask."""

import asyncio
from typing import Final, TypeVar

import structlog

from drivers.base import DeviceError
from drivers.bus.config import SerialBus, TcpBus
from drivers.bus.exchange import Exchange
from drivers.bus.links import Link, SerialLink, TcpLink

log = structlog.get_logger()
T = TypeVar("T")

_LIMIT: Final = 1024  # bytes kept of an answer: four of the longest Modbus frames
_REOPEN: Final = 1.0  # s from one try to open to the next


class Bus:
    """One wire."""

    def __init__(self, name: str, config: SerialBus | TcpBus) -> None:
        """Make the bus; nothing is opened."""
        self.name = name
        self.config = config
        self._serial = isinstance(config, SerialBus)
        self._link: Link = SerialLink(config) if isinstance(config, SerialBus) else TcpLink(config)
        self._turn = asyncio.Lock()
        self._open = False
        self._failure: DeviceError | None = None
        self._retry_at = 0.0
        self._quiet_until = 0.0
        self._last_byte = 0.0
        self._buffer = bytearray()
        self._changed: asyncio.Future[bool] | None = None
        self._exchange: Exchange[object] | None = None
        self._answer: object | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def exchange(self, exchange: Exchange[T], pause: float = 0) -> T:
        """Send a request when it is its turn, and return its answer.

        Args:
            exchange: the request, and how its answer is recognised.
            pause: seconds of silence that the device needs before a request.

        Raises:
            DeviceError: there is no port or connection, or no answer.
        """
        async with self._turn:
            await self._ready()
            await self._silence(pause)
            try:
                return await self._transact(exchange)
            except BaseException:  # a cancelled caller leaves a request on the wire, too
                await self._calm()
                raise

    async def close(self) -> None:
        """Close the port or connection; the next exchange would open it again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lost()  # whoever waits for an answer is told
        await self._link.close()

    async def _ready(self) -> None:
        if self._open:
            return
        now = asyncio.get_running_loop().time()
        if self._failure is not None and now < self._retry_at:
            raise DeviceError(self._failure.reason, str(self._failure))
        await self._link.close()
        self._retry_at = now + _REOPEN
        try:
            await self._link.open(self._received, self._lost)
        except DeviceError as error:
            if self._failure is None:
                log.warning("bus lost", bus=self.name, reason=error.reason, why=str(error))
            self._failure = error
            raise
        if self._failure is not None:
            log.info("bus back", bus=self.name)
        self._failure, self._open = None, True

    async def _silence(self, pause: float) -> None:
        loop = asyncio.get_running_loop()
        bound = max(loop.time(), self._quiet_until) + self.config.timeout + pause
        gap = max(self.config.silence, self.config.pause, pause)
        while (wait := max(self._quiet_until, self._last_byte + gap) - loop.time()) > 0:
            if loop.time() > bound:
                raise DeviceError("noise", "The line is never silent: look for a second master.")
            await asyncio.sleep(wait)

    async def _transact(self, exchange: Exchange[T]) -> T:
        loop = asyncio.get_running_loop()
        self._buffer.clear()
        self._exchange, self._answer = exchange, None
        self._changed = loop.create_future()
        needed = self.config.wire_time(len(exchange.request), exchange.expected)
        self._arm(loop.time() + self.config.timeout + needed)
        try:
            self._link.write(exchange.request)
            await self._changed
        except OSError as error:
            self._lost()
            raise self._gone() from error
        finally:
            self._changed = None
        answer: T = self._answer  # type: ignore[assignment]  # what this exchange's feed gave
        return answer

    def _arm(self, deadline: float) -> None:
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self._changed is None or self._changed.done() or self._exchange is None:
            return
        if asyncio.get_running_loop().time() < self._deadline:
            self._arm(self._deadline)
            return
        reason = self._exchange.why(self._buffer)
        self._changed.set_exception(
            DeviceError(reason, f"No right answer on {self.name} in time ({reason}).")
        )

    def _received(self, data: bytes) -> None:
        self._last_byte = asyncio.get_running_loop().time()
        if self._changed is None or self._changed.done() or self._exchange is None:
            return
        self._buffer += data
        self._answer = self._exchange.feed(self._buffer)
        if self._answer is not None:
            self._changed.set_result(True)
        del self._buffer[:-_LIMIT]

    def _lost(self) -> None:
        self._open = False
        if self._changed is not None and not self._changed.done():
            self._changed.set_exception(self._gone())

    def _gone(self) -> DeviceError:
        if self._serial:
            return DeviceError("no-port", f"The port {self.config.endpoint} went: plug it in.")
        return DeviceError("no-connection", f"{self.config.endpoint} closed the connection.")

    async def _calm(self) -> None:
        if self._serial:
            now = asyncio.get_running_loop().time()
            self._quiet_until = max(now, self._deadline) + self.config.lateness
        else:
            self._open = False
            await self._link.close()
