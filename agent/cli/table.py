"""What a subscription receives: readings, a plain line each, and a live table, a channel a row."""

import json
import math
import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from agent.clock import iso
from agent.record import EVENT

_BARS: Final = "▁▂▃▄▅▆▇█"
_ASCII_BARS: Final = "_.-=+*%#"
_REMEMBERED: Final = 60
_AGES: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_END_OF_TIME: Final = 253_402_300_800  # the year 10000, s
# QARTOD's primary flags, as the records have them.
_QUALITIES: Final = {
    1: ("good", "green"),
    2: ("not evaluated", ""),
    3: ("suspect", "yellow"),
    4: ("fail", "red"),
    9: ("missing", "magenta"),
}


def is_live(console: Console) -> bool:
    """Return whether a table may be redrawn: on a terminal that wasn't asked to be plain."""
    plain = console.is_dumb_terminal or os.environ.get("NO_COLOR")
    return console.is_terminal and not plain


@dataclass(frozen=True, slots=True)
class Reading:
    """A record, as it came in.

    Attributes:
        channel: with station and sensor.
        time: UTC, s.
        value: None where there is none.
        unit: of the value.
        quality: QARTOD's primary flag.
        reason: why there is no value, or why the quality is what it is.
        log: with ``number``, its identity.
        number: ``seq`` on the wire.
    """

    channel: str
    time: float
    value: float | None
    unit: str
    quality: int
    reason: str
    log: str
    number: int

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Reading":
        """Take over a resolved record.

        Raises:
            ValueError, TypeError, KeyError: it isn't one.
        """
        value = float(record["v"]) if "v" in record else None
        reading = cls(
            channel=_printable(record["n"]),
            time=float(record["t"]),
            value=value,
            unit=_printable(record.get("u", "")),
            quality=int(record.get("q", 2)),
            reason=_printable(record.get("why", "") if "v" in record else record["vs"]),
            log=_printable(record["log"]),
            number=int(record["seq"]),
        )
        if not (0 <= reading.time < _END_OF_TIME and math.isfinite(value or 0)):
            raise ValueError("out of range")
        return reading

    def __str__(self) -> str:
        """Return a line for a pipe."""
        value = self.reason if self.value is None else f"{self.value:g}"
        when = iso(round(self.time * 1000))
        return f"{self.channel} {when} {value} {self.unit} {self.quality} {self.number}"


def _printable(text: str) -> str:
    """Return a text from outside without what would steer a terminal."""
    return "".join(each if each.isprintable() else "?" for each in text)


@dataclass(slots=True)
class Row:
    """A channel's last reading, and its last values; None where there was none."""

    last: Reading
    values: deque[float | None] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Received:
    """What has come in.

    Attributes:
        rows: by channel.
        unreadable: messages that were no pack of readings in JSON.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rows: dict[str, Row] = {}
        self.unreadable = 0

    def take(self, payload: bytes) -> list[Reading]:
        """Take in a resolved JSON SenML pack, and return its readings; none of anything else."""
        try:
            pack = json.loads(payload)
            readings = [Reading.of(record) for record in pack] if isinstance(pack, list) else None
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            readings = None
        if readings is None:
            self.unreadable += 1
            return []
        for reading in readings:
            if reading.channel.split("/")[1:2] == [EVENT]:
                continue
            row = self.rows.setdefault(reading.channel, Row(reading))
            if reading.time < row.last.time:
                continue  # it waited, and comes beside what is new
            row.last = reading
            row.values.append(reading.value)
        return readings

    def table(self) -> Table:
        """Return the table as it stands."""
        table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=False, padding=(0, 1, 0, 0))
        for heading in ("channel", "value", "", "quality", "time (UTC)", "age"):
            right = heading in {"value", "age"}
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        table.add_column("last values", ratio=1, no_wrap=True)
        station, now = _common_station(self.rows), time.time()
        for name in sorted(self.rows):
            row, last = self.rows[name], self.rows[name].last
            cells = (
                name.removeprefix(station),
                _value(row),
                "" if last.value is None else last.unit,
                _quality(last),
                time.strftime("%H:%M:%S", time.gmtime(last.time)),
                age(now - last.time),
            )
            table.add_row(
                *(Text(cell) if isinstance(cell, str) else cell for cell in cells),
                _Bars(row.values),
            )
        return table


def _common_station(channels: Iterable[str]) -> str:
    """Return the station that all channels are of, with its slash; empty if there are several."""
    stations = {name.partition("/")[0] for name in channels}
    return f"{stations.pop()}/" if len(stations) == 1 else ""


def _value(row: Row) -> str:
    """Return the last value with as many decimals as its channel has."""
    if row.last.value is None:
        return "-"
    decimals = max(_decimals(value) for value in row.values if value is not None)
    return f"{row.last.value:.{decimals}f}"


def _decimals(value: float) -> int:
    text = f"{value:.6g}"
    return 0 if "e" in text else len(text.partition(".")[2])


def _quality(reading: Reading) -> Text:
    word, style = _QUALITIES.get(reading.quality, (str(reading.quality), ""))
    return Text(f"{word}: {reading.reason}" if reading.reason else word, style)


def age(seconds: float) -> str:
    """Return how long ago something was, in one unit."""
    for size, unit in _AGES:
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return "now"


@dataclass(frozen=True, slots=True)
class _Bars:
    """A sparkline as wide as its column."""

    values: Sequence[float | None]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bars = _ASCII_BARS if options.ascii_only else _BARS
        yield Text(sparkline(list(self.values)[-options.max_width :], bars), "cyan")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(8, max(8, len(self.values)))


def sparkline(values: Sequence[float | None], bars: str = _BARS) -> str:
    """Return the values as bars, the lowest to the highest; a gap where there is none."""
    there = [value for value in values if value is not None]
    if not there:
        return ""
    low, span = min(there), (max(there) - min(there)) or 1.0
    return "".join(
        " " if value is None else bars[int((value - low) / span * (len(bars) - 1))]
        for value in values
    )
