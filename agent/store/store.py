"""The store as the event loop sees it: what waits, what is committed, who is told."""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import structlog

from agent.record import Round, Stored
from agent.store.database import Database, Done, Work
from agent.store.errors import StoreError
from agent.store.reader import Reader
from agent.store.tail import Tail

log = structlog.get_logger()

_T = TypeVar("_T")

_TAIL: Final = 4096  # readings served from memory
_WAITING: Final = 100_000  # readings that may wait for a disk that fails
_UNSAVED: Final = 1000  # readings that a broker's place may run ahead of the disk
_RETRY: Final = 1.0  # s between two tries of a disk that fails
_FAREWELL: Final = 2.0  # s that closing waits for such a disk


class Store:
    """The station's log, and where each broker stands in it.

    Attributes:
        log: the incarnation's name, 8 of a-z 2-7.
        end: the place behind the last committed reading.
        dropped: readings that a failing disk cost, since the start.
    """

    def __init__(self, database: Database, reader: Reader, threads: "_Threads") -> None:
        """Take over an open database; use :meth:`open`."""
        self._database, self._reader, self._threads = database, reader, threads
        self.log = database.log
        self.end = database.spans[-1].stop
        self.dropped = 0
        self._spans = [span for span in database.spans[:-1] if span]
        self._begin = database.spans[-1].start
        self._tail = Tail(_TAIL)
        self._rounds: deque[Round] = deque()
        self._readings = 0  # that wait
        self._appended = self._settled = 0  # rounds, since the start
        self._places = dict(database.cursors)
        self._saved = dict(database.cursors)
        self._moved = self._urgent = False  # places that aren't saved; that can't wait
        self._sessions: list[asyncio.Future[int]] = []
        self._flushes: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._listeners: list[Callable[[], None]] = []
        self._writing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path, station: str) -> "Store":
        """Open a store, or make it, for a station.

        Raises:
            StoreError: it is in use, can't be made there, is another program's or damaged.
        """
        threads = _Threads()
        try:
            database = await threads.write(Database, path, station)
            reader = await threads.read(Reader, path)
        except BaseException:
            threads.stop()
            raise
        return cls(database, reader, threads)

    def append(self, round: Round) -> None:
        """Have a round stored; it waits in memory until the writer is free. Never blocks."""
        if not len(round):
            return
        self._rounds.append(round)
        self._readings += len(round)
        self._appended += 1
        self._shed()
        self._write_soon()

    async def flush(self) -> None:
        """Wait until all that was appended before is committed."""
        if self._settled < self._appended:
            done = asyncio.get_running_loop().create_future()
            self._flushes.append((self._appended, done))
            await self._committed(done)

    async def read(self, place: int, readings: int) -> list[Stored]:
        """Return committed rounds from a place on, in order; empty at the end.

        Args:
            place: where to begin; the first round is cut where it stands inside of it.
            readings: how many at most; one round comes in any case. May be fewer.

        Raises:
            StoreError: a record is damaged.
        """
        if place >= self.end:
            return []
        rounds = self._tail.read(place, readings)
        if rounds is None:
            rounds = await self._threads.read(self._reader.read, place, readings, self.end)
        if rounds and rounds[0].place < place:
            rounds[0] = _cut(rounds[0], place)
        return rounds

    def place(self, broker: str) -> int:
        """Return where a broker goes on; a new one at the first record kept."""
        first = self._spans[0].start if self._spans else self._begin
        return self._places.get(broker, first)

    def move(self, broker: str, place: int) -> None:
        """Have a broker go on at a place; it is saved with the next commit."""
        ahead = place - self._saved.get(broker, self.place(broker))
        self._places[broker] = place
        self._moved = True
        if ahead >= _UNSAVED:
            self._urgent = True
            self._write_soon()

    def waiting(self, broker: str) -> int:
        """Return how many readings a broker hasn't acknowledged."""
        place = self.place(broker)
        spans = (*self._spans, range(self._begin, self.end))
        return sum(len(range(max(span.start, place), span.stop)) for span in spans)

    async def open_session(self) -> int:
        """Return a number that goes up with each connection, over restarts too."""
        session: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._sessions.append(session)
        self._write_soon()
        return await self._committed(session)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` in the event loop after each commit of rounds.

        Returns:
            What ends it.
        """
        self._listeners.append(wake)
        return lambda: self._listeners.remove(wake)

    async def close(self) -> None:
        """Store what waits, save the places, leave an empty WAL, unlock."""
        if self._moved:
            self._urgent = True
            self._write_soon()
        if self._writing:
            await asyncio.wait((self._writing,), timeout=_FAREWELL)
            self._writing.cancel()
        if self._readings:
            log.error("readings lost at stop", readings=self._readings)
        try:
            await self._threads.read(self._reader.close)
            with contextlib.suppress(sqlite3.Error):  # the next start makes up for it
                await self._threads.write(self._database.close)
        finally:
            self._threads.stop()

    def _write_soon(self) -> None:
        if self._writing is None or self._writing.done():
            if self._writing and not self._writing.cancelled():
                self._writing.result()  # a bug of the writer's ends the process here
            self._writing = asyncio.create_task(self._write(), name="store writer")

    async def _committed(self, done: asyncio.Future[_T]) -> _T:
        """Wait for the writer to fulfil a promise, or raise what ended it."""
        assert self._writing
        await asyncio.wait((done, self._writing), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            self._writing.result()
        return await done

    async def _write(self) -> None:
        """Commit until nothing waits; each transaction takes all that waits when it begins."""
        while self._rounds or self._sessions or self._urgent:
            rounds, sessions = list(self._rounds), self._sessions
            work = Work(rounds, self._places.copy() if self._moved else {}, len(sessions))
            self._rounds.clear()
            self._sessions, self._moved, self._urgent = [], False, False
            try:
                done = await self._threads.write(self._database.write, work)
            except sqlite3.Error as error:
                log.error("store failing", reason=str(error), waiting=self._readings)  # noqa: TRY400 -- the reason says it
                recovered = await self._recover()
                log.info("store recovered", waiting=self._readings)
                if recovered is None:
                    self._give_back(work, sessions)
                    continue
                done = recovered
            self._settle(work, sessions, done)

    async def _recover(self) -> Done | None:
        while True:
            await asyncio.sleep(_RETRY)
            with contextlib.suppress(sqlite3.Error, OSError, StoreError):  # told once, above
                return await self._threads.write(self._database.recover)

    def _give_back(self, work: Work, sessions: list[asyncio.Future[int]]) -> None:
        self._rounds.extendleft(reversed(work.rounds))
        self._sessions = sessions + self._sessions
        self._moved = self._urgent = self._moved or bool(work.cursors)
        self._shed()

    def _settle(self, work: Work, sessions: list[asyncio.Future[int]], done: Done) -> None:
        self._saved.update(work.cursors)
        for number, session in enumerate(sessions, done.session - len(sessions) + 1):
            if not session.done():
                session.set_result(number)
        if not done.rounds:
            return
        self._tail.extend(done.rounds)
        self._readings -= done.rounds[-1].after - self.end
        self.end = done.rounds[-1].after
        self._advance(len(done.rounds))
        for wake in tuple(self._listeners):
            wake()

    def _advance(self, rounds: int) -> None:
        """Count rounds that wait no longer, and tell who waits for that."""
        self._settled += rounds
        while self._flushes and self._flushes[0][0] <= self._settled:
            _, done = self._flushes.popleft()
            if not done.done():
                done.set_result(None)

    def _shed(self) -> None:
        """Drop the oldest of what waits, where it is too much."""
        before = self.dropped
        while self._readings > _WAITING and self._rounds:
            lost = len(self._rounds.popleft())
            self._readings -= lost
            self.dropped += lost
            self._advance(1)
        if self.dropped // 10_000 > before // 10_000 or (self.dropped and not before):
            log.error("readings dropped: the store fails", dropped=self.dropped)


class _Threads:
    """The writer's thread and the reader's."""

    def __init__(self) -> None:
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._reader = ThreadPoolExecutor(1, "store-reader")

    async def write(self, job: Callable[..., _T], *args: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, job, *args)

    async def read(self, job: Callable[..., _T], *args: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, job, *args)

    def stop(self) -> None:
        self._writer.shutdown(wait=False)
        self._reader.shutdown(wait=False)


def _cut(stored: Stored, place: int) -> Stored:
    start = place - stored.place
    part = stored.round.part(start, len(stored.round))
    return Stored(stored.station, stored.log, stored.first + start, part, place)
