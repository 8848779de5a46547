"""Who waits for a commit."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


class Promises:
    """What was promised to be done with a commit: rounds that are stored, numbers of connections.

    Attributes:
        session: the number of the last connection; it goes up over restarts, too.
    """

    def __init__(self) -> None:
        """Begin with nothing promised."""
        self.session = 0
        self._appended = self._settled = 0  # rounds
        self._flushes: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._sessions: list[asyncio.Future[int]] = []

    @property
    def sessions(self) -> int:
        """How many connections wait for their number."""
        return len(self._sessions)

    def appended(self) -> None:
        """Count a round that waits."""
        self._appended += 1

    def flush(self) -> asyncio.Future[None]:
        """Return what is done when all rounds counted so far are stored."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._settled == self._appended:
            done.set_result(None)
        else:
            self._flushes.append((self._appended, done))
        return done

    def new_session(self) -> asyncio.Future[int]:
        """Return what gets the next connection's number."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._sessions.append(done)
        return done

    def begin(self) -> "Due":
        """Return what the commit that begins now will have kept."""
        due = Due(self._appended, self._sessions)
        self._sessions = []
        return due

    def give_back(self, due: "Due") -> None:
        """Take back what a commit didn't keep."""
        self._sessions = due.sessions + self._sessions

    def keep(self, due: "Due") -> None:
        """Tell those who wait for what is kept now."""
        for session in due.sessions:
            self.session += 1
            if not session.done():
                session.set_result(self.session)
        self._settled = max(self._settled, due.appended)
        while self._flushes and self._flushes[0][0] <= self._settled:
            _, flushed = self._flushes.popleft()
            if not flushed.done():
                flushed.set_result(None)


@dataclass(slots=True)
class Due:
    """What one commit keeps: rounds appended before it, connections that wait for a number."""

    appended: int = 0
    sessions: list[asyncio.Future[int]] = field(default_factory=list)
