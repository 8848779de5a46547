"""The store's doors: for those who write, for those who read, and for the brokers' places."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import structlog

from agent.clock import Clock
from agent.record import Round, Stored
from agent.store.database import Database
from agent.store.disk import Disk
from agent.store.keeper import Keeper, gap
from agent.store.ledger import Entry, ledger
from agent.store.machine import machine
from agent.store.places import Ranges, overlap, place_of, without
from agent.store.reader import Reader
from agent.store.room import DEFAULT, Room
from agent.store.tail import Tail
from agent.store.threads import Threads
from agent.store.writer import Writer

log = structlog.get_logger()

Start = Literal["all", "now"] | int
"""Where a new broker begins: at the first record kept, at the next one, or at a time, ms UTC."""

_TAIL: Final = 4096  # readings served from memory
_UNSAVED: Final = 1000  # readings that what a broker acknowledged may run ahead of the disk


class Store:
    """The station's log, and what each broker lacks of it."""

    def __init__(self, writer: Writer, keeper: Keeper, reader: Reader, threads: Threads) -> None:
        """Take over the parts; use :meth:`open`."""
        self._writer, self._keeper, self._reader = writer, keeper, reader
        self._threads = threads
        self._tail = Tail(_TAIL)
        self._unsaved = 0
        self._listeners: list[Callable[[], None]] = []
        self._failed_at: int | None = None  # where the log ended when a reading failed
        writer.on_commit, writer.on_reopen = self._committed, self._reopened

    @classmethod
    async def open(
        cls,
        path: Path,
        station: str,
        *,
        brokers: Mapping[str, Start] | None = None,
        max_size: int = DEFAULT,
        clock: Clock | None = None,
        disk: Disk | None = None,
        fingerprint: frozenset[str] | None = None,
    ) -> "Store":
        """Open a store, make it, or repair it, for a station.

        Args:
            path: of the database; all other files of the store have its name and an ending.
            station: the station's id.
            brokers: the configured ones, and where each begins if it is new.
            max_size: bytes that all files together may have.
            clock: what the store's own events are stamped with.
            disk: the file access.
            fingerprint: of this machine; found out unless given.

        Raises:
            StoreError: it is in use, can't be made there, is another program's or a newer
                version's.
        """
        disk, threads, room = disk or Disk(), Threads(), Room(path, max_size)
        known = machine() if fingerprint is None else fingerprint
        database = Database(path, station, room, disk, known)
        keeper = Keeper(room, database, threads)
        writer = Writer(database, keeper, threads, clock or Clock())
        store = cls(writer, keeper, Reader(path, disk), threads)
        try:
            await writer.start(brokers or {})
        except BaseException:
            threads.stop()
            raise
        return store

    @property
    def log(self) -> str:
        """The newest log's name, 8 of a-z 2-7; empty while the disk has failed from the start."""
        return next((each.name for each in reversed(self._writer.logs.values())), "")

    @property
    def log_before(self) -> str | None:
        """The name of the log before it."""
        names = [each.name for each in self._writer.logs.values()]
        return names[-2] if len(names) > 1 else None

    @property
    def end(self) -> int:
        """The place behind the last committed record: the next one gets it."""
        return self._writer.end

    def append(self, round: Round) -> None:
        """Have a round stored; it waits in memory until the writer is free. Never blocks."""
        if len(round):
            self._writer.append(round)

    def note(self, kind: str, content: Mapping[str, Any]) -> None:
        """Have an event of now stored, as a record among the others."""
        self._writer.note(kind, content)

    async def flush(self) -> None:
        """Wait until all that was appended before is committed."""
        await self._writer.flush()

    async def read(self, place: int, readings: int) -> list[Stored]:
        """Return committed rounds from a place on, in order; empty at the end.

        What can't be read is left out: it becomes a gap, with a record that says so. Nothing is
        read out as long as it isn't sure that it is on the disk.

        Args:
            place: where to begin; the first round is cut where it stands inside of it.
            readings: how many at most; one round comes in any case. May be fewer.
        """
        writer = self._writer
        if place >= writer.end or writer.held:
            return []
        rounds = self._tail.read(place, readings)
        if rounds is None:
            end = writer.end
            try:
                found = await self._threads.read(
                    self._reader.read, place, readings, end, writer.logs
                )
            except (sqlite3.Error, OSError) as error:
                log.warning("store can't be read", reason=str(error))
                return []
            rounds = found.rounds
            self._note_holes(place, rounds, found.until)
        if rounds and rounds[0].place < place:
            rounds[0] = rounds[0].part(place - rounds[0].place, len(rounds[0].round))
        return rounds

    def place(self, log: str, number: int) -> int | None:
        """Return where a number of a log stands; None where there is no such log."""
        for each in self._writer.logs.values():
            if each.name == log:
                return place_of(each.id, number)
        return None

    def waiting(self, broker: str) -> Ranges:
        """Return the places that a broker lacks, up to the end; empty where it has everything."""
        return overlap(self._writer.book.waiting(broker), self._spans())

    def backlog(self, broker: str) -> int:
        """Return how many records a broker lacks."""
        return sum(map(len, self.waiting(broker)))

    def ledger(self, broker: str) -> tuple[Entry, ...]:
        """Return how each log stands with a broker: what waits, what it will never get."""
        writer = self._writer
        return ledger(writer.book, broker, writer.logs.values(), writer.end)

    def acknowledge(self, broker: str, part: range) -> None:
        """Note that a broker has a stretch of places; it is saved with the next commit."""
        self._writer.book.acknowledge(broker, part)
        self._unsaved += len(part)
        if self._unsaved >= _UNSAVED:
            self._unsaved = 0
            self._writer.save()

    def exempt(self, broker: str, part: range, reason: str) -> None:
        """Give a stretch up for one broker that refuses it, with a gap record."""
        writer = self._writer
        for piece in writer.book.exempt(broker, part, reason):
            self.note("gap", {**gap(piece, reason, writer.logs), "brokers": [broker]})
        writer.save()

    async def rewind(
        self, broker: str, *, place: int | None = None, time: int | None = None
    ) -> None:
        """Have a broker sent again what is kept, from a place or a time (ms UTC) on."""
        if place is None:
            place = await self._threads.read(self._reader.place_at, time or 0, self._spans())
        if place is not None:
            self._writer.book.rewind(broker, place)
            self._writer.save()
            self._committed([])

    def forget(self, broker: str) -> bool:
        """Let go of a removed broker's place; return whether there was one."""
        known = self._writer.book.forget(broker)
        self._writer.save()
        return known

    async def seen(self, broker: str, log: str, next: int) -> bool:
        """Take from a broker's retained ledger that it has seen a log's numbers below ``next``.

        If this store never gave them out, it is an older copy of itself: a new log begins, and
        what was stored since under numbers that may be taken gets new ones. To be asked before
        anything is sent on a connection.

        Returns:
            Whether it was so.
        """
        try:
            return await self._writer.seen(broker, log, next)
        except (sqlite3.Error, OSError):  # the next connection asks again
            return False

    async def open_session(self) -> int:
        """Return a number that goes up with each connection, over restarts too."""
        return await self._writer.session()

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` in the event loop whenever there is something new to read.

        Returns:
            What ends it.
        """
        self._listeners.append(wake)
        return lambda: self._listeners.remove(wake)

    def facts(self) -> dict[str, Any]:
        """Return how the store does, for the station's status."""
        writer = self._writer
        kept = without(self._spans(), (each.places for each in writer.book.lost))
        needed = sum(map(len, overlap(kept, writer.book.needed())))
        share = needed / max(1, sum(map(len, kept)))
        return {
            "log": self.log,
            "appended": writer.appended,
            "failing": writer.failing,
            "held": writer.held,
            "in_memory": writer.ring.readings,
            "dropped": writer.ring.dropped,
            "brokers": {name: self.backlog(name) for name in writer.book.brokers},
            **self._keeper.facts(share, self._writer.now),
        }

    async def close(self) -> None:
        """Store what waits, save the places, leave an empty WAL, unlock."""
        try:
            await self._threads.read(self._reader.close)
            await self._writer.close()
        finally:
            self._threads.stop()

    def _spans(self) -> Ranges:
        return tuple(each.span(self._writer.end) for each in self._writer.logs.values())

    def _note_holes(self, place: int, rounds: list[Stored], until: int) -> None:
        """Note as lost what isn't where it should be."""
        at = place
        holes: list[range] = []
        for stored in rounds:
            holes.append(range(at, stored.place))
            at = stored.after
        holes.append(range(at, until))
        lost = [
            piece
            for hole in overlap(holes, self._spans())
            for piece in self._writer.book.missing(hole)
        ]
        if lost:
            log.error("records can't be read", count=sum(map(len, lost)))
            self._writer.lose(lost, "damaged")

    def _committed(self, stored: list[Stored]) -> None:
        self._tail.extend(stored)
        if not self._writer.held:
            for wake in tuple(self._listeners):
                wake()

    def _reopened(self) -> None:
        self._tail = Tail(_TAIL)
        self._reader.stale = True
