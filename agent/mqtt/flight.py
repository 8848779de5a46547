"""Packs on their way, each answered for itself."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.mqtt.payload import Pack
from agent.store import Ranges


@dataclass(slots=True)
class Message:
    """A pack in flight, and the broker's answer to it.

    Attributes:
        places: of its records.
        pack: the pack.
        sent: when, s.
        code: the reason code of its acknowledgement.
        answered: when, s.
    """

    places: range
    pack: Pack
    sent: float
    code: int | None = None
    answered: float = 0.0

    def answer(self, code: int, now: float) -> None:
        """Take the broker's reason code; the first one counts."""
        if self.code is None:
            self.code, self.answered = code, now


class Flight:
    """Packs in flight; they may be answered in any order."""

    def __init__(self) -> None:
        """Begin with nothing in flight."""
        self._messages: list[Message] = []

    def __len__(self) -> int:
        """Return how many aren't dealt with."""
        return len(self._messages)

    @property
    def places(self) -> Ranges:
        """The places that are under way."""
        return tuple(message.places for message in self._messages)

    def add(self, message: Message) -> None:
        """Take a message that is sent."""
        self._messages.append(message)

    def land(self) -> Iterator[Message]:
        """Take away what was answered, in the order in which it was sent."""
        landed = [message for message in self._messages if message.code is not None]
        self._messages = [message for message in self._messages if message.code is None]
        yield from landed
