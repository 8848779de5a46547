r"""A trace: what went over a wire, as a text that a person can read, compare and cut.

A line that begins with a time is an event: the seconds since the recording began, ``>`` for what
was sent or ``<`` for what was received, the bytes in hexadecimal, and behind ``#`` whatever helps
the reader. All other lines together are TOML: the table ``[bus.<name>]`` of the wire, and, where
they were recorded too, the tables of the sensors and what they said::

    [bus.sdi]
    device = "/dev/ttyUSB0"
    framing = "sdi12"

    0.000 > 30 43 31 21  # 0C1!
    0.031 < 30 30 30 30 30 31 0d 0a  # 000001\r\n

    [[reading]]
    sensor = "well"
    values = {pressure = 1234.0, temperature = "parse"}

A ``>`` without bytes is somebody who listens to a device that speaks by itself.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Direction = Literal["<", ">"]

_BEGINS: Final = re.compile(r"\s*\d[\d.]*\s*[<>]")
_EVENT: Final = re.compile(
    r"\s*(?P<at>\d+(?:\.\d+)?)\s*(?P<direction>[<>])"
    r"\s*(?P<bytes>(?:[0-9A-Fa-f]{2}\s*)*)(?:#.*)?"
)
_LARGEST: Final = 64_000_000  # bytes; six hours of a line at 9600 baud that is never silent
_READABLE: Final = frozenset(range(0x20, 0x7F)) | set(b"\t\r\n\x02\x03")


class TraceError(Exception):
    """A file isn't a trace; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Event:
    """Bytes that went over the wire.

    Attributes:
        at: seconds since the recording began.
        direction: ``>`` sent, ``<`` received.
        data: the bytes; none sent means that somebody listened.
        line: where it stands in the file, from 1; 0 where it comes from none.
    """

    at: float
    direction: Direction
    data: bytes
    line: int = 0

    def __str__(self) -> str:
        """Return the line of the file, without its end."""
        parts = [f"{self.at:.3f}", self.direction, *([self.data.hex(" ")] if self.data else [])]
        text = f"  # {as_text(self.data)}" if self.data and _READABLE.issuperset(self.data) else ""
        return " ".join(parts) + text


def as_text(data: bytes) -> str:
    """Return bytes as text for people, with escapes for what can't be seen."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True)
class Trace:
    """What a file holds.

    Attributes:
        file: its path.
        tables: what stands in it beside the events.
        events: in the order of time.
    """

    file: Path
    tables: Mapping[str, Any]
    events: tuple[Event, ...]

    @property
    def bus(self) -> tuple[str, Mapping[str, Any]]:
        """The name of the wire and its table.

        Raises:
            TraceError: there isn't exactly one.
        """
        buses = self.tables.get("bus")
        if not isinstance(buses, dict) or len(buses) != 1:
            raise TraceError(f"{self.file} isn't the trace of one wire: it needs one [bus.<name>].")
        (named,) = buses.items()
        return named


def read(file: Path) -> Trace:
    """Read a trace.

    Raises:
        TraceError: the file can't be read, or isn't one.
    """
    lines = _text(file).split("\n")
    events = tuple(_events(file, lines))
    head = "\n".join("" if _BEGINS.match(line) else line for line in lines)
    try:
        tables = tomllib.loads(head)
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{file} is no trace: {error}.") from error
    return Trace(file, tables, events)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise TraceError(f"The trace {file} is longer than 64 MB: cut it, or correct its name.")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it isn't UTF-8 text"
        raise TraceError(f"The trace {file} can't be read ({why}): correct its name.") from error


def _events(file: Path, lines: list[str]) -> Iterator[Event]:
    last = 0.0
    for number, line in enumerate(lines, 1):
        if not _BEGINS.match(line):
            continue
        match = _EVENT.fullmatch(line)
        if match is None:
            raise TraceError(
                f"{file}:{number}: this is no event of a trace: write the seconds, > or <, and "
                'the bytes in hexadecimal, as "0.125 < 01 03".'
            )
        at = float(match["at"])
        if at < last:
            raise TraceError(f"{file}:{number}: time runs backwards: sort the events.")
        last = at
        direction: Direction = ">" if match["direction"] == ">" else "<"
        yield Event(at, direction, bytes.fromhex(match["bytes"]), number)
