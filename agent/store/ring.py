"""What waits for the writer, in memory: bounded, and what it can't hold is accounted for."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.clock import iso
from agent.record import EVENT, Round, event

MOST: Final = 100_000
"""Readings that may wait for a disk that fails: some 10 MB."""


@dataclass(slots=True)
class Loss:
    """What of one sensor had to be dropped: how many readings, from when to when (ms UTC)."""

    first: int
    last: int
    count: int = 0


class Ring:
    """Rounds and events on their way to the disk, in order.

    Attributes:
        readings: how many wait.
        dropped: readings that were dropped since the start.
    """

    def __init__(self, most: int = MOST) -> None:
        """Hold so many readings at most."""
        self._most = most
        self._rounds: deque[Round] = deque()
        self._losses: dict[str, Loss] = {}
        self.readings = self.dropped = 0

    def __len__(self) -> int:
        """Return how many rounds wait."""
        return len(self._rounds)

    @property
    def pressing(self) -> bool:
        """Whether half of the room is taken: the disk has failed for a while."""
        return self.readings > self._most // 2

    def append(self, round: Round) -> int:
        """Take a round; return how many had to be dropped for it."""
        self._rounds.append(round)
        self.readings += len(round)
        return self._shed() if self.readings > self._most else 0

    def take(self) -> list[Round]:
        """Hand out all that waits; what was dropped is told by an event a sensor before it."""
        losses, self._losses = self._losses, {}
        told = [
            event("gap", loss.last, {"sensor": sensor, "start": iso(loss.first),
                  "end": iso(loss.last), "count": loss.count, "reason": "memory"})
            for sensor, loss in losses.items()
        ]  # fmt: skip
        taken = [*told, *self._rounds]
        self._rounds.clear()
        self.readings = 0
        return taken

    def give_back(self, rounds: Sequence[Round]) -> int:
        """Take back what couldn't be stored; return how many rounds had to be dropped."""
        self._rounds.extendleft(reversed(rounds))
        self.readings += sum(map(len, rounds))
        return self._shed() if self.readings > self._most else 0

    def _shed(self) -> int:
        """Drop the oldest readings, but no event."""
        kept: list[Round] = []
        shed = 0
        while self.readings > self._most and self._rounds:
            oldest = self._rounds.popleft()
            if oldest.layout.sensor == EVENT:
                kept.append(oldest)
                continue
            self._lose(oldest)
            shed += 1
        self._rounds.extendleft(reversed(kept))
        return shed

    def _lose(self, round: Round) -> None:
        loss = self._losses.setdefault(round.layout.sensor, Loss(round.time, round.time))
        loss.first, loss.last = min(loss.first, round.time), max(loss.last, round.time)
        loss.count += len(round)
        self.readings -= len(round)
        self.dropped += len(round)
