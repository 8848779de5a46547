"""The database as the agent's reader sees it. Everything here runs in the reader's thread."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.record import Stored
from agent.store import salvage
from agent.store.disk import Disk
from agent.store.errors import StoreError, is_damage
from agent.store.places import OPEN, log_of, number_of
from agent.store.rows import Rows, place_at
from agent.store.salvage import Row
from agent.store.state import Log


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: whole rounds in order, and the place up to which there are no others."""

    rounds: list[Stored]
    until: int


class Reader:
    """A read-only connection, opened when it is needed.

    Every query is read to its end at once: an open one would keep the WAL from being recycled.
    What is damaged is left out; it shows as a hole between the rounds.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        """Take the path of the database that the writer made."""
        self._path, self._disk = path, disk
        self._open_connection: sqlite3.Connection | None = None
        self.stale = False  # the writer has opened the database anew

    def read(self, place: int, readings: int, end: int, logs: Mapping[int, Log]) -> Found:
        """Return rounds from the one that a place stands in, or the next, up to an end.

        Numbers have no hole within a log, so a span of places is a count of readings.

        Raises:
            sqlite3.Error: the disk fails.
        """
        first = self._first(place)
        while first is not None and first < end:
            stop = min(max(place, first) + readings, end)
            rows = self._rows(first, stop)
            if rounds := self._whole(rows, place, stop, logs):
                return Found(rounds, rounds[-1].after)
            place = max(stop, place)  # nothing of all that can be read
            first = self._first(place)
        return Found([], end)

    def place_at(self, time: int, spans: Iterable[range]) -> int | None:
        """Return the first place whose round is of a time or later; None if none is."""
        return place_at(self._connection, time, spans)

    def close(self) -> None:
        """Close the connection; the next reading opens it again."""
        if self._open_connection is not None:
            self._open_connection.close()
            self._open_connection = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self.stale:
            self.stale = False
            self.close()
        if self._open_connection is None:
            self._open_connection = self._disk.connect(self._path, write=False)
            self._open_connection.text_factory = lambda text: text.decode(errors="replace")
            self._decoder = Rows(self._open_connection)
        return self._open_connection

    def _first(self, place: int) -> int | None:
        """Return where the row begins that a place stands in, or the next one."""
        covering = "SELECT place, count FROM round WHERE place <= ? ORDER BY place DESC LIMIT 1"
        following = "SELECT min(place) FROM round WHERE place >= ?"
        try:
            before = self._connection.execute(covering, (place,)).fetchall()
            if before and isinstance(before[0][1], int) and sum(before[0]) > place:
                return int(before[0][0])
            [(first,)] = self._connection.execute(following, (place,)).fetchall()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            return next((row[0] for row in salvage.rows(self._connection, place, OPEN)), None)
        return None if first is None else int(first)

    def _rows(self, first: int, stop: int) -> list[Row]:
        select = "SELECT place, count, layout, body FROM round WHERE place >= ? AND place < ?"
        try:
            return self._connection.execute(f"{select} ORDER BY place", (first, stop)).fetchall()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            return list(salvage.rows(self._connection, first, stop))

    def _whole(
        self, rows: list[Row], place: int, stop: int, logs: Mapping[int, Log]
    ) -> list[Stored]:
        found: list[Stored] = []
        for row in rows:
            log = logs[log_of(row[0])]
            try:
                stored = Stored(
                    log.station, log.name, number_of(row[0]), self._decoder.round(row), row[0]
                )
            except StoreError:
                continue
            if found and stored.after > stop:
                break
            if stored.after > place:
                found.append(stored)
        return found
