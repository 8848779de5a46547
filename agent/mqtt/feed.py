"""What happens on a connection, from the broker's welcome to its end."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from agent.board import Board
from agent.mqtt import ledger
from agent.mqtt.allowance import Allowance
from agent.mqtt.border import Border
from agent.mqtt.events import Events
from agent.mqtt.lane import Lane
from agent.mqtt.latest import Latest
from agent.mqtt.retained import Retained
from agent.mqtt.session import Session
from agent.mqtt.standing import Standing
from agent.store import Store

_LOOK: Final = 0.5  # how often the board is looked at, s
_STATUS_EVERY: Final = 600.0  # s
_STATUS_PAUSE: Final = 2.0  # between two, where something changes, s
_PATIENCE: Final = 2.0  # s that new readings may be more than two rounds behind
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
        now: gives the time, ms UTC.
    """

    board: Board
    about: Callable[[], Mapping[str, Any]]
    status: Callable[[], Mapping[str, Any]]
    now: Callable[[], int]


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
        self._store = store
        self._border = border = Border(store, standing.name)
        events = Events(session)
        window = session.limits.window
        self._data = data = Lane(
            "data", session, store, standing, border.data, window=window, saw=events.saw
        )
        self._backfill = Lane(
            "backfill",
            session,
            store,
            standing,
            lambda: border.backfill(data.under_way),
            window=max(1, window // 2),
            allowance=Allowance(standing.config.rate),
            saw=events.saw,
        )
        self._lanes = (self._data, self._backfill)
        self._retained = Retained(session, standing.refusals)
        self._turns: deque[Stream] = deque((*self._lanes, self._retained, events))
        self._behind_since: float | None = None
        self._ledger_at = 0.0
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
        await self._until(lambda: self._all_sent or self._loop.time() >= end - _LAST_WORD)
        for lane in self._lanes:
            self._turns.remove(lane)
        self._show_ledger()
        self._show_status("stopped")
        await self._until(lambda: self._last_words_said or self._loop.time() >= end)
        self._session.disconnect()

    @property
    def _all_sent(self) -> bool:
        return all(lane.idle for lane in self._lanes)

    @property
    def _last_words_said(self) -> bool:
        return self._retained.shows("ledger") and self._retained.shows("status")

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
            for lane in self._lanes:
                lane.settle(self._loop.time())

    def _tell(self, now: float) -> None:
        """Show what is due of ``status`` and ``latest``."""
        news = (self._told.board.health_version, self._standing.unheard > 0)
        if now >= self._status_at + (_STATUS_EVERY if news == self._news else _STATUS_PAUSE):
            self._news, self._status_at = news, now
            self._show_about()
            self._show_status("online")
        if now >= self._ledger_at:
            self._ledger_at = now + self._standing.config.ledger
            self._show_ledger()
        if self._latest is not None:
            for name, content in self._latest.due(now):
                self._retained.show(name, content)
        self._keep_up(now)

    def _keep_up(self, now: float) -> None:
        """Let new readings jump over those that the link is too slow for: they become backfill."""
        rounds = sum(len(layout.names) for layout in self._told.board.layouts.values())
        if self._data.behind <= 2 * rounds:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > _PATIENCE:
            self._behind_since = None
            self._border.jump()

    def _show_ledger(self) -> None:
        content = ledger.content(
            self._store,
            self._standing.name,
            session=self._session.number,
            now=self._told.now(),
        )
        self._retained.show("ledger", _json(content))

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
