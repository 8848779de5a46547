"""States: the few things beside the rounds that the store keeps, each with a checksum of its own.

SQLite doesn't checksum its pages, so a flipped bit in a broker's place would lose readings in
silence. A state is JSON behind the CRC-32 of its key and itself.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from zlib import crc32

from agent.store.places import number_of, place_of

_CRC: Final = 4
_LOG: Final = "log/"


def seal(key: str, text: str) -> bytes:
    """Return a state as it is stored; ``text`` is its JSON."""
    return crc32(f"{key}\n{text}".encode()).to_bytes(_CRC, "little") + text.encode()


def unseal(key: str, body: bytes) -> Any:
    """Return the content of a stored state.

    Raises:
        ValueError: it isn't what was stored under that key.
    """
    text = bytes(body[_CRC:]).decode()
    if seal(key, text) != body:
        raise ValueError(f"the state {key} is damaged")
    return json.loads(text)


def load(connection: sqlite3.Connection) -> tuple[dict[str, Any], list[str]]:
    """Return the content of all states by key, and the keys of those that are damaged."""
    sound: dict[str, Any] = {}
    damaged: list[str] = []
    for key, body in connection.execute("SELECT key, body FROM state").fetchall():
        try:
            sound[key] = unseal(key, body)
        except (ValueError, TypeError):
            damaged.append(str(key))
    return sound, damaged


def save(connection: sqlite3.Connection, states: Mapping[str, Any]) -> None:
    """Store states in the transaction that is open; None takes one away."""
    for key, content in states.items():
        if content is None:
            connection.execute("DELETE FROM state WHERE key = ?", (key,))
        else:
            body = seal(key, json.dumps(content, separators=(",", ":")))
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, body))


@dataclass(frozen=True, slots=True)
class Log:
    """An incarnation of the log: its numbers begin at 1.

    Attributes:
        id: its ordinal.
        name: 8 of a-z 2-7, random.
        station: whose records these are.
        machine: where it began; None where it began before that was noted.
        next: the number behind the last one ever given, once the log is closed.
    """

    id: int
    name: str
    station: str
    machine: tuple[str, ...] | None = None
    next: int | None = None

    @property
    def begin(self) -> int:
        """The first place."""
        return place_of(self.id, 1)

    def span(self, end: int) -> range:
        """Return the places of all numbers ever given; ``end`` is where the newest log ends."""
        return range(self.begin, end if self.next is None else place_of(self.id, self.next))

    def closed(self, end: int) -> "Log":
        """Return it as a log that gets no more numbers."""
        return replace(self, next=max(number_of(end), 1))

    @property
    def state(self) -> dict[str, Any]:
        """It as a state, by its key."""
        return {f"{_LOG}{self.id}": asdict(self)}


def logs_of(states: Mapping[str, Any]) -> list[Log]:
    """Return the logs among states, oldest first."""
    found = [log_from(content) for key, content in states.items() if key.startswith(_LOG)]
    return sorted(found, key=lambda log: log.id)


def log_from(content: Mapping[str, Any]) -> Log:
    """Return a log from its state."""
    machine = content["machine"]
    return Log(**{**content, "machine": None if machine is None else tuple(machine)})
