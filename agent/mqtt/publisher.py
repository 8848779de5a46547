"""One publisher a broker: from its place in the log to acknowledged."""

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import structlog

from agent.board import Board
from agent.clock import iso
from agent.config.model import Broker, Station
from agent.mqtt.payload import Pack, Packer
from agent.mqtt.session import BrokerError, Session
from agent.record import Stored
from agent.store import Store

log = structlog.get_logger()

_NOBODY: Final = 0x10  # MQTT 5, 3.4.2.1: no matching subscribers
_FAILED: Final = 0x80  # reason codes from here on are refusals
_READINGS, _BYTES = 500, 64_000  # of a pack
_TOPIC_ROOM: Final = 300  # bytes of a packet that aren't payload
_LOOK: Final = 0.5  # how often the board is looked at, s
_STATUS_EVERY: Final = 600.0
_STATUS_PAUSE: Final = 2.0


def pauses() -> Iterator[float]:
    """Yield the pauses between attempts, s: jittered, below 2 s for the first 2 min (D6)."""
    limit, spent = 0.5, 0.0
    while True:
        pause = random.uniform(limit / 2, limit)  # noqa: S311 - spreads a fleet, hides nothing
        yield pause
        spent += pause
        limit = min(limit * 2, 2.0 if spent < 120 else 60.0)


class Publisher:
    """Sends one broker everything that the log holds, and keeps its retained topics."""

    def __init__(  # noqa: PLR0917 - what it needs, in the order of the house
        self,
        name: str,
        config: Broker,
        station: Station,
        store: Store,
        board: Board,
        about: Callable[[], Mapping[str, Any]],
        status: Callable[[], Mapping[str, Any]],
    ) -> None:
        """Take the broker's table and where what is to be told comes from."""
        self._name, self._config, self._station = name, config, station
        self._store, self._board, self._about, self._status = store, board, about, status
        self._root = f"{config.topic_root}/{station.id}"
        self._wake, self._finished = asyncio.Event(), asyncio.Event()
        self._stop_at: float | None = None
        self._url = str(config.url[0])
        self._connected = False
        self._acknowledged = self._unheard = self._refused = 0
        self._reason: str | None = None
        self._number: int | None = None
        self._flight: deque[tuple[Pack, asyncio.Future[int]]] = deque()
        self._told: dict[str, tuple[float, int, int]] = {}

    def facts(self) -> dict[str, Any]:
        """Return how this broker does, for the station's status."""
        return {
            "connected": self._connected,
            "url": self._url,
            "acknowledged": self._acknowledged,
            "waiting": self._store.waiting(self._name),
            "unheard": self._unheard,
            "refused": self._refused,
            "reason": self._reason,
        }

    async def run(self) -> None:
        """Connect, feed and connect again, until :meth:`stop`."""
        unlisten = self._store.listen(self._wake.set)
        waits, turn = pauses(), 0
        try:
            while self._stop_at is None:
                url = self._config.url[turn % len(self._config.url)]
                turn += 1
                if self._number is None:
                    self._number = await self._store.open_session()
                session = Session(self._config, self._station.id, self._number)
                self._url = str(url)
                try:
                    await session.connect(url)
                    waits = pauses()
                    await self._feed(session, self._number)
                except BrokerError as error:
                    self._lost(error)
                finally:
                    session.close()
                    self._connected = False
                    if session.reached:
                        self._number = None
                await self._sleep(next(waits))
        finally:
            unlisten()
            self._finished.set()

    async def stop(self, within: float) -> None:
        """Send what is committed as far as ``within`` s allow, say ``stopped``, disconnect."""
        self._stop_at = asyncio.get_running_loop().time() + within
        self._wake.set()
        try:
            async with asyncio.timeout(within + 2.0):
                await self._finished.wait()
        except TimeoutError:
            log.warning("broker not left in order", broker=self._name)

    def _lost(self, error: BrokerError) -> None:
        if str(error) != self._reason:
            log.warning("broker lost", broker=self._name, url=self._url, reason=str(error))
        self._reason = str(error)

    async def _sleep(self, seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while self._stop_at is None and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await self._rest(left)

    async def _rest(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _feed(self, session: Session, number: int) -> None:
        loop = asyncio.get_running_loop()
        log.info("broker connected", broker=self._name, url=self._url)
        self._connected, self._reason = True, None
        self._flight.clear()
        self._told.clear()
        packer = self._packer(session)
        place, hold_until, hold = self._store.place(self._name), 0.0, 1.0
        told_at, version = -_STATUS_EVERY, -1
        await self._tell(session, "about", self._about())
        while not session.closed.done():
            acknowledged = self._settle()
            if acknowledged is None:
                place, hold_until = self._store.place(self._name), loop.time() + hold
                hold = min(hold * 2, 60.0)
            elif acknowledged:
                hold = 1.0
            now, changed = loop.time(), version != self._board.health_version
            if now - told_at >= (_STATUS_PAUSE if changed else _STATUS_EVERY):
                told_at, version = now, self._board.health_version
                state = {"state": "online", "session": number, **self._status()}
                await self._tell(session, "status", state)
            place, more = await self._fill(session, packer, place, loop.time() >= hold_until)
            if self._stop_at is not None and (
                loop.time() >= self._stop_at or not (more or self._flight)
            ):
                await self._tell(
                    session, "status", {"state": "stopped", "session": number, **self._status()}
                )
                session.disconnect()
                return
            if not (more and session.free > 0):
                await self._rest(_LOOK)
        raise BrokerError(session.closed.result())

    def _packer(self, session: Session) -> Packer:
        most = min(_BYTES, (session.max_packet or _BYTES + _TOPIC_ROOM) - _TOPIC_ROOM)
        config = self._config
        return Packer(
            config.format, compress=config.compress, max_bytes=most, max_readings=_READINGS
        )

    async def _tell(self, session: Session, topic: str, content: Mapping[str, Any]) -> None:
        """Publish a retained object and wait for the broker's word."""
        payload = json.dumps(content).encode()
        while session.free <= 0 and not session.closed.done():
            await self._rest(_LOOK)
        try:
            async with asyncio.timeout(10.0):
                await session.publish(f"{self._root}/{topic}", payload, retain=True)
        except TimeoutError:
            raise BrokerError(f"the broker doesn't acknowledge {topic}") from None

    async def _fill(
        self, session: Session, packer: Packer, place: int, may_send: bool
    ) -> tuple[int, bool]:
        """Fill the free slots with data and ``latest`` in turn; say whether data is left."""
        news = self._news() if self._stop_at is None else iter(())
        stored: Sequence[Stored] = ()
        while session.free > 0:
            if item := next(news, None):
                session.publish(*item, retain=True).add_done_callback(self._done)
            if session.free <= 0 or not may_send:
                break
            stored = await self._store.read(place, _READINGS)
            if not stored:
                break
            pack = packer.pack(stored)
            future = session.publish(
                f"{self._root}/data", pack.payload, content_type=packer.content_type
            )
            future.add_done_callback(self._done)
            self._flight.append((pack, future))
            place = pack.place_after
        return place, bool(stored)

    def _done(self, future: asyncio.Future[int]) -> None:
        if not future.cancelled():
            future.exception()
        self._wake.set()

    def _settle(self) -> int | None:
        """Move the place over what was acknowledged; None if a pack was refused."""
        count = 0
        while self._flight and self._flight[0][1].done():
            pack, future = self._flight[0]
            code = future.result()
            if code >= _FAILED:
                self._refused += 1
                self._flight.clear()
                reason = f"the broker refuses data: reason code 0x{code:02x}"
                if reason != self._reason:
                    log.error("data refused", broker=self._name, code=f"0x{code:02x}")
                self._reason = reason
                return None
            self._flight.popleft()
            self._unheard += pack.readings if code == _NOBODY else 0
            self._acknowledged += pack.readings
            self._reason = None
            self._store.move(self._name, pack.place_after)
            count += pack.readings
        return count

    def _news(self) -> Iterator[tuple[str, bytes]]:
        """Yield the channels whose ``latest`` is due."""
        every, now = self._config.latest, asyncio.get_running_loop().time()
        if every is None:
            return
        for sensor, found in self._board.newest.items():
            for column, name in enumerate(found.layout.names):
                key, quality = f"{sensor}/{name}", found.qualities[column]
                told = self._told.get(key)
                fresh = told is None or told[1] != found.time
                if not fresh or (told and told[2] == quality and now - told[0] < every):
                    continue
                self._told[key] = (now, found.time, quality)
                content = {
                    "time": iso(found.time),
                    "value": found.values[column],
                    "unit": found.layout.units[column],
                    "quality": quality,
                }
                if found.values[column] is None:
                    content["reason"] = found.reasons.get(column)
                yield f"{self._root}/latest/{key}", json.dumps(content).encode()
