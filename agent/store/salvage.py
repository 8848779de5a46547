"""Reading what can be read of a damaged database."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from agent.store.errors import is_damage

Row = tuple[int, int, int, bytes]
"""Place, count, layout, body, as they stand in the file."""

_CHUNK: Final = 500
_ALL: Final = 1_000_000
_FORWARD: Final = (
    "SELECT place, count, layout, body FROM round WHERE place >= ? AND place < ? ORDER BY place"
)
_BACKWARD: Final = f"{_FORWARD} DESC"


def rows(connection: sqlite3.Connection, begin: int, end: int) -> Iterator[Row]:
    """Yield the rows that can be read, in order, from a place up to another.

    It reads forward up to what is damaged, jumps ahead by growing steps until something can be
    read again, and from there back to the damage, so that only the damaged pages are left out.

    Raises:
        sqlite3.Error: the disk fails otherwise.
    """
    at, step = begin, 1
    while at < end:
        stretch, whole = _readable(connection, _FORWARD, at, end)
        for row in stretch:
            if row[0] >= at:  # a damaged page may lead back
                yield row
                at, step = row[0] + 1, 1
        if whole:
            if len(stretch) < _CHUNK:
                return
            continue
        beyond = at + step
        behind, _ = _readable(connection, _FORWARD, beyond, end, 1)
        if behind and behind[0][0] >= beyond:
            before, _ = _readable(connection, _BACKWARD, at, behind[0][0], _ALL)
            for row in reversed(before):
                if row[0] >= at:
                    yield row
                    at = row[0] + 1
            at, step = max(at, behind[0][0]), 1
        else:
            step *= 2
            if beyond >= end:
                return


def _readable(
    connection: sqlite3.Connection, select: str, begin: int, end: int, most: int = _CHUNK
) -> tuple[list[Row], bool]:
    """Return rows up to an error, and whether there was none."""
    found: list[Row] = []
    try:
        cursor = connection.execute(f"{select} LIMIT {most}", (begin, end))
        while (row := cursor.fetchone()) is not None:
            found.append(row)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return found, False
    return found, True
