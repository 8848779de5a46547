"""Whether values have stayed within a band for a time: the flat line and the attenuated signal."""

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Final

from agent.quality.checks import DUST

GRAINS: Final = 60
"""A window is kept as so many pieces at most, whatever the number of readings in it."""


@dataclass(slots=True)
class _Piece:
    first: float
    low: float
    high: float


class Band:
    """The longest run of newest readings whose range is at most ``width``.

    A run is kept as pieces of a 60th of the window, each with its lowest and highest value. So
    6 h of readings at 1 s cost at most 62 pieces, and far fewer where the water moves. Readings
    that are a 60th or more apart have a piece each, and the test is exact. Denser ones make
    it at most a 60th and one reading late, never early.
    """

    def __init__(self, span: float, width: float, gap: float) -> None:
        """Make an empty run.

        Args:
            span: the window, s.
            width: in the channel's unit.
            gap: s between two readings after which the run begins anew: nobody looked.
        """
        self._span = span
        self._width = width + DUST
        self._gap = gap
        self._grain = span / GRAINS
        self._pieces: deque[_Piece] = deque()
        self._low, self._high = inf, -inf
        self._newest = -inf
        self._left_band = False

    @property
    def reach(self) -> float:
        """For how many seconds a reading matters, at most."""
        return self._span + 2 * self._grain + self._gap

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self._pieces)

    def stays(self, time: float, value: float) -> bool | None:
        """Return whether the values up to this one have stayed within the band for the window.

        Args:
            time: s, later than every reading that was added.
            value: in the channel's unit.

        Returns:
            None where readings don't reach back far enough to say so.
        """
        start, left_band = self._run(time, value)
        if time - start >= self._span:
            return True
        return False if left_band else None

    def add(self, time: float, value: float) -> None:
        """Take a reading into the run; see :meth:`stays` for the arguments."""
        start, self._left_band = self._run(time, value)
        pieces, count = self._pieces, len(self._pieces)
        while pieces and pieces[0].first < start:
            pieces.popleft()
        while len(pieces) > 1 and pieces[1].first <= time - self._span:
            pieces.popleft()
        if len(pieces) < count:
            self._low = min((piece.low for piece in pieces), default=inf)
            self._high = max((piece.high for piece in pieces), default=-inf)
        self._low, self._high = min(self._low, value), max(self._high, value)
        self._newest = time
        if pieces and pieces[-1].first // self._grain == time // self._grain:
            last = pieces[-1]
            last.low, last.high = min(last.low, value), max(last.high, value)
        else:
            pieces.append(_Piece(time, value, value))

    def _run(self, time: float, value: float) -> tuple[float, bool]:
        """Return when the run that ends here began, and whether because a value lay outside."""
        if time - self._newest > self._gap:
            return time, False
        if max(self._high, value) - min(self._low, value) <= self._width:
            return self._pieces[0].first, self._left_band
        start, low, high = time, value, value
        for piece in reversed(self._pieces):
            low, high = min(low, piece.low), max(high, piece.high)
            if high - low > self._width:
                break
            start = piece.first
        return start, True
