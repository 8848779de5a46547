"""A stretch of the log on its way to one topic."""

from typing import Final

from agent.mqtt.backoff import Hold
from agent.mqtt.flight import Flight
from agent.mqtt.payload import CONTENT_TYPES, Packer
from agent.mqtt.reasons import FAILED, NOBODY, refused_message
from agent.mqtt.session import Session
from agent.mqtt.standing import Standing
from agent.store import Store

_READINGS: Final = 500  # of a pack
_BYTES: Final = 64_000  # of a pack: half a minute of a link of 2 kB/s
_RECORD: Final = 14  # bytes of a record at least, in CBOR


class Lane:
    """Sends one broker the log from its place on, in order, and moves the place.

    The place moves over what the broker took, and never over a hole. After a refusal the lane goes
    back to its place, and sends one pack at a time, with growing pauses, until one is taken. One
    object serves one connection.
    """

    def __init__(self, kind: str, session: Session, store: Store, standing: Standing) -> None:
        """Begin at the broker's place.

        Args:
            kind: the topic below the station's.
            session: connected.
            store: where the log and the place are.
            standing: the broker's.
        """
        self._kind, self._topic = kind, session.topic(kind)
        self._session, self._store, self._standing = session, store, standing
        config = standing.config
        self._content_type = CONTENT_TYPES[config.format]
        room = min(_BYTES, session.room(self._topic, self._content_type))
        self._readings = max(1, min(_READINGS, room // _RECORD))
        self._packer = Packer(
            config.format, compress=config.compress, max_bytes=room, max_readings=self._readings
        )
        self._next = self._place()
        self._flight, self._hold = Flight(), Hold()
        self._wary = False  # something was refused, and nothing taken since

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and nothing can be sent now."""
        return not len(self._flight) and (self._wary or self._next >= self._store.end)

    async def send(self, now: float) -> bool:
        """Send a pack, if there is one and it may go; say whether."""
        most = 1 if self._wary else self._session.limits.window
        if not self._hold.over(now) or len(self._flight) >= most:
            return False
        stored = await self._store.read(self._next, self._readings)
        if not stored:
            return False
        pack = self._packer.pack(stored)
        message = self._flight.add(self._next, pack)
        self._next = pack.place_after
        self._session.publish(
            self._topic, pack.payload, message.answer, content_type=self._content_type
        )
        return True

    def settle(self, now: float) -> None:
        """Move the place over what was acknowledged, up to a hole or a refusal."""
        for message in self._flight.land():
            code, pack = message.code or 0, message.pack
            if code >= FAILED:
                self._held(now, refused_message(self._kind, code))
                return
            self._wary = False
            self._hold.accept()
            self._standing.refusals.accept(self._kind)
            self._standing.acknowledged += pack.readings
            self._standing.unheard += pack.readings if code == NOBODY else 0
            self._store.acknowledge(self._standing.name, range(message.place, pack.place_after))

    def _place(self) -> int:
        waiting = self._store.waiting(self._standing.name)
        return waiting[0].start if waiting else self._store.end

    def _held(self, now: float, sentence: str) -> None:
        """Go back to the place, and wait."""
        self._flight.clear()
        self._next = self._place()
        self._wary = True
        self._hold.refuse(now)
        self._standing.refusals.refuse(self._kind, sentence)
