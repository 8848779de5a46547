"""Whose turn it is on a wire."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from drivers.bus.exchange import Exchange, Peer

_PATIENCE: Final = 8
"""So many turns of devices that answer, and one that doesn't gets a turn too."""


@dataclass(slots=True, eq=False)
class Job:
    """What somebody wants of a wire.

    Attributes:
        peer: the device that is asked.
        exchange: the request, or None for the wire itself, until it is given back.
        answer: what the caller waits for; done as soon as nobody does any more.
    """

    peer: Peer
    exchange: Exchange[Any] | None
    answer: asyncio.Future[Any]


class Queue:
    """First come, first served, but who answered last time goes before who didn't.

    So a dead device costs its neighbours at most the exchange that is on the wire; and it gets its
    turn now and then, however busy they are, to come back.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._good: deque[Job] = deque()
        self._doubtful: deque[Job] = deque()
        self._passed = 0

    def put(self, job: Job) -> None:
        """Add a job at the end of its class."""
        (self._doubtful if job.peer.failures else self._good).append(job)

    def get(self) -> Job | None:
        """Return the next job that somebody still waits for."""
        while self._good or self._doubtful:
            jobs = self._good
            if not jobs or (self._doubtful and self._passed >= _PATIENCE):
                jobs = self._doubtful
            self._passed = self._passed + 1 if jobs is self._good and self._doubtful else 0
            job = jobs.popleft()
            if not job.answer.done():
                return job
        return None
