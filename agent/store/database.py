"""The database as its one writer sees it. Everything here runs in the writer's thread."""

import base64
import json
import os
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Final
from zlib import crc32

from agent.record import Layout, Round, Stored
from agent.store.codec import encode
from agent.store.errors import StoreError
from agent.store.lock import lock, make_directory, sync_directory

LOG_SHIFT: Final = 40
"""A place is the log's id above this many bits of number: 35 years at 1,000 readings a second."""

_APPLICATION_ID: Final = int.from_bytes(b"aryk", "big")
_VERSION: Final = 1


@dataclass(slots=True)
class Work:
    """What one transaction is asked to store."""

    rounds: Sequence[Round] = ()
    cursors: Mapping[str, int] = field(default_factory=dict)
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """What one transaction has stored; ``session`` is the last number given to a connection."""

    rounds: list[Stored]
    session: int


class Database:
    """The read-write connection: there is one in the whole system.

    Attributes:
        log: the newest log's name.
        spans: the places that each log holds, oldest first; the last is the newest log's.
        cursors: the brokers' places, as they were at the opening.
    """

    def __init__(self, path: Path, station: str) -> None:
        """Lock the store, make or migrate its database, and settle what the last run left.

        Raises:
            StoreError: it can't be used.
        """
        self._path = path
        self._station = station
        self._attempt: Done | None = None
        try:
            make_directory(path.parent)
            self._lock = lock(path)
        except OSError as error:
            raise StoreError(
                f"the store can't be opened in {path.parent}: {error.strerror}. "
                "Correct the path, or let the agent's user write there"
            ) from error
        try:
            self._open()
        except (sqlite3.Error, OSError, StoreError) as error:
            os.close(self._lock)
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"{path} can't be opened as a database: {error}. "
                "Move it away to begin a new one, and keep it: it may still be readable"
            ) from error

    def write(self, work: Work) -> Done:
        """Store in one transaction; when this returns, it is synced to the disk.

        Raises:
            sqlite3.Error: it failed; call :meth:`recover` before the next.
        """
        connection = self._connection
        self._attempt = None
        connection.execute("BEGIN IMMEDIATE")
        stored = self._insert(work.rounds)
        connection.executemany("INSERT OR REPLACE INTO cursor VALUES (?, ?)", work.cursors.items())
        if work.sessions:
            connection.execute("UPDATE session SET number = number + ?", (work.sessions,))
        [(session,)] = connection.execute("SELECT number FROM session").fetchall()
        self._attempt = Done(stored, session)
        connection.execute("COMMIT")
        if stored:
            self._end = stored[-1].after
        return self._attempt

    def recover(self) -> Done | None:
        """Reopen and check the database after a failed write.

        Returns:
            What that write stored, where its commit got to the disk though it reported an error.

        Raises:
            sqlite3.Error: the disk still fails.
            OSError: the same.
            StoreError: the file isn't what it was.
        """
        attempt = self._attempt
        self._connection.close()
        self._open()
        [(verdict,)] = self._connection.execute("PRAGMA quick_check(1)").fetchall()
        if verdict != "ok":
            raise StoreError(f"{self._path} is damaged: {verdict}. Move it away to begin a new one")
        arrived = attempt and attempt.rounds and attempt.rounds[-1].after == self._end
        return attempt if arrived else None

    def close(self) -> None:
        """Leave an empty WAL, close and unlock."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._connection.close()
            os.close(self._lock)

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        try:
            self._migrate()
            self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
            self._connection.execute("PRAGMA synchronous = FULL")
            self._checkpoint()
            self._load()
            sync_directory(self._path.parent)
        except BaseException:
            self._connection.close()
            raise

    def _migrate(self) -> None:
        application, version = self._pragma("application_id"), self._pragma("user_version")
        [(tables,)] = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        if application != _APPLICATION_ID and (application or tables):
            raise StoreError(
                f"{self._path} is another program's database. Give the store another path"
            )
        if version > _VERSION:
            raise StoreError(
                f"{self._path} was written by a newer version of aryk (schema {version}; this one "
                f"knows {_VERSION}). Install that one, or give the store another path"
            )
        for number in range(version + 1, _VERSION + 1):
            script = resources.files(__package__).joinpath(f"schema/{number:03}.sql").read_text()
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
            )

    def _pragma(self, name: str) -> int:
        [(number,)] = self._connection.execute(f"PRAGMA {name}").fetchall()
        return int(number)

    def _checkpoint(self) -> None:
        """Sync what the last run left in the WAL: it may never have reached the disk."""
        checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
        [(_, frames, moved)] = self._connection.execute(checkpoint).fetchall()
        if frames != moved:
            raise StoreError(
                f"another program keeps {self._path} open in the middle of reading. Close it first"
            )

    def _load(self) -> None:
        select = "SELECT id, name, station FROM log ORDER BY id"
        logs = self._connection.execute(select).fetchall()
        if not logs or logs[-1][2] != self._station:
            logs.append(self._begin_log())
        _, self.log, _ = logs[-1]
        self.spans = [self._span(id_) for id_, _, _ in logs]
        self._end = self.spans[-1].stop
        self.cursors: dict[str, int] = dict(self._connection.execute("SELECT * FROM cursor"))
        self._layouts: dict[Layout, tuple[int, int]] = {}

    def _begin_log(self) -> tuple[int, str, str]:
        name = base64.b32encode(secrets.token_bytes(5)).decode().lower()
        insert = "INSERT INTO log (name, station) VALUES (?, ?) RETURNING id"
        [(id_,)] = self._connection.execute(insert, (name, self._station)).fetchall()
        return id_, name, self._station

    def _span(self, log: int) -> range:
        """Return the places that a log holds."""
        within = "WHERE place BETWEEN ? AND ? ORDER BY place"
        bounds = (log << LOG_SHIFT, ((log + 1) << LOG_SHIFT) - 1)
        select = f"SELECT place, count FROM round {within}"  # noqa: S608 -- constants
        first = self._connection.execute(f"{select} LIMIT 1", bounds).fetchall()
        if not first:
            return range(bounds[0] + 1, bounds[0] + 1)
        [(last, count)] = self._connection.execute(f"{select} DESC LIMIT 1", bounds).fetchall()
        return range(first[0][0], last + count)

    def _insert(self, rounds: Sequence[Round]) -> list[Stored]:
        stored, rows, place = [], [], self._end
        number = (1 << LOG_SHIFT) - 1
        for round_ in rounds:
            layout, heading = self._layout(round_.layout)
            rows.append((place, len(round_), layout, encode(round_, place, heading)))
            stored.append(Stored(self._station, self.log, place & number, round_, place))
            place += len(round_)
        self._connection.executemany("INSERT INTO round VALUES (?, ?, ?, ?)", rows)
        return stored

    def _layout(self, layout: Layout) -> tuple[int, int]:
        """Return the id and the checksum of a heading, stored if it is new."""
        if known := self._layouts.get(layout):
            return known
        columns = json.dumps([layout.names, layout.units])
        row = (layout.sensor, columns)
        self._connection.execute(
            "INSERT OR IGNORE INTO layout (sensor, columns) VALUES (?, ?)", row
        )
        select = "SELECT id FROM layout WHERE sensor = ? AND columns = ?"
        [(id_,)] = self._connection.execute(select, row).fetchall()
        self._layouts[layout] = (id_, heading_checksum(*row))
        return self._layouts[layout]


def heading_checksum(sensor: str, columns: str) -> int:
    """Return the checksum of a stored heading."""
    return crc32(f"{sensor}\n{columns}".encode())
