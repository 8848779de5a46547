"""Room on the disk: what the store may use of it, and what it keeps back.

``max_size`` covers everything that has the database's name: the database, its WAL, the mark, files
moved aside, and a ballast, which is given up where the disk is full, so that there is room to
delete and to checkpoint.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from agent.store.disk import beside, size
from agent.store.schema import pragma

DEFAULT: Final = 512_000_000

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB
_SMALL: Final = 64 * _KIB  # lock, mark, shared memory of the WAL


def _between(low: int, number: int, high: int) -> int:
    return max(low, min(number, high))


class Room:
    """The bounds of one store.

    Attributes:
        database: bytes that the database file may have.
        wal: bytes that the WAL may have.
        step: bytes that one step of retention frees.
    """

    def __init__(self, path: Path, max_size: int = DEFAULT) -> None:
        """Take the database's path and the bound of everything, in bytes."""
        self._path, self._max_size = path, max_size
        self._ballast = _between(64 * _KIB, max_size // 128, 4 * _MIB)
        self.wal = _between(256 * _KIB, max_size // 8, 64 * _MIB)
        self.database = self.step = self._page = 0
        self.measure()

    def measure(self) -> None:
        """Reckon the bounds anew: files moved aside take up to half of the room."""
        moved = min(sum(map(size, self.asides())), self._max_size // 2)
        self.database = max(self._max_size - self._ballast - self.wal - _SMALL - moved, _SMALL)
        self.step = _between(_SMALL // 4, self.database // 10, 16 * _MIB)

    def bound(self, connection: sqlite3.Connection) -> None:
        """Hold a connection to the bounds."""
        self.measure()
        self._page = pragma(connection, "page_size")
        connection.execute(f"PRAGMA max_page_count = {self.database // self._page}").fetchall()
        pages = min(1000, self.wal // 4 // self._page)  # 1000 is SQLite's own
        connection.execute(f"PRAGMA wal_autocheckpoint = {pages}").fetchall()
        connection.execute(f"PRAGMA journal_size_limit = {self.wal // 2}").fetchall()

    def used(self, connection: sqlite3.Connection) -> int:
        """Return how many bytes of the database hold something."""
        pages = pragma(connection, "page_count") - pragma(connection, "freelist_count")
        return pages * self._page

    @property
    def wal_full(self) -> bool:
        """Whether the WAL has grown to its bound: some reader keeps it from being recycled."""
        return size(beside(self._path, "wal")) > self.wal

    def lay_ballast(self) -> None:
        """Put the ballast back where there is room for it, and as much again."""
        file = beside(self._path, "ballast")
        disk = os.statvfs(self._path.parent)
        if size(file) >= self._ballast or disk.f_bavail * disk.f_frsize < 2 * self._ballast:
            return
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(descriptor, 0, self._ballast)
        finally:
            os.close(descriptor)

    def drop_ballast(self) -> None:
        """Give the ballast up."""
        beside(self._path, "ballast").unlink(missing_ok=True)

    def asides(self) -> list[Path]:
        """Return the files that were moved aside, oldest first."""
        return sorted(self._path.parent.glob(f"{self._path.name}-aside-*"))

    def trim(self) -> list[str]:
        """Let go of the oldest files moved aside, where they take more than half of the room.

        What could be read of them was taken over. Returns the names of those that are gone.
        """
        gone: list[str] = []
        while sum(map(size, self.asides())) > self._max_size // 2:
            gone += self.trim_oldest()
        return gone

    def trim_oldest(self) -> list[str]:
        """Let go of the oldest file moved aside; return its name, if there was one."""
        for file in self.asides()[:1]:
            file.unlink()
            return [file.name]
        return []
