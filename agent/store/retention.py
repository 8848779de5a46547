"""What has to go when the store is full, in steps. Everything here runs in the writer's thread.

First what every configured broker has; then the oldest readings, thinned to a summary a channel
and hour so that a flood's peak survives; where that wins little, or is done, the oldest records of
all. A gap record stays until all have it.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.clock import iso
from agent.record import EVENT, Quality, Round, event
from agent.store.errors import StoreError
from agent.store.places import Ranges, log_of, number_of, union
from agent.store.rows import Rows
from agent.store.salvage import Row, rows

_HOUR: Final = 3_600_000  # ms
_ROW: Final = 12  # bytes that a row costs beside its body
_WORTH: Final = 2  # a summary must be so many times smaller than what it stands for


@dataclass(slots=True)
class Step:
    """What one step takes out.

    Attributes:
        places: of the records that go.
        bytes: that this frees.
        summaries: what takes their place, if they are thinned.
    """

    places: Ranges = ()
    bytes: int = 0
    summaries: list[Round] = field(default_factory=list)


def acknowledged(connection: sqlite3.Connection, allowed: Ranges, most: int) -> Step:
    """Return the oldest whole records among places, up to so many bytes."""
    return _collect((row for part in allowed for row in _within(connection, part)), most)


def oldest(
    connection: sqlite3.Connection, span: range, most: int, names: Mapping[int, str]
) -> Step:
    """Return the oldest records but for gaps, up to so many bytes; thinned where it is worth it."""
    decoder = Rows(connection)
    taken: list[tuple[Row, Round | None]] = []

    def candidates() -> Iterator[Row]:
        for row in _within(connection, span):
            try:
                round_ = decoder.round(row)
            except StoreError:
                round_ = None
            if round_ is None or not _is_event(round_) or round_.layout.names != ("gap",):
                taken.append((row, round_))
                yield row

    step = _collect(candidates(), most)
    readings = [(row[0], each) for row, each in taken if each is not None and not _is_event(each)]
    summaries = list(_summaries(readings, names))
    if summaries and _WORTH * sum(len(s.reasons[0]) + 60 for s in summaries) < step.bytes:
        thinned = [(row, each) for row, each in taken if each is None or not _is_event(each)]
        step = _collect((row for row, _ in thinned), step.bytes)
        step.summaries = summaries
    return step


def _is_event(round_: Round) -> bool:
    return round_.layout.sensor == EVENT


def _within(connection: sqlite3.Connection, part: range) -> Iterator[Row]:
    """Yield the rows that lie whole in a stretch."""
    for place, count, layout, body in rows(connection, part.start, part.stop):
        length = max(count, 1) if type(count) is int else 1  # it may be damaged
        if place + length <= part.stop:
            yield place, length, layout, body


def _collect(found: Iterable[Row], most: int) -> Step:
    places: list[range] = []
    taken = 0
    for place, count, _, body in found:
        places.append(range(place, place + count))
        taken += len(body) + _ROW
        if taken >= most:
            break
    return Step(union(places), taken)


@dataclass(slots=True)
class _Hour:
    """What a summary says of a channel's hour."""

    first: int
    last: int
    minimum: float
    maximum: float
    total: float = 0.0
    count: int = 0
    quality: int = 0

    def add(self, number: int, value: float, quality: int) -> None:
        self.last = number
        self.minimum, self.maximum = min(self.minimum, value), max(self.maximum, value)
        self.total += value
        self.count += 1
        self.quality = max(self.quality, quality)


def _summaries(readings: Iterable[tuple[int, Round]], names: Mapping[int, str]) -> Iterator[Round]:
    """Yield a summary a channel and hour, of the values that didn't fail."""
    hours: dict[tuple[int, int, str, str, str], _Hour] = {}
    for place, round_ in readings:
        layout, hour = round_.layout, round_.time - round_.time % _HOUR
        for column, value in enumerate(round_.values):
            quality = round_.qualities[column]
            if value is None or quality >= Quality.FAIL:
                continue
            channel = (layout.sensor, layout.names[column], layout.units[column])
            key, number = (hour, log_of(place), *channel), number_of(place) + column
            hours.setdefault(key, _Hour(number, number, value, value)).add(number, value, quality)
    for key, found in sorted(hours.items(), key=lambda item: item[0]):
        hour, log, sensor, name, unit = key
        content = {
            "channel": f"{sensor}/{name}",
            "unit": unit,
            "start": iso(hour),
            "end": iso(hour + _HOUR),
            "log": names[log],
            "from": found.first,
            "to": found.last,
            "minimum": found.minimum,
            "mean": found.total / found.count,
            "maximum": found.maximum,
            "count": found.count,
            "quality": found.quality,
        }
        yield event("summary", hour, content)
