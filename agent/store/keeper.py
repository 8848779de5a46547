"""Keeping the store within its room: when a step of retention is due, what goes, what is told."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.record import Round, event
from agent.store import retention
from agent.store.book import Book
from agent.store.database import Database
from agent.store.places import log_of, number_of, without
from agent.store.room import Room
from agent.store.state import Log
from agent.store.threads import Threads

_HOUR: Final = 3600.0  # s
_DAY: Final = 86_400.0
_HOURS: Final = 24  # that today's rate is reckoned from


@dataclass(slots=True)
class Removal:
    """What a step takes out, and the events that say so."""

    places: tuple[range, ...]
    events: list[Round] = field(default_factory=list)


class Keeper:
    """Watches one store's room."""

    def __init__(self, room: Room, database: Database, threads: Threads) -> None:
        """Take the room and the database in it."""
        self._room, self._database, self._threads = room, database, threads
        self._used = 0
        self._looked = 0  # bytes that had been written at the last look
        self._hours: deque[tuple[float, int]] = deque(maxlen=_HOURS + 1)

    @property
    def due(self) -> bool:
        """Whether so much was written since the last look that another is due."""
        return not 0 <= self._database.written - self._looked < self._room.step // 8

    async def look(self, now: float) -> bool:
        """Measure; return whether the store is so full that a step is due.

        Args:
            now: s, of the monotonic clock.
        """
        self._looked = self._database.written
        if not self._hours or now - self._hours[-1][0] >= _HOUR:
            self._hours.append((now, self._looked))
        self._used = await self._threads.write(self._measure)
        return self._used > self._room.database - self._room.step

    async def step(
        self, book: Book, span: range, logs: Mapping[int, Log], time: int, *, urgent: bool
    ) -> Removal | None:
        """Choose what goes; note it in the book.

        Args:
            book: what each broker lacks.
            span: of the records that may go.
            logs: by ordinal.
            time: of the events, ms UTC.
            urgent: whether records may go that some broker lacks.

        Returns:
            What is to be taken out in one transaction; None where nothing may go.

        Raises:
            sqlite3.Error: the disk fails.
            OSError: the same.
        """
        return await self._acknowledged(book, span, logs, time) or (
            await self._unsent(book, span, logs, time) if urgent else None
        )

    def facts(self, needed: float, now: float) -> dict[str, float | int | None]:
        """Return what the status says of room.

        Args:
            needed: the share of the records that some broker lacks.
            now: s, of the monotonic clock.
        """
        left = self._room.database - self._used * needed
        since, written = self._hours[0] if self._hours else (now, 0)
        elapsed, grown = now - since, self._database.written - written
        days = left / grown * elapsed / _DAY if grown and elapsed > 60 else None
        return {
            "bytes": self._used,
            "max_bytes": self._room.database,
            "days_of_room": None if days is None else round(max(days, 0.0), 1),
        }

    def drop_ballast(self) -> None:
        """Give the ballast up, in the writer's thread: the disk is full."""
        self._room.drop_ballast()

    def _measure(self) -> int:
        self._room.lay_ballast()
        return self._room.used(self._database.connection)

    async def _acknowledged(
        self, book: Book, span: range, logs: Mapping[int, Log], time: int
    ) -> Removal | None:
        allowed = without((span,), book.needed())
        found = await self._threads.write(
            lambda: retention.acknowledged(self._database.connection, allowed, self._room.step)
        )
        if not found.places:
            return None
        return Removal(found.places, given_up(book, found.places, "dropped", logs, time))

    async def _unsent(
        self, book: Book, span: range, logs: Mapping[int, Log], time: int
    ) -> Removal | None:
        if gone := await self._threads.write(self._room.trim_oldest):
            await self._threads.write(lambda: self._room.bound(self._database.connection))
            return Removal((), [event("store", time, {"state": "aside-dropped", "file": gone})])
        names = {id_: log.name for id_, log in logs.items()}
        found = await self._threads.write(
            lambda: retention.oldest(self._database.connection, span, self._room.step, names)
        )
        if not found.places:
            return None
        reason = "thinned" if found.summaries else "dropped"
        events = given_up(book, found.places, reason, logs, time)
        return Removal(found.places, [*events, *found.summaries])


def given_up(
    book: Book, places: Iterable[range], reason: str, logs: Mapping[int, Log], time: int
) -> list[Round]:
    """Give places up for all; return the gap records, for what somebody lacked."""
    told: list[Round] = []
    for part in places:
        lacking = book.lose(part, reason)
        if not lacking and book.brokers:
            continue
        content = gap(part, reason, logs)
        if set(lacking) != set(book.brokers):
            content["brokers"] = sorted(lacking)
        told.append(event("gap", time, content))
    return told


def gap(part: range, reason: str, logs: Mapping[int, Log]) -> dict[str, object]:
    """Return what a gap record says of places of one log."""
    name = logs[log_of(part.start)].name
    first, last = number_of(part.start), number_of(part.stop - 1)
    return {"log": name, "from": first, "to": last, "reason": reason}
