"""The topic ``event``: an unnumbered copy of each event, for people."""

import json
from collections import deque
from collections.abc import Sequence
from typing import Final

from agent.clock import iso
from agent.mqtt.session import Session
from agent.record import EVENT, Stored

_MOST: Final = 100  # that wait; the numbered records are the truth, so older ones are let go of


class Events:
    """Copies the events that go out as records. One object serves one connection."""

    def __init__(self, session: Session) -> None:
        """Take the session."""
        self._session, self._topic = session, session.topic("event")
        self._waiting: deque[bytes] = deque(maxlen=_MOST)

    def saw(self, stored: Sequence[Stored]) -> None:
        """Take what is sent as records."""
        self._waiting.extend(_copy(each) for each in stored if each.round.layout.sensor == EVENT)

    async def send(self, now: float) -> bool:  # noqa: ARG002 - they may always go
        """Send one, if there is one; say whether."""
        if not self._waiting:
            return False
        self._session.publish(self._topic, self._waiting.popleft(), lambda _: None)
        return True


def _copy(event: Stored) -> bytes:
    head = {"kind": event.round.layout.names[0], "time": iso(event.round.time)}
    return json.dumps(head | json.loads(event.round.reasons[0]), ensure_ascii=False).encode()
