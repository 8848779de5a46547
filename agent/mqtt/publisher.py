"""One publisher a broker: connects, feeds, and connects again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any, Final

import structlog

from agent.board import Board
from agent.config.model import Broker, Station, Url
from agent.mqtt.backoff import Backoff
from agent.mqtt.feed import Feed, Told
from agent.mqtt.ledger import heed
from agent.mqtt.outage import Outage
from agent.mqtt.reasons import NO_RETAIN, BrokerError
from agent.mqtt.refusals import Refusals
from agent.mqtt.session import Session
from agent.mqtt.standing import Standing
from agent.store import Store

log = structlog.get_logger()

_WITNESS: Final = 1.0
"""Seconds that the broker's own ledger is waited for (promise S3)."""
_PROOF: Final = 60.0
"""Seconds that a connection must last before the next outage counts as a new one."""


class Publisher:
    """Sends one broker everything that the log holds, and keeps its retained topics."""

    def __init__(
        self,
        name: str,
        config: Broker,
        station: Station,
        store: Store,
        board: Board,
        *,
        about: Callable[[], Mapping[str, Any]],
        status: Callable[[], Mapping[str, Any]],
        now: Callable[[], int],
    ) -> None:
        """Take the broker's table and where what is to be told comes from."""
        self._name, self._config, self._station = name, config, station.id
        self._store = store
        self._told = Told(board, about, status, now)
        self._standing = Standing(name, config, Refusals(name, board.changed))
        self._urls, self._url = cycle(config.url), config.url[0]
        self._backoff, self._outage = Backoff(), Outage(name)
        self._faulty: set[Url] = set()  # where only a person can help, at the last try
        self._number: int | None = None  # of the next session
        self._retains = True
        self._wake, self._finished = asyncio.Event(), asyncio.Event()
        self._stopping = False
        self._waiting: asyncio.Timeout | None = None  # for something that stopping ends
        self._feed: Feed | None = None

    def facts(self) -> dict[str, Any]:
        """Return how this broker does, for the station's status."""
        return {
            "connected": self._feed is not None,
            "url": str(self._url),
            "acknowledged": self._standing.acknowledged,
            "waiting": self._store.backlog(self._name),
            "unheard": self._standing.unheard,
            "refused": self._standing.refusals.facts(),
            "sees_refusals": self._config.protocol == 5,
            "retains": self._retains,
            "reason": self._outage.reason,
        }

    async def run(self) -> None:
        """Connect, feed and connect again, until :meth:`stop`."""
        unlisten = self._store.listen(self._wake.set)
        try:
            while not self._stopping:
                pause = await self._connection(next(self._urls))
                async with self._until_stopped():
                    await asyncio.sleep(pause)
        finally:
            unlisten()
            self._finished.set()

    async def stop(self, within: float) -> None:
        """End :meth:`run`: send what is committed, say ``stopped``, disconnect, as far as it goes.

        Args:
            within: seconds that this may take. A connection that isn't there yet is given up now.
        """
        self._stopping = True
        now = asyncio.get_running_loop().time()
        if self._waiting is not None:
            self._waiting.reschedule(now)
        if self._feed is not None:
            self._feed.stop(now + within)
        try:
            async with asyncio.timeout(within):
                await self._finished.wait()
        except TimeoutError:
            log.warning("broker not left in order", broker=self._name)

    @asynccontextmanager
    async def _until_stopped(self) -> AsyncIterator[None]:
        """Give up what is awaited inside as soon as :meth:`stop` is called."""
        try:
            async with asyncio.timeout(0 if self._stopping else None) as self._waiting:
                yield
        except TimeoutError:
            if not self._stopping:
                raise
        finally:
            self._waiting = None

    async def _connection(self, url: Url) -> float:
        """Have one connection, from its beginning to its end.

        Returns:
            The pause before the next one, s.
        """
        self._url = url
        async with self._until_stopped():
            self._number = self._number or await self._store.open_session()
        if self._stopping or self._number is None:
            return 0.0
        session = Session(
            self._config, self._station, self._number, self._wake.set, retain=self._retains
        )
        try:
            async with self._until_stopped():
                await session.connect(url)
            if not self._stopping:
                await self._serve(session)
        except BrokerError as error:
            return self._lost(url, error)
        finally:
            session.close()
            if session.used:
                self._number = None
        return 0.0

    async def _serve(self, session: Session) -> None:
        """Feed a connection until it ends or :meth:`stop` is called."""
        self._note_retains(session.limits.retain)
        if session.limits.retain:
            await self._hear_the_witness(session)
        if self._stopping:
            session.disconnect()
            return
        self._feed = Feed(session, self._store, self._standing, self._told, self._wake)
        self._outage.connected(self._url)
        self._faulty.clear()
        self._told.board.changed()
        proof = asyncio.get_running_loop().call_later(_PROOF, self._prove)
        try:
            await self._feed.run()
        finally:
            proof.cancel()
            self._feed = None

    async def _hear_the_witness(self, session: Session) -> None:
        """Let the store know what the broker's own ledger says, before anything is sent."""
        seen: bytes | None = None
        async with self._until_stopped():
            seen = await session.retained(session.topic("ledger"), _WITNESS)
        if seen is not None:
            await heed(self._store, self._name, seen)

    def _prove(self) -> None:
        self._outage.proved(self._url)
        self._backoff.reset()

    def _lost(self, url: Url, error: BrokerError) -> float:
        """Note what was in the way; return the pause before the next try, s."""
        if error.code == NO_RETAIN and self._retains:
            self._note_retains(False)  # the will was the obstacle: it goes without
            return 0.0
        if self._outage.lost(url, error):
            self._told.board.changed()
        if error.config:
            self._faulty.add(url)
        else:
            self._faulty.discard(url)
        return self._backoff.pause(config=self._faulty == set(self._config.url))

    def _note_retains(self, retains: bool) -> None:
        if self._retains and not retains:
            log.warning(
                "broker keeps no retained messages: who subscribes later doesn't see them",
                broker=self._name,
            )
        self._retains = retains
