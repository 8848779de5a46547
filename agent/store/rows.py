"""Rows of the database as rounds."""

import json
import sqlite3
import struct
from collections.abc import Iterable

from agent.record import Layout, Round
from agent.store.codec import decode, heading_checksum, time_of
from agent.store.errors import StoreError
from agent.store.salvage import Row, rows


class Rows:
    """Decodes the rows of one connection; headings are read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection."""
        self._connection = connection
        self._headings: dict[int, tuple[Layout, int]] = {}

    def round(self, row: Row) -> Round:
        """Return a row's round.

        Raises:
            StoreError: the row or its heading is damaged.
        """
        place, count, layout, body = row
        heading = self._headings.get(layout) or self._heading(layout)
        return decode(body, heading[0], place, count, heading[1])

    def _heading(self, id_: int) -> tuple[Layout, int]:
        select = "SELECT sensor, columns FROM layout WHERE id = ?"
        for sensor, columns in self._connection.execute(select, (id_,)).fetchall():
            try:
                names, units = json.loads(columns)
                layout = Layout(sensor, tuple(names), tuple(units))
            except (ValueError, TypeError):
                break
            self._headings[id_] = (layout, heading_checksum(sensor, columns))
            return self._headings[id_]
        raise StoreError(f"the store has lost heading {id_}. Check the disk, and keep a copy of it")


def place_at(connection: sqlite3.Connection, time: int, spans: Iterable[range]) -> int | None:
    """Return the first place whose round is of a time (ms UTC) or later; None if none is.

    Where the clock was set back within a log, it is one of several such places.

    Args:
        connection: where to look; each log takes some twenty looks.
        time: ms UTC.
        spans: the logs' places, oldest first.
    """
    for span in spans:
        low, high = span.start, span.stop
        while low < high:
            middle = (low + high) // 2
            row = next(rows(connection, middle, span.stop), None)
            if row is None or _time(row) >= time:
                high = middle
            else:
                low = row[0] + 1
        if (row := next(rows(connection, low, span.stop), None)) is not None:
            return row[0]
    return None


def _time(row: Row) -> int:
    try:
        return time_of(row[3])
    except (struct.error, TypeError):
        return 0
