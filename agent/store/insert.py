"""Rounds as new rows."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Final

from agent.record import Layout, Round, Stored
from agent.store.codec import encode, heading_checksum
from agent.store.places import number_of
from agent.store.state import Log

_ROW: Final = 12  # bytes that a row costs beside its body


class Inserter:
    """Inserts rounds through one connection, in the transaction that is open.

    Attributes:
        written: bytes of records, since the connection was opened.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Take the connection."""
        self._connection = connection
        self._layouts: dict[Layout, tuple[int, int]] = {}
        self.written = 0

    def insert(self, rounds: Iterable[Round], log: Log, place: int) -> list[Stored]:
        """Insert rounds of a log from a place on; return them with their numbers."""
        stored, rows = [], []
        for round_ in rounds:
            layout, heading = self._layouts.get(round_.layout) or self._layout(round_.layout)
            body = encode(round_, place, heading)
            rows.append((place, len(round_), layout, body))
            stored.append(Stored(log.station, log.name, number_of(place), round_, place))
            self.written += len(body) + _ROW
            place += len(round_)
        self._connection.executemany("INSERT INTO round VALUES (?, ?, ?, ?)", rows)
        return stored

    def _layout(self, layout: Layout) -> tuple[int, int]:
        """Return the id and the checksum of a heading, stored if it is new."""
        row = (layout.sensor, json.dumps([layout.names, layout.units]))
        execute = self._connection.execute
        execute("INSERT OR IGNORE INTO layout (sensor, columns) VALUES (?, ?)", row)
        select = "SELECT id FROM layout WHERE sensor = ? AND columns = ?"
        [(id_,)] = execute(select, row).fetchall()
        select = "SELECT sensor, columns FROM layout NOT INDEXED WHERE id = ?"
        if execute(select, (id_,)).fetchall() != [row]:  # only its index is whole
            execute("DELETE FROM layout WHERE id = ?", (id_,))
            execute("REINDEX layout")
            execute("INSERT INTO layout VALUES (?, ?, ?)", (id_, *row))
        self._layouts[layout] = (id_, heading_checksum(*row))
        return self._layouts[layout]
