"""Writing as the event loop sees it: what waits, what is committed, what is done about failures."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import structlog

from agent.clock import Clock
from agent.record import Round, Stored, event
from agent.store.book import Book
from agent.store.database import Database
from agent.store.errors import StoreError, is_doubtful, is_full
from agent.store.keeper import Keeper, Removal, given_up
from agent.store.places import place_of
from agent.store.promises import Due, Promises
from agent.store.ring import Ring
from agent.store.state import Log
from agent.store.threads import Threads
from agent.store.work import Opened, Work

log = structlog.get_logger()

_T = TypeVar("_T")

_RETRY: Final = 1.0  # s between two tries of a disk that fails
_FAREWELL: Final = 2.0  # s that closing waits for such a disk
_SESSION: Final = "session"


class Writer:
    """Commits what is appended, as soon as the writer's thread is free.

    Attributes:
        book: what each broker lacks.
        logs: by ordinal; the last is the newest.
        end: the place behind the last committed record.
        held: whether what is committed mustn't be handed out yet: it may not be on the disk.
        failing: why the last commit failed; None where it didn't.
        ring: what waits.
        appended: records that were handed over since the start.
    """

    def __init__(self, database: Database, keeper: Keeper, threads: Threads, clock: Clock) -> None:
        """Take the database; :meth:`start` opens it."""
        self._database, self._keeper, self._threads = database, keeper, threads
        self._clock = clock
        self.ring = Ring()
        self.book = Book({}, 0)
        self.logs: dict[int, Log] = {}
        self.end = 0
        self.held = True
        self.failing: str | None = None
        self._broken = False  # the database must be reopened
        self._failure: Exception = StoreError("none yet")  # what made it so
        self._under_way = (Work(), Due())
        self._states: dict[str, Any] = {}  # of logs, to be stored
        self._starts: Mapping[str, str | int] = {}
        self.appended = 0
        self._promises = Promises()
        self._urgent = False
        self._busy = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.on_commit: Callable[[list[Stored]], None] = lambda _: None
        self.on_reopen: Callable[[], None] = lambda: None

    async def start(self, brokers: Mapping[str, str | int]) -> None:
        """Open the database; where the disk fails, writing begins when it doesn't any more.

        Args:
            brokers: the configured ones, with where each begins if it is new: ``all``, ``now``,
                or a time, ms UTC.

        Raises:
            StoreError: it can't be used.
        """
        self._starts = brokers
        try:
            await self._adopt(await self._threads.write(self._database.open))
            await self._keeper.look(self._clock.monotonic())
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        if self.failing or self.held or len(self.ring):
            self.soon()

    def append(self, round: Round) -> None:
        """Take a round; it waits in memory until the writer is free."""
        if dropped := self.ring.append(round):
            self._tell_dropped(dropped)
        self._promises.appended()
        self.appended += len(round)
        self.soon()

    def note(self, kind: str, content: Mapping[str, Any]) -> None:
        """Append an event of now."""
        self.append(event(kind, self._now(), content))

    async def flush(self) -> None:
        """Wait until all that was appended before is committed."""
        await self._committed(self._promises.flush())

    async def session(self) -> int:
        """Return the next number of a connection, once it is stored."""
        done = self._promises.new_session()
        self.soon()
        return await self._committed(done)

    def save(self) -> None:
        """Commit the book's changes now, rather than with the next round."""
        self._urgent = True
        self.soon()

    async def seen(self, broker: str, name: str, after: int) -> bool:
        """Take a broker's word for how far a log goes; return whether it is further than ours.

        Raises:
            sqlite3.Error: the disk fails.
            OSError: the same.
        """
        async with self._busy:
            for known in self.logs.values():
                if known.name == name and place_of(known.id, after) > known.span(self.end).stop:
                    break
            else:
                return False
            if known.next is None:
                begin = min(self.book.waiting(broker)[-1].start, self.end)
                job = self._database.renumber
                await self._adopt(await self._threads.write(job, after, max(begin, known.begin)))
                self.on_reopen()
            else:
                lost = range(known.span(0).stop, place_of(known.id, after))
                self.logs[known.id] = known.closed(lost.stop)
                self._states.update(self.logs[known.id].state)
                self.lose((lost,), "seen")
            self.save()
            return True

    def lose(self, places: Iterable[range], reason: str) -> None:
        """Give places up for all, with a gap record."""
        for round_ in given_up(self.book, places, reason, self.logs, self._now()):
            self.append(round_)
        self.save()

    async def close(self) -> None:
        """Store what waits and the book, as far as the disk lets; close the database."""
        crashed = self._task and self._task.done() and self._task.exception()
        if not crashed and (self.book.changed or len(self.ring)):
            self.save()
        if self._task:
            await asyncio.wait((self._task,), timeout=_FAREWELL)
            self._task.cancel()
        if self.ring.readings:
            log.error("readings lost at stop", readings=self.ring.readings)
        with contextlib.suppress(sqlite3.Error, OSError):  # the next start makes up for it
            await self._threads.write(self._database.close)

    def soon(self) -> None:
        """Have the writer go on."""
        self._wake.set()
        if self._task is None or self._task.done():
            if self._task and not self._task.cancelled():
                self._task.result()  # a bug of the writer's ends the process here
            self._task = asyncio.create_task(self._run(), name="store writer")

    async def _committed(self, done: asyncio.Future[_T]) -> _T:
        """Wait for the writer to fulfil a promise, or raise what ended it."""
        if not done.done() and self._task:
            await asyncio.wait((done, self._task), return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                self._task.result()
        return await done

    async def _run(self) -> None:
        """Commit until nothing waits; each transaction takes all that waits when it begins."""
        while self._broken or self.held or self._waits:
            self._wake.clear()
            async with self._busy:
                if self._broken:
                    await self._recover()
                elif self._waits:
                    await self._commit()
                else:
                    await self._settle()
            if self._broken:
                await asyncio.sleep(_RETRY)
            elif self.held and not self._waits:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_RETRY):
                        await self._wake.wait()

    @property
    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return self._clock.monotonic()

    @property
    def _waits(self) -> bool:
        return bool(self._urgent or len(self.ring) or self._promises.sessions)

    async def _commit(self, removal: Removal | None = None) -> None:
        """Commit all that waits, and what a step of retention takes out."""
        events, remove = (removal.events, removal.places) if removal else ([], ())
        due, self._urgent = self._promises.begin(), False
        states = self.book.changes() | self._states
        self._states = {}
        if due.sessions:
            states[_SESSION] = self._promises.session + len(due.sessions)
        work = Work([*self.ring.take(), *events], states, remove)
        self._under_way = (work, due)
        try:
            stored = await self._threads.write(self._database.write, work)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
            return
        self._done(stored)
        if removal is None and self._keeper.due:
            await self._make_room()

    async def _make_room(self, *, full: bool = False) -> None:
        """Take out what has to go, a step at a time.

        Args:
            full: the disk is, whatever the store has of it. Then records that some broker lacks
                go only when memory gets short, too: others may free the disk before.
        """
        try:
            while full or await self._keeper.look(self._clock.monotonic()):
                urgent, full = not full or self.ring.pressing, False
                span = range(self.book.begin, self.end - 1)
                step = self._keeper.step
                removal = await step(self.book, span, self.logs, self._now(), urgent=urgent)
                if removal is None:
                    return
                await self._commit(removal)
                if self._broken:
                    return
        except (sqlite3.Error, OSError) as error:
            self._fail(error)

    def _done(self, stored: list[Stored]) -> None:
        """Tell everybody who waited for a commit."""
        _, due = self._under_way
        self._under_way = (Work(), Due())
        if self.failing:
            log.info("store recovered", reason=self.failing)
            self.note("store", {"state": "recovered", "reason": self.failing})
            self.failing = None
        self._promises.keep(due)
        if stored:
            self.end = stored[-1].after
            self.on_commit(stored)

    def _fail(self, error: Exception) -> None:
        """Note that the disk fails."""
        if self.failing is None:
            log.error("store failing", reason=str(error), waiting=self.ring.readings)
        self.failing, self._broken = str(error), True
        self._failure = error
        self.held = self.held or is_doubtful(error)

    async def _recover(self) -> None:
        try:
            if is_full(self._failure):
                await self._threads.write(self._keeper.drop_ballast)
            job = self._database.recover
            opened, stored = await self._threads.write(job, self._failure)
        except (sqlite3.Error, OSError, StoreError) as error:
            self.failing = str(error)
            return
        self._broken = False
        await self._adopt(opened)
        if stored:
            self._done(stored)
        else:
            self._give_back()
        if is_full(self._failure):
            await self._make_room(full=True)

    def _give_back(self) -> None:
        """Have what a commit failed to do be done by the next."""
        work, due = self._under_way
        self._under_way = (Work(), Due())
        if dropped := self.ring.give_back(work.rounds):
            self._tell_dropped(dropped)
        self._promises.give_back(due)
        self.book.give_back(work.states)
        logs = {key: each for key, each in work.states.items() if key.startswith("log/")}
        self._states = logs | self._states
        self._urgent = self._urgent or bool(work.states)

    async def _settle(self) -> None:
        """See whether what is committed is on the disk for sure; then it may be handed out."""
        try:
            self.held = not await self._threads.write(self._database.settle)
        except (sqlite3.Error, OSError) as error:
            self._fail(error)
        if not self.held:
            self.on_commit([])

    async def _adopt(self, opened: Opened) -> None:
        """Go on from what an opening found."""
        before = self.logs
        self.logs = {each.id: each for each in opened.logs}
        self.end = opened.end
        self.held = self.held and not opened.settled
        if not before:
            self._promises.session = opened.states.get(_SESSION, int(self._clock.wall()))
            self.book = Book(opened.states, opened.logs[0].begin)
            await self._register()
        if opened.trouble is None:
            return
        newest = opened.logs[-1]
        content = {"state": "new-log", "reason": opened.trouble, "log": newest.name}
        if opened.aside:
            content["aside"] = opened.aside.name
        log.warning("a new log begins", **content)
        self.note("store", content)
        self.lose(opened.lost, opened.trouble)

    async def _register(self) -> None:
        """Note the configured brokers; a new one gets its place."""
        for name, start in self._starts.items():
            place = None
            if start == "now":
                place = self.end
            elif start != "all" and name not in self.book.brokers:
                spans = [each.span(self.end) for each in self.logs.values()]
                found = await self._threads.write(self._database.place_at, int(start), spans)
                place = self.end if found is None else found
            self.book.register(name, place)

    def _tell_dropped(self, rounds: int) -> None:
        before, now = self.ring.dropped - rounds, self.ring.dropped
        if before // 10_000 != now // 10_000 or before == 0:
            log.error("readings dropped: the store fails", dropped=now)

    def _now(self) -> int:
        return self._clock.stamp(self._clock.monotonic())
