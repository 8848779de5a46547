"""The database as the agent's reader sees it. Everything here runs in the reader's thread."""

import json
import sqlite3
from pathlib import Path
from typing import TypeVar

from agent.record import Layout, Stored
from agent.store.codec import decode
from agent.store.database import LOG_SHIFT, heading_checksum
from agent.store.errors import StoreError

_Row = TypeVar("_Row")


class Reader:
    """A read-only connection.

    Every query is read to its end at once: an open one would keep the WAL from being recycled.
    """

    def __init__(self, path: Path) -> None:
        """Open the database that the writer made."""
        uri = f"{path.absolute().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None)
        self._logs: dict[int, tuple[str, str]] = {}
        self._layouts: dict[int, tuple[Layout, int]] = {}

    def read(self, place: int, readings: int, end: int) -> list[Stored]:
        """Return rounds from the one that a place stands in, or the next, up to an end.

        Numbers have no hole within a log, so a span of places is a count of readings.

        Raises:
            StoreError: a record is damaged.
        """
        covering = "SELECT place, count FROM round WHERE place <= ? ORDER BY place DESC LIMIT 1"
        before = self._connection.execute(covering, (place,)).fetchall()
        if before and sum(before[0]) > place:
            first = before[0][0]
        else:
            following = "SELECT min(place) FROM round WHERE place >= ?"
            [(first,)] = self._connection.execute(following, (place,)).fetchall()
        if first is None:
            return []
        stop = min(max(place, first) + readings, end)
        select = (
            "SELECT place, count, layout, body FROM round "
            "WHERE place = ?1 OR place > ?1 AND place + count <= ?2 AND place < ?2 ORDER BY place"
        )
        rows = self._connection.execute(select, (first, stop)).fetchall()
        return [self._stored(*row) for row in rows if row[0] < end]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _stored(self, place: int, count: int, layout_id: int, body: bytes) -> Stored:
        layout, heading = self._layout(layout_id)
        log = place >> LOG_SHIFT
        name, station = self._log(log)
        number = place - (log << LOG_SHIFT)
        return Stored(station, name, number, decode(body, layout, place, count, heading), place)

    def _log(self, id_: int) -> tuple[str, str]:
        if id_ not in self._logs:
            select = "SELECT id, name, station FROM log"
            rows = self._connection.execute(select).fetchall()
            self._logs = {log: (name, station) for log, name, station in rows}
        return _found(self._logs.get(id_), f"log {id_}")

    def _layout(self, id_: int) -> tuple[Layout, int]:
        if id_ not in self._layouts:
            select = "SELECT sensor, columns FROM layout WHERE id = ?"
            for sensor, columns in self._connection.execute(select, (id_,)).fetchall():
                names, units = json.loads(columns)
                layout = Layout(sensor, tuple(names), tuple(units))
                self._layouts[id_] = (layout, heading_checksum(sensor, columns))
        return _found(self._layouts.get(id_), f"heading {id_}")


def _found(row: _Row | None, what: str) -> _Row:
    if row is None:
        raise StoreError(f"the store has lost {what}. Check the disk, and keep a copy of the store")
    return row
