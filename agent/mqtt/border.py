"""The border between the two lanes: ``data`` from it on, ``backfill`` below."""

from agent.store import OPEN, Ranges, Store, overlap, without


class Border:
    """What each lane has to send to one broker, on one connection.

    At first the border is the next number; where ``data`` falls behind, it jumps there again, and
    what was skipped becomes backfill.
    """

    def __init__(self, store: Store, broker: str) -> None:
        """Draw it at the end of the log."""
        self._store, self._broker = store, broker
        self._at = store.end

    def data(self) -> Ranges:
        """Return what is new."""
        return overlap(self._store.waiting(self._broker), (range(self._at, OPEN),))

    def backfill(self, under_way: Ranges) -> Ranges:
        """Return what waited, but for what ``data`` has under way."""
        below = overlap(self._store.waiting(self._broker), (range(self._at),))
        return without(below, under_way)

    def jump(self) -> None:
        """Draw it at the end of the log again."""
        self._at = self._store.end
