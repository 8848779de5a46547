"""File access: the one seam between the store and the disk. Tests put a disk's faults in here."""

import os
import sqlite3
from pathlib import Path


class Disk:
    """Opens databases, and makes files durable."""

    def connect(self, path: Path, *, write: bool) -> sqlite3.Connection:
        """Open a database; to write one, it is made where it is missing.

        Raises:
            sqlite3.Error: it can't be opened.
        """
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if write else 'ro'}"
        return sqlite3.connect(uri, uri=True, timeout=1.0, isolation_level=None)

    def sync(self, descriptor: int) -> None:
        """Have what was written to a file on the disk when this returns.

        Raises:
            OSError: it isn't there for sure.
        """
        os.fdatasync(descriptor)

    def sync_directory(self, directory: Path) -> None:
        """Make the names in a directory durable."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def beside(path: Path, what: str) -> Path:
    """Return the store's file that has a database's name and an ending."""
    return path.with_name(f"{path.name}-{what}")


def size(path: Path) -> int:
    """Return a file's size in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
