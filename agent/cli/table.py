"""The live table of what a subscription receives: a channel a row."""

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

from rich.table import Table

from agent.clock import iso
from agent.record import EVENT

_BARS: Final = "▁▂▃▄▅▆▇█"
_REMEMBERED: Final = 30


@dataclass(slots=True)
class Row:
    """A channel's last record, as SenML has it, and its last values."""

    last: dict[str, Any] = field(default_factory=dict)
    values: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Received:
    """What has come in: the rows by channel, and the distinct numbers."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rows: dict[str, Row] = {}
        self._numbers: set[tuple[str, int]] = set()

    @property
    def distinct(self) -> int:
        """How many different records came in, however often each."""
        return len(self._numbers)

    def take(self, payload: bytes) -> list[str]:
        """Take in a resolved JSON SenML pack; return a plain line a record."""
        return [self._record(record) for record in json.loads(payload)]

    def _record(self, record: dict[str, Any]) -> str:
        self._numbers.add((record["log"], record["seq"]))
        if record["n"].split("/")[1] != EVENT:
            row = self.rows.setdefault(record["n"], Row())
            row.last = record
            if "v" in record:
                row.values.append(record["v"])
        return " ".join(_cells(record))

    def table(self) -> Table:
        """Return the table as it stands."""
        table = Table("channel", "time", "value", "unit", "quality", "number", "last values")
        for name in sorted(self.rows):
            row = self.rows[name]
            table.add_row(*_cells(row.last), sparkline(row.values))
        return table


def _cells(record: dict[str, Any]) -> list[str]:
    value = f"{record['v']:g}" if "v" in record else record.get("vs", "")
    time = iso(round(record["t"] * 1000))
    rest = (record.get("u", ""), record.get("q", ""), record["seq"])
    return [record["n"], time, value, *map(str, rest)]


def sparkline(values: deque[float]) -> str:
    """Return the values as bars, the lowest to the highest."""
    if not values:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1.0
    return "".join(_BARS[int((value - low) / span * (len(_BARS) - 1))] for value in values)
