"""The ledger: what one broker can hold the store to, log by log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.store.book import Book
from agent.store.places import number_of, overlap
from agent.store.state import Log

_GAPS: Final = 32  # that are listed; older ones stand in their records


@dataclass(frozen=True, slots=True)
class Entry:
    """One log, as it stands with one broker; all numbers are inclusive.

    Every number from 1 up to and without ``next`` is waiting, in a gap, or was acknowledged.

    Attributes:
        log: its name.
        station: whose records it holds.
        first: the first number that is kept; those before were acknowledged or are gaps.
        next: the number that comes next; of a closed log, the one behind its last.
        waiting: from and to of each stretch that the broker lacks.
        gaps: from, to and reason of each that it won't get: the newest.
        gaps_from: the number from which on all gaps are listed.
    """

    log: str
    station: str
    first: int
    next: int
    waiting: tuple[tuple[int, int], ...]
    gaps: tuple[tuple[int, int, str], ...]
    gaps_from: int


def ledger(book: Book, broker: str, logs: Iterable[Log], end: int) -> tuple[Entry, ...]:
    """Return the logs that a broker has to know of, oldest first.

    That is the newest, and each older one until nothing of it waits.
    """
    entries: list[Entry] = []
    for log in logs:
        span = log.span(end)
        waiting = overlap(book.waiting(broker), (span,))
        if log.next is not None and not waiting:
            continue
        gaps = [gap for gap in book.gaps(broker) if gap.start in span]
        listed = gaps[-_GAPS:]
        entries.append(
            Entry(
                log.name,
                log.station,
                _first(book, log),
                number_of(span.stop),
                tuple((number_of(part.start), number_of(part.stop - 1)) for part in waiting),
                tuple((number_of(g.start), number_of(g.stop - 1), g.reason) for g in listed),
                1 if len(gaps) == len(listed) else number_of(listed[0].start),
            )
        )
    return tuple(entries)


def _first(book: Book, log: Log) -> int:
    first = log.begin
    for gap in book.lost:
        if gap.start == first:
            first = gap.stop
    return number_of(first)
