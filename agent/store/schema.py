"""The database's schema: one SQL file a version, each applied in one transaction."""

import sqlite3
from importlib import resources
from pathlib import Path
from typing import Final

from agent.store.errors import DamagedError, StoreError
from agent.store.state import seal

VERSION: Final = 2

_APPLICATION_ID: Final = int.from_bytes(b"aryk", "big")


def recognise(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that a database is the store's, of a version that this agent knows.

    Raises:
        DamagedError: it is another program's.
        StoreError: a newer version of aryk wrote it.
    """
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    application = pragma(connection, "application_id")
    if application != _APPLICATION_ID and (application or tables):
        raise DamagedError("foreign")
    version = pragma(connection, "user_version")
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer version of aryk (schema {version}; this one "
            f"knows {VERSION}). Install that one, or give the store another path"
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to this version; one that is empty gets its tables.

    A migration that was cut off has changed nothing, and is done again.
    """
    connection.create_function("seal", 2, seal, deterministic=True)
    for number in range(pragma(connection, "user_version") + 1, VERSION + 1):
        script = resources.files(__package__).joinpath(f"sql/{number:03}.sql").read_text()
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
        )


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """Return a pragma's number."""
    [(number,)] = connection.execute(f"PRAGMA {name}").fetchall()
    return int(number)
