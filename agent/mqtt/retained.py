"""The retained topics: each shows its newest content."""

import asyncio

from agent.mqtt.backoff import Hold
from agent.mqtt.reasons import FAILED, refused_message
from agent.mqtt.refusals import Refusals
from agent.mqtt.session import Session


class Retained:
    """Keeps retained topics at a broker up to date.

    Of several contents of a topic only the newest is sent, and one message a topic is under way.
    What the broker refuses is sent again, with growing pauses. One object serves one connection.
    """

    def __init__(self, session: Session, refusals: Refusals) -> None:
        """Take the session, and where to say what is held back."""
        self._session, self._refusals = session, refusals
        self._loop = asyncio.get_running_loop()
        self._contents: dict[str, bytes] = {}  # still to be sent, the oldest first
        self._under_way: set[str] = set()
        self._holds: dict[str, Hold] = {}

    @property
    def waiting(self) -> int:
        """How many messages wait for their acknowledgement."""
        return len(self._under_way)

    def show(self, name: str, content: bytes) -> None:
        """Have a topic (named below the station's) show a content."""
        self._contents[name] = content

    def shows(self, name: str) -> bool:
        """Say whether the broker has acknowledged the topic's newest content, or refused it."""
        refused = name in self._holds
        return name not in self._under_way and (name not in self._contents or refused)

    def forget(self) -> None:
        """Send nothing of what still waits."""
        self._contents.clear()

    async def send(self, now: float) -> bool:
        """Send the topic that waits longest, if one may go; say whether."""
        for name in self._contents:
            hold = self._holds.get(name)
            if name not in self._under_way and (hold is None or hold.over(now)):
                self._send(name, self._contents.pop(name))
                return True
        return False

    def _send(self, name: str, content: bytes) -> None:
        def answered(code: int) -> None:
            self._under_way.discard(name)
            if code < FAILED:
                self._holds.pop(name, None)
                self._refusals.accept(name)
                return
            self._contents.setdefault(name, content)
            self._holds.setdefault(name, Hold()).refuse(self._loop.time())
            self._refusals.refuse(name, refused_message(name.partition("/")[0], code))

        self._under_way.add(name)
        self._session.publish(self._session.topic(name), content, answered, retain=True)
