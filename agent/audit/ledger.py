"""The station's ledger: what it says of each log to this broker, as of a time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from agent.audit.ranges import OPEN, Ranges, below
from agent.audit.record import is_log, is_number
from agent.audit.senml import MalformedError

_LONGEST: Final = 256 * 1024  # bytes: 32 waiting ranges and 32 gaps of some dozen logs need 10,000


@dataclass(frozen=True, slots=True)
class Entry:
    """One log in a ledger.

    Attributes:
        next: the number that the next record gets.
        waiting: what the broker hasn't acknowledged.
        gaps: what will not be sent, by reason.
        gaps_from: of older numbers the gaps stand in gap records only.
    """

    next: int
    waiting: Ranges
    gaps: Mapping[str, Ranges]
    gaps_from: int

    @property
    def settled(self) -> Ranges:
        """What doesn't wait: acknowledged by this broker, or in a gap."""
        return below(self.next) - self.waiting


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger.

    Attributes:
        time: of its making, as the station wrote it.
        at: the same, s since 1970.
        session: of the station's connection.
        logs: by name, the newest last.
    """

    time: str
    at: float
    session: int
    logs: dict[str, Entry]

    @property
    def newest(self) -> str | None:
        """The log that numbers are given out in."""
        return next(reversed(self.logs), None)

    def follows(self, other: "Ledger") -> bool:
        """Say whether it is the younger one: by its session, or by its time."""
        return self.session > other.session or self.at > other.at


def ledger(payload: bytes) -> Ledger:
    """Return what a ledger says.

    Raises:
        MalformedError: it isn't one, or contradicts itself.
    """
    said = json_object(payload)
    try:
        at = datetime.fromisoformat(said["time"])
        session, logs = said["session"], said["logs"]
        entries = {log["log"]: _entry(log) for log in logs}
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedError(f"a ledger that can't be read: {error!r:.100}") from error
    if at.tzinfo is None or type(session) is not int or len(entries) != len(logs):
        raise MalformedError("a ledger without the offset of its time, a session, or one log twice")
    if not all(map(is_log, entries)):
        raise MalformedError("a ledger with a log that has no right name")
    return Ledger(said["time"], at.timestamp(), session, entries)


def json_object(payload: bytes | str) -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        MalformedError: it isn't one.
    """
    try:
        said = json.loads(payload) if len(payload) <= _LONGEST else None
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(said, dict):
        raise MalformedError("no JSON object")
    return said


def words(said: object) -> str:
    """Return what came from outside as a few words that a terminal can show."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(said)[:60])


def stretch(first: object, last: object) -> range:
    """Return the numbers from one to another; both belong to them.

    Raises:
        MalformedError: they aren't two numbers in order.
    """
    if not (isinstance(first, int) and isinstance(last, int)):
        raise MalformedError(f"no numbers: {first!r:.20}, {last!r:.20}")
    if not (is_number(first) and is_number(last) and first <= last):
        raise MalformedError(f"no stretch of numbers: {first} to {last}")
    return range(first, last + 1)


def _entry(said: Mapping[str, Any]) -> Entry:
    following = said["next"]
    if not is_number(following):
        raise ValueError(f"next can't be {following!r:.20}")
    waiting = Ranges(stretch(*pair) for pair in said["waiting"])
    gaps: dict[str, Ranges] = {}
    for first, last, reason in said["gaps"]:
        gaps.setdefault(words(reason), Ranges()).add(stretch(first, last))
    for told in (waiting, *gaps.values()):
        if told.touches(range(following, OPEN)):
            raise ValueError(f"a number that isn't given out yet: {told.last} of {following - 1}")
    gaps_from = said.get("gaps_from", 1)
    if not is_number(gaps_from):
        raise ValueError(f"gaps_from can't be {gaps_from!r:.20}")
    return Entry(following, waiting, gaps, gaps_from)
