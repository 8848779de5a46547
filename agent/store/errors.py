"""What the store raises, and what its failures mean."""

import errno
import os
import sqlite3
from pathlib import Path
from typing import Final


class StoreError(Exception):
    """The store can't be used: a sentence on what is wrong, and one on what to do."""


class DamagedError(Exception):
    """The database isn't what was written: the message is why, as one word."""


class VanishedError(OSError):
    """The database's files were taken away or exchanged while the agent ran."""


_DAMAGED: Final = {
    sqlite3.SQLITE_ERROR,  # no such table: the schema was hit
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_IOERR_READ,  # a sector that can't be read
    sqlite3.SQLITE_IOERR_SHORT_READ,  # the file was cut
}
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_SICK: Final = {*_FULL, errno.EIO, errno.EROFS, errno.ENODEV, errno.ENXIO, errno.ETIMEDOUT}


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's extended result code; Python's own findings count as SQLITE_ERROR."""
    return getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error tells of a damaged file rather than of a failing disk."""
    code = code_of(error)
    return code in _DAMAGED or code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_full(error: Exception) -> bool:
    """Return whether there was no room: on the disk, in the quota, or under ``max_size``."""
    if isinstance(error, sqlite3.Error):
        return code_of(error) & 0xFF == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in _FULL


def is_doubtful(error: Exception) -> bool:
    """Return whether what was written before may not be on the disk, as after a failed fsync."""
    if isinstance(error, sqlite3.Error):
        return code_of(error) & 0xFF == sqlite3.SQLITE_IOERR or is_damage(error)
    return isinstance(error, OSError) and error.errno not in _FULL


def is_sick(error: Exception, directory: Path) -> bool:
    """Return whether a disk fails in a way that may pass: full, read-only, faulty, in use."""
    if isinstance(error, OSError):
        return error.errno in _SICK
    if not isinstance(error, sqlite3.Error):
        return False
    code = code_of(error) & 0xFF
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
        return _takes_no_files(directory)
    return code in {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    }


def _takes_no_files(directory: Path) -> bool:
    """Return whether the file system is read-only, without inodes, or gone."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return True
    return bool(disk.f_flag & os.ST_RDONLY) or (disk.f_files > 0 and not disk.f_favail)
