"""What is held back for a broker, and why: for its status, and once for the log."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger()


@dataclass(slots=True)
class _Kind:
    """The topics of one first level (``data``, ``latest`` …) that are refused."""

    topics: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)
    sentence: str = ""
    count: int = 0


class Refusals:
    """The topics that are refused, by their first level.

    The log gets a line when it begins, one for each new reason, and one when nothing of the kind
    is refused any more, with the count between.
    """

    def __init__(self, broker: str, changed: Callable[[], None]) -> None:
        """Take the broker's name, and what is to be called when the facts change."""
        self._broker, self._changed = broker, changed
        self._kinds: dict[str, _Kind] = {}

    def refuse(self, topic: str, sentence: str) -> None:
        """Note that a topic was refused."""
        kind = self._kinds.setdefault(kind_of(topic), _Kind())
        kind.topics.add(topic)
        kind.count += 1
        kind.sentence = sentence
        if sentence not in kind.said:
            kind.said.add(sentence)
            log.error("held back", broker=self._broker, topic=kind_of(topic), reason=sentence)
            self._changed()

    def accept(self, topic: str) -> None:
        """Note that a topic was accepted."""
        if not self._kinds or (kind := self._kinds.get(kind_of(topic))) is None:
            return
        kind.topics.discard(topic)
        if not kind.topics:
            del self._kinds[kind_of(topic)]
            log.info(
                "accepted again", broker=self._broker, topic=kind_of(topic), refused=kind.count
            )
            self._changed()

    def facts(self) -> dict[str, str]:
        """Return the last reason of each kind that is refused."""
        return {name: kind.sentence for name, kind in self._kinds.items()}


def kind_of(topic: str) -> str:
    """Return the first level of a topic, below the station's."""
    return topic.partition("/")[0]
