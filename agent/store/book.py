"""The book: what each broker still lacks, and what nobody can be sent any more.

A broker lacks a small set of ranges of places. They are what it hasn't acknowledged, so each lane
may have its own piece acknowledged, in any order between the lanes. A gap is a stretch that will
never be sent to it, with the reason. So for each broker every number ever given is waiting, in a
gap, or was acknowledged.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from agent.store.places import OPEN, Ranges, at_most, log_of, overlap, union, without

MOST: Final = 32
"""Ranges that may wait for a broker; beyond that the closest are joined, and sent again."""

_LOST: Final = "lost"
_BROKER: Final = "broker/"


class Gap(NamedTuple):
    """Places that won't be sent, and why."""

    start: int
    stop: int
    reason: str

    @property
    def places(self) -> range:
        """The places."""
        return range(self.start, self.stop)


class Book:
    """Who lacks what. It lives in the event loop; its changes ride with the next commit.

    Attributes:
        begin: the first place of the first log.
        configured: the brokers that retention respects: named at the start, or heard of since.
    """

    def __init__(self, states: Mapping[str, Any], begin: int) -> None:
        """Take what was stored.

        Args:
            states: the content of each stored state by its key.
            begin: the first place of the first log.
        """
        self.begin = begin
        self._waiting: dict[str, Ranges] = {}
        self._gaps: dict[str, list[Gap]] = {}
        self.configured: set[str] = set()
        self.lost: list[Gap] = [Gap(*gap) for gap in states.get(_LOST, ())]
        for key, content in states.items():
            if key.startswith(_BROKER):
                name = key.removeprefix(_BROKER)
                self._waiting[name] = tuple(range(*pair) for pair in content["waiting"])
                self._gaps[name] = [Gap(*gap) for gap in content["gaps"]]
        self._changed: set[str] = set()

    @property
    def changed(self) -> bool:
        """Whether the next commit has something to store of it."""
        return bool(self._changed)

    @property
    def brokers(self) -> list[str]:
        """All that have a place, removed ones too."""
        return sorted(self._waiting)

    def register(self, broker: str, start: int | None = None) -> None:
        """Count a broker among the configured; a new one lacks everything from a place on.

        Args:
            broker: its name.
            start: the first place that it is to get; what lies before is a gap. Everything
                that is kept, unless said.
        """
        self.configured.add(broker)
        if broker in self._waiting:
            return
        self._gaps[broker] = list(self.lost)
        self._waiting[broker] = self._kept(self.begin)
        self._changed.add(broker)
        if start is not None:
            self.exempt(broker, range(self.begin, start), "before-start")

    def waiting(self, broker: str) -> Ranges:
        """Return what a broker lacks; the last range is open. A new one lacks all that is kept."""
        known = self._waiting.get(broker)
        return self._kept(self.begin) if known is None else known

    def gaps(self, broker: str) -> Sequence[Gap]:
        """Return what a broker won't be sent, in order."""
        return self._gaps.get(broker, self.lost)

    def acknowledge(self, broker: str, part: range) -> None:
        """Note that a broker has a stretch."""
        self.register(broker)
        self._set(broker, without(self._waiting[broker], (part,)))

    def rewind(self, broker: str, place: int) -> None:
        """Have a broker sent again everything from a place on that is kept."""
        self.register(broker)
        again = self._kept(place)
        self._gaps[broker] = [
            Gap(part.start, part.stop, gap.reason)
            for gap in self._gaps[broker]
            for part in without((gap.places,), again)
        ]
        self._set(broker, union(self._waiting[broker], again))

    def exempt(self, broker: str, part: range, reason: str) -> Ranges:
        """Give a stretch up for one broker; return what of it the broker lacked."""
        self.register(broker)
        return self._give_up(broker, part, reason)

    def lose(self, part: range, reason: str) -> dict[str, Ranges]:
        """Give a stretch up for all, for ever: it is not in the store any more.

        Returns:
            What of it each broker lacked, where it lacked any.
        """
        self.lost = _add(self.lost, part, reason)
        self._changed.add("")
        given_up = {name: self._give_up(name, part, reason) for name in self._waiting}
        return {name: parts for name, parts in given_up.items() if parts}

    def forget(self, broker: str) -> bool:
        """Let go of a broker's place; return whether there was one."""
        self.configured.discard(broker)
        self._gaps.pop(broker, None)
        self._changed.add(broker)
        return self._waiting.pop(broker, None) is not None

    def missing(self, part: range) -> Ranges:
        """Return what of a stretch isn't known to be lost."""
        return without((part,), (gap.places for gap in self.lost))

    def needed(self) -> Ranges:
        """Return what some configured broker lacks: everything where none is configured."""
        if not self.configured:
            return (range(self.begin, OPEN),)
        return union(*(self.waiting(name) for name in self.configured))

    def changes(self) -> dict[str, Any]:
        """Return the states that changed since the last call, for the next commit."""
        changed, self._changed = self._changed, set()
        return {_BROKER + name if name else _LOST: self._state(name) for name in changed}

    def give_back(self, keys: Iterable[str]) -> None:
        """Have states that a commit failed to store be among the next changes."""
        self._changed |= {key.removeprefix(_BROKER) if key != _LOST else "" for key in keys} & {
            "",
            *self._waiting,
        }

    def _state(self, name: str) -> Any:
        if not name:
            return self.lost
        if name not in self._waiting:
            return None
        pairs = [(part.start, part.stop) for part in self._waiting[name]]
        return {"waiting": pairs, "gaps": self._gaps[name]}

    def _kept(self, place: int) -> Ranges:
        return without((range(place, OPEN),), (gap.places for gap in self.lost))

    def _give_up(self, broker: str, part: range, reason: str) -> Ranges:
        lacked = overlap(self._waiting[broker], (part,))
        for piece in lacked:
            self._gaps[broker] = _add(self._gaps[broker], piece, reason)
        if lacked:
            self._set(broker, without(self._waiting[broker], (part,)))
        return lacked

    def _set(self, broker: str, waiting: Ranges) -> None:
        self._waiting[broker] = at_most(MOST, waiting)
        self._changed.add(broker)


def _add(gaps: list[Gap], part: range, reason: str) -> list[Gap]:
    """Return gaps with one more; it joins a neighbour of the same reason in the same log."""
    pieces = without((part,), (gap.places for gap in gaps))
    joined: list[Gap] = []
    for gap in sorted([*gaps, *(Gap(piece.start, piece.stop, reason) for piece in pieces)]):
        last = joined[-1] if joined else None
        if (
            last
            and last.stop == gap.start
            and last.reason == gap.reason
            and log_of(last.start) == log_of(gap.start)
        ):
            joined[-1] = Gap(last.start, gap.stop, gap.reason)
        else:
            joined.append(gap)
    return joined
