"""A stretch of the log on its way to one topic."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from agent.mqtt.allowance import Allowance
from agent.mqtt.backoff import Hold
from agent.mqtt.caution import Caution
from agent.mqtt.flight import Flight, Message
from agent.mqtt.payload import CONTENT_TYPES, Packer
from agent.mqtt.reasons import FAILED, NOBODY, refused_message
from agent.mqtt.session import Session
from agent.mqtt.standing import Standing
from agent.record import Stored
from agent.store import Ranges, Store, without

_READINGS: Final = 500  # of a pack
_BYTES: Final = 64_000  # of a pack: half a minute of a link of 2 kB/s
_RECORD: Final = 14  # bytes of a record at least, in CBOR


class Lane:
    """Sends one broker what it lacks of a part of the log, in order.

    What the broker took is acknowledged in the store; what it refused stays where it is, and is
    sent again, one message at a time, with growing pauses. One object serves one connection.
    """

    def __init__(
        self,
        kind: str,
        session: Session,
        store: Store,
        standing: Standing,
        todo: Callable[[], Ranges],
        *,
        window: int,
        allowance: Allowance | None = None,
        saw: Callable[[Sequence[Stored]], None] = lambda _: None,
    ) -> None:
        """Begin with the first that is to be done.

        Args:
            kind: the topic below the station's.
            session: connected.
            store: where the log is, and what the broker lacks of it.
            standing: the broker's.
            todo: gives the places that are this lane's.
            window: messages that it may have under way.
            allowance: and bytes, where there is a bound.
            saw: is told what is sent.
        """
        self._kind, self._topic = kind, session.topic(kind)
        self._session, self._store, self._standing = session, store, standing
        self._todo, self._window, self._allowance, self._saw = todo, window, allowance, saw
        config = standing.config
        self._content_type = CONTENT_TYPES[config.format]
        self._room = min(_BYTES, session.room(self._topic, self._content_type))
        most = max(1, min(_READINGS, self._room // _RECORD))
        self._packer = Packer(config.format, compress=config.compress)
        self._next = 0
        self._taken: Ranges = ()  # the record that was taken last
        self._flight, self._hold, self._caution = Flight(), Hold(), Caution(most)
        self._loop = asyncio.get_running_loop()

    @property
    def under_way(self) -> Ranges:
        """The places that wait for their acknowledgement."""
        return self._flight.places

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and nothing can be sent now."""
        return not len(self._flight) and (self._caution.wary or self._ahead() is None)

    @property
    def behind(self) -> int:
        """How many records aren't under way yet."""
        return sum(map(len, without(self._todo(), self._flight.places)))

    async def send(self, now: float) -> bool:
        """Send a pack, if there is one and it may go; say whether."""
        if not self._may(now) or (piece := self._ahead()) is None:
            return False
        stored = within(await self._store.read(piece.start, len(piece)), piece)
        if not stored:
            return False
        room = self._room
        if self._allowance is not None:
            room = min(room, self._allowance.pack)
        pack = self._packer.pack(stored, room, self._caution.limit)
        message = Message(range(stored[0].place, pack.place_after), pack, now)
        self._next = pack.place_after
        self._flight.add(message)
        if self._allowance is not None:
            self._allowance.sent(len(pack.payload), now)
        self._saw(within(stored, message.places))
        answered = partial(self._answer, message)
        self._session.publish(self._topic, pack.payload, answered, content_type=self._content_type)
        return True

    def settle(self, now: float) -> None:
        """Acknowledge in the store what the broker took, and go back to what it refused."""
        for message in self._flight.land():
            if self._allowance is not None:
                size = len(message.pack.payload)
                self._allowance.answered(size, message.sent, message.answered)
            if (message.code or 0) >= FAILED:
                self._refused(message, now)
            else:
                self._accepted(message)

    def _may(self, now: float) -> bool:
        most = 1 if self._caution.wary else self._window
        if not self._hold.over(now) or len(self._flight) >= most:
            return False
        return self._allowance is None or self._allowance.free(now)

    def _ahead(self) -> range | None:
        """Return the next piece to be sent, as large as a pack may be."""
        left = without(self._todo(), self._flight.places)
        if passed_over := self._caution.passed_over:
            # With nothing behind it, one that was taken before is tried again in its stead.
            left = without(left, passed_over) or without(self._taken, passed_over) or left
        if left and not len(self._flight) and left[-1].stop <= self._next:
            self._next = 0  # something before was refused, or is to be sent again
        for part in left:
            if part.stop > self._next:
                start = max(part.start, self._next)
                return range(start, min(part.stop, start + self._caution.limit))
        return None

    def _answer(self, message: Message, code: int) -> None:
        message.answer(code, self._loop.time())

    def _accepted(self, message: Message) -> None:
        standing, pack = self._standing, message.pack
        self._caution.accept(message.places)
        self._taken = (message.places[-1:],)
        self._hold.accept()
        standing.refusals.accept(self._kind)
        standing.acknowledged += pack.readings
        standing.unheard += pack.readings if message.code == NOBODY else 0
        self._store.acknowledge(standing.name, message.places)

    def _refused(self, message: Message, now: float) -> None:
        code = message.code or 0
        if self._caution.refuse(message.places, code):
            self._store.exempt(self._standing.name, message.places, "refused")
            self._hold.accept()
            self._standing.refusals.accept(self._kind)
            return
        if self._hold.over(now):  # else it was sent before another one was refused
            self._hold.refuse(now)
        self._next = min(self._next, message.places.start)
        self._standing.refusals.refuse(self._kind, refused_message(self._kind, code))


def within(stored: Sequence[Stored], places: range) -> list[Stored]:
    """Return what of stored rounds lies within places, cut where it has to be."""
    found: list[Stored] = []
    for each in stored:
        start, stop = max(each.place, places.start), min(each.after, places.stop)
        if start < stop:
            found.append(each.part(start - each.place, stop - each.place))
    return found
