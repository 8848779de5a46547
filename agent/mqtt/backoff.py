"""Pauses between tries: of a connection, and of what a broker refused."""

import random
from typing import Final

_FIRST, _EARLY, _LATE = 0.5, 2.0, 15.0  # limits of a pause, s
_EARLY_FOR: Final = 120.0  # D6: below 2 s in the first 2 min of an outage
_FAULT: Final = 60.0  # limit where a person has to mend something, s
_HOLD_FIRST, _HOLD_LAST = 1.0, 60.0


class Backoff:
    """Pauses between attempts to connect, with jitter, so that a fleet spreads out."""

    def __init__(self) -> None:
        """Begin an outage."""
        self._limit, self._spent = _FIRST, 0.0

    def reset(self) -> None:
        """Begin anew: a connection has proved itself."""
        self._limit, self._spent = _FIRST, 0.0

    def pause(self, *, config: bool) -> float:
        """Return the next pause, s; a long one where only a person can help."""
        if config:
            return _jittered(_FAULT)
        pause = _jittered(self._limit)
        self._spent += pause
        self._limit = min(2 * self._limit, _EARLY if self._spent < _EARLY_FOR else _LATE)
        return pause


def _jittered(limit: float) -> float:
    return random.uniform(limit / 2, limit)  # noqa: S311 - spreads a fleet, hides nothing


class Hold:
    """Growing pauses between tries of something that was refused."""

    def __init__(self) -> None:
        """Begin with nothing refused."""
        self._until, self._pause = 0.0, _HOLD_FIRST

    def refuse(self, now: float) -> None:
        """Hold it, for twice as long as the last time."""
        self._until = now + self._pause
        self._pause = min(2 * self._pause, _HOLD_LAST)

    def accept(self) -> None:
        """Let go: it was accepted."""
        self._until, self._pause = 0.0, _HOLD_FIRST

    def over(self, now: float) -> bool:
        """Say whether it may be tried now."""
        return now >= self._until
