"""The witnesses: is this database the one that the last numbers were given out from?"""

from collections.abc import Sequence

from agent.store.machine import elsewhere
from agent.store.mark import Mark
from agent.store.places import number_of, place_of
from agent.store.state import Log


def doubt(
    logs: Sequence[Log], end: int, mark: Mark | None, station: str, machine: frozenset[str]
) -> str | None:
    """Return why the newest log can't go on, as one word; None where it can.

    Args:
        logs: all that the database knows, oldest first; at least one.
        end: the place behind the newest one's last record.
        mark: the high-water mark, if there is one.
        station: whose records will be stored.
        machine: where.
    """
    newest = logs[-1]
    if newest.station != station:
        return "station"
    if elsewhere(frozenset(newest.machine or ()), machine):
        return "copied"
    empty = end == newest.begin
    if mark is None:  # version 1 had none
        return None if empty or newest.machine is None else "no-mark"
    marked = mark.logs[-1]
    if marked.name == newest.name:
        return "rolled-back" if mark.next > number_of(end) else None
    for log in logs[:-1]:  # the log began, and the power went before the mark did
        if empty and log.name == marked.name and (log.next or 0) >= mark.next:
            return None
    return "rolled-back"


def learn(logs: Sequence[Log], end: int, mark: Mark | None) -> tuple[list[Log], list[range]]:
    """Close the logs of a database that can't go on with the newest one.

    Args:
        logs: all that it knows, oldest first.
        end: the place behind the newest one's last record.
        mark: the high-water mark; it may know of more numbers, and of more logs.

    Returns:
        The logs, all closed; and the numbers that were given out and certainly aren't there.
    """
    known = [log if log.next is not None else log.closed(end) for log in logs]
    lost: list[range] = []
    for log in mark.logs if mark else ():
        after = mark.next if mark and log is mark.logs[-1] else log.next or 1
        same = next((each for each in known if each.id == log.id), None)
        if same is None:
            known.append(log.closed(place_of(log.id, after)))
            lost.append(known[-1].span(0))
        elif same.name == log.name and (same.next or 0) < after:
            lost.append(range(same.span(0).stop, place_of(log.id, after)))
            known[known.index(same)] = log.closed(place_of(log.id, after))
    return sorted(known, key=lambda log: log.id), [part for part in lost if part]
