"""Whether the files are still those that were opened, and the WAL within its bound."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.store.disk import beside
from agent.store.errors import VanishedError
from agent.store.room import Room

_EVERY: Final = 1.0  # s between two looks
_COMMIT: Final = 16_384  # bytes that a small commit puts into the WAL, about


class Guard:
    """Looks at the files of an open database before it is written, now and then."""

    def __init__(self, path: Path, room: Room) -> None:
        """Take the database's path and its bounds."""
        self._files, self._room = (path, beside(path, "wal")), room
        self._opened: tuple[int | None, ...] = ()
        self._looked, self._written, self._commits = 0.0, 0, 0

    def remember(self) -> None:
        """Note which files are open now."""
        self._opened = self._inodes()

    @property
    def taken(self) -> bool:
        """Whether somebody deleted or exchanged one of the files."""
        return self._inodes() != self._opened

    @property
    def database_taken(self) -> bool:
        """Whether the database itself is among them."""
        return self._inodes()[:1] != self._opened[:1]

    def look(self, written: int, settle: Callable[[], bool]) -> None:
        """Look, where it is time or so much was written that the WAL may be full.

        Args:
            written: bytes of records so far.
            settle: empties the WAL; says whether it could.

        Raises:
            VanishedError: somebody deleted or exchanged the files.
            sqlite3.Error: the WAL is full.
        """
        self._commits += 1
        grown = written - self._written + _COMMIT * self._commits
        now = time.monotonic()
        if now < self._looked + _EVERY and grown < self._room.wal // 8:
            return
        self._looked, self._written, self._commits = now, written, 0
        if self.taken:
            raise VanishedError("the database's files were taken away")
        if self._room.wal_full and not settle():
            error = sqlite3.OperationalError("the WAL is full: another program keeps reading")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    def _inodes(self) -> tuple[int | None, ...]:
        return tuple(_inode(file) for file in self._files)


def _inode(file: Path) -> int | None:
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None
