"""The database as its one writer sees it. Everything here runs in the writer's thread."""

import base64
import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from agent.record import Round, Stored
from agent.store import recovery, salvage, state
from agent.store.disk import Disk, beside
from agent.store.errors import DamagedError, StoreError, VanishedError, is_damage, is_sick
from agent.store.insert import Inserter
from agent.store.lock import lock, make_directory
from agent.store.mark import MarkFile
from agent.store.places import number_of, place_of
from agent.store.room import Room
from agent.store.rows import Rows, place_at
from agent.store.state import Log
from agent.store.witness import doubt, learn
from agent.store.work import Opened, Work

_GUARD: Final = 1.0  # s between two looks at whether the files are still there


class Database:
    """The read-write connection: there is one in the whole system."""

    def __init__(
        self, path: Path, station: str, room: Room, disk: Disk, machine: frozenset[str]
    ) -> None:
        """Take where it is and whose; :meth:`open` opens it."""
        self._path, self._station, self._room, self._disk = path, station, room, disk
        self._machine = machine
        self._mark = MarkFile(path, disk)
        self._lock: int | None = None
        self._open_connection: sqlite3.Connection | None = None
        self._logs: tuple[Log, ...] = ()
        self._end = 0
        self._inserter: Inserter | None = None
        self._attempt: list[Stored] = []
        self._names = (path, beside(path, "wal"))
        self._files: tuple[int, ...] = ()  # their inodes
        self._damaged = False  # it must be replaced
        self._guarded = 0.0
        self._trouble: str | None = None  # what the next opening has to tell

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection.

        Raises:
            sqlite3.Error: it isn't open, after a failure.
        """
        if self._open_connection is None:
            raise sqlite3.OperationalError("the database isn't open")
        return self._open_connection

    @property
    def written(self) -> int:
        """Bytes of records, since the database was opened."""
        return self._inserter.written if self._inserter else 0

    def open(self) -> Opened:
        """Lock the store, make or repair its database, and settle what the last run left.

        Raises:
            StoreError: it can't be used.
            sqlite3.Error: the disk fails in a way that may pass; it may be tried again.
            OSError: the same.
        """
        try:
            if self._lock is None:
                make_directory(self._path.parent, self._disk)
                self._lock = lock(self._path)
            return self._open()
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            if is_sick(error, self._path.parent):
                raise
            self.unlock()
            raise StoreError(
                f"the store can't be opened in {self._path.parent}: {error}. "
                "Correct the path, or let the agent's user write there"
            ) from error
        except BaseException:
            self.unlock()
            raise

    def write(self, work: Work) -> list[Stored]:
        """Do it in one transaction; when this returns, it is synced to the disk.

        Returns:
            The rounds with the numbers that are theirs for ever.

        Raises:
            sqlite3.Error: it failed; call :meth:`recover` before the next.
            OSError: the same.
        """
        connection, self._attempt = self.connection, []
        self._guard()
        connection.execute("BEGIN IMMEDIATE")
        for part in work.remove:
            places = (part.start, part.stop)
            connection.execute("DELETE FROM round WHERE place >= ? AND place < ?", places)
        stored = self._insert(work.rounds)
        if work.states:
            state.save(connection, work.states)
        self._attempt = stored
        connection.execute("COMMIT")
        if stored:
            self._end = stored[-1].after
            self._mark.write(number_of(self._end))
        return stored

    def recover(self, failure: Exception) -> tuple[Opened, list[Stored]]:
        """Reopen and check the database after a failure.

        Args:
            failure: what failed.

        Returns:
            What is there now; and what the failed write stored, where it got to the disk though
            it reported an error.

        Raises:
            StoreError: it can't be used.
            sqlite3.Error: the disk still fails.
            OSError: the same.
        """
        self._damaged = self._damaged or (isinstance(failure, sqlite3.Error) and is_damage(failure))
        self._trouble = self._trouble or self._rescue()
        self._let_go()
        opened = self.open()
        attempt, self._attempt = self._attempt, []
        self._trouble, self._damaged = None, False
        arrived = attempt and attempt[-1].after == opened.end
        return opened, attempt if arrived else []

    def settle(self) -> bool:
        """Have all that is in the WAL synced to the database; return whether it is.

        Another program that reads an old state keeps it from being so.
        """
        checkpoint = "PRAGMA wal_checkpoint(PASSIVE)"
        [(_, frames, moved)] = self.connection.execute(checkpoint).fetchall()
        return bool(frames == moved)

    def place_at(self, time: int, spans: Iterable[range]) -> int | None:
        """Return the first place whose round is of a time (ms UTC) or later; None if none is."""
        return place_at(self.connection, time, spans)

    def renumber(self, after: int, begin: int) -> Opened:
        """Begin a new log, since a broker has seen numbers that this one never gave out.

        Args:
            after: the number behind the last one that was seen.
            begin: the first place whose records may bear numbers that were another record's;
                they get new ones.
        """
        connection, end, log = self.connection, self._end, self._logs[-1]
        rounds = self._rounds(range(begin, end))
        lost = range(min(begin, end), place_of(log.id, after))
        connection.execute("BEGIN IMMEDIATE")
        self._logs = (*self._logs[:-1], log.closed(max(end, lost.stop)))
        connection.execute("DELETE FROM round WHERE place >= ? AND place < ?", (begin, end))
        self._begin_log()
        self._insert(rounds)
        connection.execute("COMMIT")
        self._end = self._last()[0]
        self._mark.name(self._logs)
        self._mark.write(number_of(self._end))
        return Opened(self._logs, self._end, trouble="seen", lost=(lost,))

    def close(self) -> None:
        """Leave an empty WAL, and a mark that says so; close and unlock."""
        try:
            if self._open_connection is not None:
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                if self.settle():
                    self._mark.write(number_of(self._end), clean=True)
        finally:
            self.unlock()

    def unlock(self) -> None:
        """Close and let go of the store."""
        self._let_go()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _let_go(self) -> None:
        self._mark.close()
        if self._open_connection is not None:
            self._open_connection.close()
            self._open_connection = None

    def _open(self) -> Opened:
        mark = self._mark.read()
        recovery.finish(self._path, self._disk)
        trouble, aside = self._trouble, None
        try:
            checked = recovery.sound(self._path, mark, self._disk, suspect=self._damaged)
            states, whole = self._connect(checked)
            trouble = trouble or (None if whole else "damaged")
        except DamagedError as damage:
            self._let_go()
            trouble = str(damage)
            aside = recovery.replace(self._path, mark, self._disk)
            states, _ = self._connect(recovery.sound(self._path, None, self._disk))
        self._room.bound(self.connection)
        settled = self.settle()
        if self._logs and not trouble:
            trouble = doubt(self._logs, self._end, mark, self._station, self._machine)
        lost: list[range] = []
        if trouble or not self._logs:
            self.connection.execute("BEGIN IMMEDIATE")
            logs, lost = learn(self._logs, self._end, mark)
            self._logs = tuple(logs)
            self._begin_log()
            self.connection.execute("COMMIT")
            self._end = self._logs[-1].begin
        self._mark.name(self._logs)
        self._mark.write(number_of(self._end))
        self._disk.sync_directory(self._path.parent)
        self._files = self._inodes()
        return Opened(self._logs, self._end, states, settled, trouble, lost, aside)

    def _connect(self, connection: sqlite3.Connection) -> tuple[dict[str, Any], bool]:
        """Take a connection; return the states, and whether the newest record is whole.

        Raises:
            DamagedError: a log's name is lost.
        """
        self._open_connection = connection
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("PRAGMA synchronous = FULL")
            states, damaged = state.load(connection)
            self._logs = tuple(state.logs_of(states))
            self._end, whole = self._last()
        except sqlite3.Error as error:
            if is_damage(error):
                raise DamagedError("damaged") from error
            raise
        if any(key.startswith("log/") for key in damaged):
            raise DamagedError("damaged")
        self._inserter = Inserter(connection)
        return states, whole

    def _begin_log(self) -> None:
        """Begin a log in the transaction that is open; the others are stored as they are now."""
        name = base64.b32encode(secrets.token_bytes(5)).decode().lower()
        id_ = self._logs[-1].id + 1 if self._logs else 1
        log = Log(id_, name, self._station, tuple(sorted(self._machine)))
        self._logs = (*self._logs, log)
        self._end = log.begin
        for each in self._logs:
            state.save(self.connection, each.state)

    def _last(self) -> tuple[int, bool]:
        """Return where the newest log ends, and whether its last record is whole."""
        if not self._logs:
            return 0, True
        begin = self._logs[-1].begin
        select = "SELECT place, count, layout, body FROM round WHERE place >= ? ORDER BY place DESC"
        for row in self.connection.execute(f"{select} LIMIT 1", (begin,)).fetchall():
            try:
                return row[0] + len(Rows(self.connection).round(row)), True
            except StoreError:
                return row[0], False
        return begin, True

    def _rounds(self, places: range) -> list[Round]:
        """Return the whole rounds among places."""
        rows = Rows(self.connection)
        found: list[Round] = []
        for row in salvage.rows(self.connection, places.start, places.stop):
            with contextlib.suppress(StoreError):  # what can't be read stays a gap
                found.append(rows.round(row))
        return found

    def _insert(self, rounds: Iterable[Round]) -> list[Stored]:
        assert self._inserter
        return self._inserter.insert(rounds, self._logs[-1], self._end)

    def _guard(self) -> None:
        """Refuse to write to files that were taken away, or past the WAL's bound.

        Raises:
            VanishedError: somebody deleted or exchanged them.
            sqlite3.Error: the WAL is full.
        """
        if (now := time.monotonic()) < self._guarded + _GUARD:
            return
        self._guarded = now
        if self._inodes() != self._files:
            raise VanishedError("the database's files were taken away")
        if self._room.wal_full and not self.settle():
            error = sqlite3.OperationalError("the WAL is full: another program keeps reading")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    def _inodes(self) -> tuple[int, ...]:
        try:
            return tuple(file.stat().st_ino for file in self._names)
        except FileNotFoundError:
            return ()

    def _rescue(self) -> str | None:
        """Take over from files that were taken away while they were open.

        What is open can still be read whole: only the names are gone.
        """
        if self._open_connection is None or self._inodes() == self._files:
            return None
        try:
            if self._path.exists() and self._path.stat().st_ino == self._files[0]:
                self.settle()  # only the WAL was taken: the database gets what was in it
                return "wal-deleted"
            mark = self._mark.read()
            recovery.replace(self._path, mark, self._disk, self._open_connection)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
        return "deleted"
