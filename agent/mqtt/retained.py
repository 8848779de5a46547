"""The retained topics: each shows its newest content."""

import asyncio

from agent.mqtt.backoff import Hold
from agent.mqtt.reasons import FAILED, refused_message
from agent.mqtt.refusals import Refusals, kind_of
from agent.mqtt.session import Session


class Retained:
    """Keeps retained topics at a broker up to date.

    Of several contents of a topic only the newest is sent, and one message a topic is under way.
    After a refusal, topics of that kind (``latest`` …) wait, with growing pauses, and one at a time
    tries whether it is accepted now. One object serves one connection.
    """

    def __init__(self, session: Session, refusals: Refusals) -> None:
        """Take the session, and where to say what is held back."""
        self._session, self._refusals = session, refusals
        self._loop = asyncio.get_running_loop()
        self._contents: dict[str, bytes] = {}  # still to be sent, the oldest first
        self._under_way: set[str] = set()
        self._holds: dict[str, Hold] = {}  # by kind

    def show(self, name: str, content: bytes) -> None:
        """Have a topic (named below the station's) show a content."""
        self._contents[name] = content

    def shows(self, name: str) -> bool:
        """Say whether the broker has acknowledged the topic's newest content, or refuses it."""
        refused = kind_of(name) in self._holds
        return name not in self._under_way and (name not in self._contents or refused)

    def forget(self) -> None:
        """Send nothing of what still waits."""
        self._contents.clear()

    async def send(self, now: float) -> bool:
        """Send the topic that waits longest, if one may go; say whether."""
        for name in self._contents:
            if name not in self._under_way and self._accepts(kind_of(name), now):
                self._send(name, self._contents.pop(name))
                return True
        return False

    def _accepts(self, kind: str, now: float) -> bool:
        """Say whether the broker accepts a kind, as far as is known, or it may be tried again."""
        hold = self._holds.get(kind)
        return hold is None or (
            hold.over(now) and all(kind_of(name) != kind for name in self._under_way)
        )

    def _send(self, name: str, content: bytes) -> None:
        kind = kind_of(name)
        tried = self._holds.get(kind)

        def answered(code: int) -> None:
            self._under_way.discard(name)
            if code < FAILED:
                if tried is not None:
                    self._holds.pop(kind, None)
                self._refusals.accept(name)
                return
            self._contents.setdefault(name, content)
            hold, now = self._holds.setdefault(kind, Hold()), self._loop.time()
            if hold.over(now):  # else it was sent before another one was refused
                hold.refuse(now)
            self._refusals.refuse(name, refused_message(kind, code))

        self._under_way.add(name)
        self._session.publish(self._session.topic(name), content, answered, retain=True)
