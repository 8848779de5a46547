"""What happens on a connection, from the broker's welcome to its end."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from agent.board import Board
from agent.mqtt.lane import Lane
from agent.mqtt.latest import Latest
from agent.mqtt.retained import Retained
from agent.mqtt.session import Session
from agent.mqtt.standing import Standing
from agent.store import Store

_LOOK: Final = 0.5  # how often the board is looked at, s
_STATUS_EVERY: Final = 600.0  # s
_STATUS_PAUSE: Final = 2.0  # between two, where something changes, s
_LAST_WORD: Final = 1.0  # of the time to stop, kept for ``stopped``, s


class Stream(Protocol):
    """Something that has messages for the broker."""

    async def send(self, now: float) -> bool:
        """Send one message, if there is one and it may go; say whether."""


@dataclass(frozen=True, slots=True)
class Told:
    """Where what the station tells of itself comes from.

    Attributes:
        board: the newest values, and the version of what ``status`` says.
        about: gives the content of ``about``.
        status: gives the content of ``status``, without state and session.
    """

    board: Board
    about: Callable[[], Mapping[str, Any]]
    status: Callable[[], Mapping[str, Any]]


class Feed:
    """Feeds one connection: the log, the retained topics, and the last word."""

    def __init__(
        self,
        session: Session,
        store: Store,
        standing: Standing,
        told: Told,
        wake: asyncio.Event,
    ) -> None:
        """Take what is to be sent, and where.

        Args:
            session: connected.
            store: the log and the broker's place in it.
            standing: the broker's.
            told: where ``latest``, ``about`` and ``status`` come from.
            wake: set by whoever has news.
        """
        self._session, self._standing = session, standing
        self._told, self._wake = told, wake
        self._lane = Lane("data", session, store, standing)
        self._retained = Retained(session, standing.refusals)
        self._turns: deque[Stream] = deque((self._lane, self._retained))
        every = standing.config.latest
        self._latest = None if every is None else Latest(told.board, every)
        self._loop = asyncio.get_running_loop()
        self._stop_at: float | None = None
        self._about = b""
        self._news: object = None  # what the last status told
        self._status_at = self._loop.time() - _STATUS_EVERY

    def stop(self, at: float) -> None:
        """Have :meth:`run` end in order, by a time of the event loop's clock."""
        self._stop_at = at
        self._wake.set()

    async def run(self) -> None:
        """Feed until told to stop; then send what is committed, say ``stopped``, disconnect.

        Raises:
            BrokerError: the connection ended before.
        """
        await self._until(lambda: self._stop_at is not None)
        assert self._stop_at is not None
        end = self._stop_at - _LOOK
        self._retained.forget()
        await self._until(lambda: self._lane.idle or self._loop.time() >= end - _LAST_WORD)
        self._turns.remove(self._lane)
        self._show_status("stopped")
        await self._until(lambda: self._retained.shows("status") or self._loop.time() >= end)
        self._session.disconnect()

    async def _until(self, done: Callable[[], bool]) -> None:
        """Feed until something is the case."""
        while not done():
            if self._session.error is not None:
                raise self._session.error
            self._wake.clear()
            now = self._loop.time()
            if self._stop_at is None:
                self._tell(now)
            await self._fill(now)
            if not done():
                await self._rest()
            self._lane.settle(self._loop.time())

    def _tell(self, now: float) -> None:
        """Show what is due of ``status`` and ``latest``."""
        news = (self._told.board.health_version, self._standing.unheard > 0)
        if now >= self._status_at + (_STATUS_EVERY if news == self._news else _STATUS_PAUSE):
            self._news, self._status_at = news, now
            self._show_about()
            self._show_status("online")
        if self._latest is not None:
            for name, content in self._latest.due(now):
                self._retained.show(name, content)

    def _show_about(self) -> None:
        """Show what the station is, where that is news: an instrument may tell of itself late."""
        about = _json(self._told.about())
        if about != self._about:
            self._about = about
            self._retained.show("about", about)

    def _show_status(self, state: str) -> None:
        head = {"state": state, "session": self._session.number}
        content = _json({**head, **self._told.status()})
        if len(content) > self._session.room(self._session.topic("status")):
            content = _json(head)  # that the station lives matters more than how
        self._retained.show("status", content)

    async def _fill(self, now: float) -> None:
        """Have the streams send, one message each in turn, while the window has room."""
        idle = 0
        while self._session.free > 0 and idle < len(self._turns):
            stream = self._turns[0]
            self._turns.rotate(-1)
            idle = 0 if await stream.send(now) else idle + 1

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(_LOOK):
                await self._wake.wait()
        except TimeoutError:
            return


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
