"""A bad line between a client and a broker, which a test makes worse or better while it is used."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import Final, Self

from tests.support.fakebroker import PUBACK, read_packet, remaining_length

Fate = Callable[[bytes], Iterable[tuple[float, bytes]]]
"""What becomes of a packet: what arrives instead of it, each after so many seconds."""

_CHUNK: Final = 1024  # bytes that are carried at once
_WAITING: Final = 64  # chunks on their way; then the sender is held up, as by a full pipe


def untouched(packet: bytes) -> Iterable[tuple[float, bytes]]:
    """Let a packet through."""
    return ((0.0, packet),)


def lost(share: float, dice: random.Random) -> Fate:
    """Lose a share of the packets."""
    return lambda packet: () if dice.random() < share else untouched(packet)


def doubled(packet: bytes) -> Iterable[tuple[float, bytes]]:
    """Have a packet arrive twice."""
    return ((0.0, packet), (0.0, packet))


def shuffled(within: float, dice: random.Random) -> Fate:
    """Delay each packet by itself, so that they overtake each other.

    Args:
        within: s.
        dice: says how long.
    """
    return lambda packet: ((dice.uniform(0, within), packet),)


class Proxy:
    """Listens on a port of the loopback interface and passes on to another.

    Attributes:
        port: where it listens.
        delay: s that everything takes, each way.
        rate: bytes a second, each way; None where the line has no limit.
        acknowledgements: what becomes of each PUBACK of the broker's.
        swallowing: half-open: what comes from either side is lost, and nobody is told.
        refusing: who connects is cut off at once.
        accepted: how many connections were let through.
    """

    def __init__(self, target: int) -> None:
        """Be a good line to a port of the loopback interface."""
        self.port, self._target = 0, target
        self.delay = 0.0
        self.rate: float | None = None
        self.acknowledgements: Fate = untouched
        self.swallowing = self.refusing = False
        self.accepted = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"mqtt://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End all connections without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        with suppress(ConnectionError, asyncio.CancelledError):
            if not self.refusing:
                await self._connect(reader, writer)
        self._writers.discard(writer)
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._target)
        self.accepted += 1
        self._writers.add(to_broker)
        ways = (
            asyncio.create_task(self._carry(_chunks(reader), to_broker)),
            asyncio.create_task(self._carry(self._answers(from_broker), writer)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers.discard(to_broker)
            to_broker.close()
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)

    async def _answers(self, reader: asyncio.StreamReader) -> AsyncIterator[tuple[float, bytes]]:
        """Yield what the broker's packets become."""
        while True:
            try:
                head, body = await read_packet(reader)
            except asyncio.IncompleteReadError:
                return
            packet = bytes((head,)) + remaining_length(len(body)) + body
            fate = self.acknowledgements if head >> 4 == PUBACK else untouched
            for each in fate(packet):
                yield each

    async def _carry(
        self, source: AsyncIterator[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        """Carry what comes from a source, in order but for what is delayed by itself."""
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)
        sending = asyncio.create_task(self._send(line, writer))
        loop = asyncio.get_running_loop()
        late: set[asyncio.TimerHandle] = set()
        try:
            async for after, data in source:
                if after:
                    late.add(loop.call_later(after + self.delay, self._write, writer, data))
                else:
                    await line.put((loop.time() + self.delay, data))
            await line.join()
        finally:
            sending.cancel()
            for timer in late:
                timer.cancel()
            await asyncio.wait((sending,))

    async def _send(
        self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await line.get()
            await asyncio.sleep(due - loop.time())
            if self.rate is not None:
                await asyncio.sleep(len(data) / self.rate)
            self._write(writer, data)
            with suppress(ConnectionError):
                await writer.drain()
            line.task_done()

    def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if not self.swallowing and not writer.is_closing():
            writer.write(data)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[tuple[float, bytes]]:
    while data := await reader.read(_CHUNK):
        yield 0.0, data
