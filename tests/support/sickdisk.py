"""A disk that can be told to fail, put into the store's seam of file access."""

import errno
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.store.disk import Disk


def failure(code: int, text: str = "disk I/O error") -> sqlite3.OperationalError:
    """Return an error as SQLite's own would come."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


class SickDisk(Disk):
    """Fails when told.

    Attributes:
        before: called with each statement that a writing connection is to execute; may raise.
        after: called when it was executed; may raise.
        syncs: called before each sync of the mark; may raise.
    """

    def __init__(self) -> None:
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.syncs: Callable[[], None] = lambda: None
        self.connections = 0

    def connect(self, path: Path, *, write: bool) -> sqlite3.Connection:
        if not write:
            return super().connect(path, write=False)
        disk = self
        self.connections += 1

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
                disk.before(sql)
                cursor = super().execute(sql, parameters)
                disk.after(sql)
                return cursor

        uri = f"{path.absolute().as_uri()}?mode=rwc"
        return sqlite3.connect(uri, uri=True, timeout=1.0, isolation_level=None, factory=Connection)

    def sync(self, descriptor: int) -> None:
        self.syncs()
        super().sync(descriptor)


class Once:
    """Raises an error the first so many times that it is called with a statement."""

    def __init__(self, error: Exception, statement: str = "COMMIT", times: int = 1) -> None:
        self._error, self._statement, self.left = error, statement, times

    def __call__(self, sql: str = "COMMIT") -> None:
        if sql.startswith(self._statement) and self.left:
            self.left -= 1
            raise self._error


class Stalled:
    """Blocks the writer's thread until it is let go: a card that collects its garbage."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.reached = threading.Event()

    def __call__(self, sql: str) -> None:
        if sql == "COMMIT":
            self.reached.set()
            assert self.gone.wait(30)


def os_error(number: int) -> OSError:
    """Return an error of the operating system."""
    return OSError(number, os.strerror(number))


NO_SPACE, IO_ERROR = errno.ENOSPC, errno.EIO
