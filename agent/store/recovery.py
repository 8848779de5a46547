"""What happens to a database that can't be gone on with.

A file that is damaged, foreign, empty or gone is replaced: what can be read of it goes into a new
file, the old one is moved aside and kept, and the new one takes its place. The new file is built
beside the old one and bears its version only when it is whole; a cut at any moment finds either an
unfinished file, which is thrown away, or a whole one, whose swap is finished.

A file that is sound but not ours to go on with (an older copy, another machine's, another
station's) stays where it is: only a new log begins in it. Nothing would be won by copying it.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from agent.store import salvage, state
from agent.store.disk import Disk, beside, size
from agent.store.errors import DamagedError, StoreError, code_of, is_damage
from agent.store.mark import Mark
from agent.store.places import place_of
from agent.store.schema import VERSION, migrate, pragma, recognise
from agent.store.state import Log, load, logs_of

_T = TypeVar("_T")

CHECK: Final = 10.0
"""Seconds that the check after an unclean end may take; what it doesn't reach, reading finds."""

_HEADER: Final = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html, 1.3
_OPCODES: Final = 20_000  # of SQLite's machine between two looks at the clock


def sound(
    path: Path, mark: Mark | None, disk: Disk, *, suspect: bool = False
) -> sqlite3.Connection:
    """Open the database, made, migrated and, after an unclean end, checked.

    Args:
        path: the database.
        mark: its high-water mark, if there is one.
        disk: the file access.
        suspect: whether somebody met damage in it already; a check may overlook it.

    Raises:
        DamagedError: it isn't what was written.
        StoreError: it is another program's, or a newer version's.
        sqlite3.Error: the disk fails.
        OSError: the same.
    """
    if suspect:
        raise DamagedError("damaged")
    if mark is not None and not size(path):
        raise DamagedError("empty" if path.exists() else "deleted")
    with path.open("rb") if path.exists() else open(os.devnull, "rb") as file:  # noqa: PTH123 -- no Path for it
        if file.read(len(_HEADER)) not in (_HEADER, b""):
            raise DamagedError("foreign")
    connection = disk.connect(path, write=True)
    migrating = False
    try:
        connection.text_factory = lambda text: text.decode(errors="replace")
        _recognise(connection, path, mark)
        if not (mark and mark.clean) and size(path):
            check(connection)
        migrating = True
        migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        bug = migrating and code_of(error) == sqlite3.SQLITE_ERROR  # ours: the file is whole
        if is_damage(error) and not bug:
            raise DamagedError("damaged") from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def check(connection: sqlite3.Connection) -> None:
    """Check the database's structure, as far as time allows.

    Raises:
        DamagedError: it isn't right.
    """
    end = time.monotonic() + CHECK
    connection.set_progress_handler(lambda: time.monotonic() > end, _OPCODES)
    try:
        [(verdict,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        connection.set_progress_handler(None, 0)
    if verdict != "ok":
        raise DamagedError("damaged")


def _recognise(connection: sqlite3.Connection, path: Path, mark: Mark | None) -> None:
    try:
        recognise(connection, path)
    except DamagedError:
        if mark is not None:  # ours was here before
            raise
        raise StoreError(
            f"{path} is another program's database. Give the store another path"
        ) from None


def replace(
    path: Path, mark: Mark | None, disk: Disk, source: sqlite3.Connection | None = None
) -> Path | None:
    """Put a new database in the place of one that can't be gone on with.

    Args:
        path: the database.
        mark: names the logs, should the database have lost them.
        disk: the file access.
        source: where to read, if not from the path: a file that was taken away is still open.

    Returns:
        Where the old file is now, if there was any.
    """
    _discard(path)
    target = disk.connect(beside(path, "new"), write=True)
    try:
        target.execute("PRAGMA synchronous = FULL")
        migrate(target)
        target.execute("PRAGMA user_version = 0")
        _salvage(path, target, mark, disk, source)
        target.execute(f"PRAGMA user_version = {VERSION}")
    finally:
        target.close()
    return swap(path, disk)


def finish(path: Path, disk: Disk) -> None:
    """Finish a replacement that was cut off, or throw it away."""
    new = beside(path, "new")
    if not size(new):
        return
    try:
        connection = disk.connect(new, write=True)
        try:
            whole = pragma(connection, "user_version") == VERSION
        finally:
            connection.close()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        whole = False
    if whole:
        swap(path, disk)
    else:
        _discard(path)


def swap(path: Path, disk: Disk) -> Path | None:
    """Move the old files aside, and the new one into their place; it may be done again."""
    new = beside(path, "new")
    built = datetime.fromtimestamp(new.stat().st_mtime_ns // 1000 / 1e6, UTC)
    aside = beside(path, f"aside-{built:%Y%m%dT%H%M%S.%fZ}")
    moved = False
    for old, kept in ((path, aside), (beside(path, "wal"), beside(aside, "wal"))):
        if size(old):
            if not kept.exists():
                os.link(old, kept)
            moved = True
    disk.sync_directory(path.parent)
    for rest in ("wal", "shm"):
        beside(path, rest).unlink(missing_ok=True)
    disk.sync_directory(path.parent)
    new.replace(path)
    disk.sync_directory(path.parent)
    return aside if moved else None


def _discard(path: Path) -> None:
    for rest in ("new-journal", "new"):
        beside(path, rest).unlink(missing_ok=True)


def _salvage(
    path: Path,
    target: sqlite3.Connection,
    mark: Mark | None,
    disk: Disk,
    source: sqlite3.Connection | None,
) -> None:
    """Copy what can be read."""
    named = mark.logs if mark else ()
    try:
        old = source or disk.connect(path, write=True)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        state.save(target, _all_logs((), named))
        return
    try:
        old.text_factory = lambda text: text.decode(errors="replace")
        _copy(old, target, named)
    finally:
        if source is None:
            old.close()


def _copy(old: sqlite3.Connection, target: sqlite3.Connection, named: Sequence[Log]) -> None:
    nothing: dict[str, Any] = {}
    states = _tolerant(lambda: load(old)[0], nothing)
    target.execute("BEGIN")
    logs = _all_logs(logs_of(states), named)
    state.save(target, {**states, **logs})
    select = "SELECT id, sensor, columns FROM layout"
    none: list[Any] = []
    layouts = _tolerant(lambda: old.execute(select).fetchall(), none)
    target.executemany("INSERT OR IGNORE INTO layout VALUES (?, ?, ?)", layouts)
    for content in logs.values():
        begin, end = place_of(content["id"], 0), place_of(content["id"] + 1, 0)
        target.executemany(_ROUND, salvage.rows(old, begin, end))
    target.execute("COMMIT")


_ROUND: Final = "INSERT OR IGNORE INTO round VALUES (?, ?, ?, ?)"


def _all_logs(found: Iterable[Log], named: Iterable[Log]) -> dict[str, Any]:
    """Return the logs as states: those that the database still knows, and those of the mark."""
    known = {log.id: log for log in named} | {log.id: log for log in found}
    return {key: content for log in known.values() for key, content in log.state.items()}


def _tolerant(job: Callable[[], _T], otherwise: _T) -> _T:
    try:
        return job()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return otherwise
