"""What the writer's thread is asked for, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.record import Round
from agent.store.places import Ranges
from agent.store.state import Log


@dataclass(slots=True)
class Work:
    """What one transaction is asked to do: rounds to store, states to set, places to remove."""

    rounds: Sequence[Round] = ()
    states: Mapping[str, Any] = field(default_factory=dict)
    remove: Ranges = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opening found.

    Attributes:
        logs: all logs, oldest first; the last is the one that goes on.
        end: the place behind the last record.
        states: what else was kept.
        settled: whether all that is there is certainly on the disk.
        trouble: why a new log began, as one word; None where none had to.
        lost: places that were given out and aren't there.
        aside: where the old file is now, if it was replaced.
    """

    logs: tuple[Log, ...]
    end: int
    states: Mapping[str, Any] = field(default_factory=dict)
    settled: bool = True
    trouble: str | None = None
    lost: Sequence[range] = ()
    aside: Path | None = None
