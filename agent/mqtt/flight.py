"""Packs on their way: answered in any order, landed in theirs."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from agent.mqtt.payload import Pack


@dataclass(slots=True)
class Message:
    """A pack in flight, the place that it goes on from, and the broker's answer to it."""

    place: int
    pack: Pack
    code: int | None = None

    def answer(self, code: int) -> None:
        """Take the broker's reason code; the first one counts."""
        if self.code is None:
            self.code = code


class Flight:
    """Packs in flight, in the order of their places.

    A place in the log may move over a pack only when all before it were answered, too: that is
    the low-water mark, whatever order the answers come in.
    """

    def __init__(self) -> None:
        """Begin with nothing in flight."""
        self._messages: deque[Message] = deque()

    def __len__(self) -> int:
        """Return how many have not landed."""
        return len(self._messages)

    def add(self, place: int, pack: Pack) -> Message:
        """Take a pack that follows the last one, and the place from which it was read."""
        message = Message(place, pack)
        self._messages.append(message)
        return message

    def land(self) -> Iterator[Message]:
        """Take away what was answered, up to the first that wasn't."""
        while self._messages and self._messages[0].code is not None:
            yield self._messages.popleft()

    def clear(self) -> None:
        """Forget them all; late answers change nothing any more."""
        self._messages.clear()
