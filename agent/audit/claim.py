"""Which numbers of a log must have come past us.

Whoever subscribes late can't claim what was published before. So a claim rests on a ledger that was
heard as it was published, not kept by the broker: numbers that it hadn't given out yet were
published after it; and of what was waiting then, everything behind the first that comes, because a
lane sends in order.
"""

from typing import Final

from agent.audit.ledger import Entry
from agent.audit.ranges import OPEN, Ranges

_EVERYTHING: Final = range(1, OPEN)


class Claim:
    """The claim on one log.

    Attributes:
        numbers: what must have come, unless it waits or lies in a gap.
        begun: whether it has its beginning; not yet, or not again after an interruption.
    """

    def __init__(self, *, whole: bool) -> None:
        """Claim everything from number 1 on, or nothing yet."""
        self.numbers = Ranges((_EVERYTHING,) if whole else ())
        self.begun = whole
        self._pending = Ranges()  # waited when the claim began; nothing of it came yet

    @property
    def whole(self) -> bool:
        """Whether the log is claimed from its first number on."""
        return 1 in self.numbers

    @property
    def endless(self) -> bool:
        """Whether all that is still to be given out is claimed."""
        return OPEN - 1 in self.numbers

    def begin(self, entry: Entry, arrived: Ranges, *, born: bool) -> None:
        """Begin with a ledger that was heard live.

        Args:
            entry: what it says of the log.
            arrived: what came already.
            born: the log began since we listen.
        """
        self.begun = True
        self.numbers.add(_EVERYTHING if born else range(entry.next, OPEN))
        self._pending = entry.waiting - arrived

    def come(self, number: int) -> None:
        """Note that a number came that was published since we listen."""
        if number not in self._pending:
            return
        [stretch] = (stretch for stretch in self._pending if number in stretch)
        self.numbers.add(range(number, stretch.stop))
        self._pending.remove(stretch)

    def interrupt(self, certain: Ranges) -> None:
        """Claim no more than what was certain when we stopped listening."""
        self.numbers = self.numbers & certain
        self._pending = Ranges()
        self.begun = False
