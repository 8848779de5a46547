"""The account of one log: what came, what had to come, and what the ledger says of the rest."""

from dataclasses import dataclass, field, replace

from agent.audit.claim import Claim
from agent.audit.digests import Comparison
from agent.audit.ledger import Entry, Ledger
from agent.audit.ranges import OPEN, Ranges, below
from agent.audit.verdict import LogVerdict, State


@dataclass(slots=True)
class Coming:
    """What came, and how often."""

    numbers: Ranges = field(default_factory=Ranges)
    again: Ranges = field(default_factory=Ranges)
    different: Ranges = field(default_factory=Ranges)
    revised: Ranges = field(default_factory=Ranges)
    repeats: int = 0
    uncompared: int = 0
    revisions: int = 0


class LogAccount:
    """One log of one station.

    Attributes:
        claim: what of it must have come.
    """

    def __init__(self, name: str, *, whole: bool) -> None:
        """Begin with nothing.

        Args:
            name: the log's.
            whole: whether every number from 1 on must come past us.
        """
        self._name = name
        self.claim = Claim(whole=whole)
        self._came = Coming()
        self._recorded: dict[str, Ranges] = {}  # gaps that stand in records, by reason
        self._entry: Entry | None = None
        self._told: Ledger | None = None  # the newest; the entry may stand there no more
        self._proved_at: str | None = None
        self._ceiling = 0  # the highest number that had come when the last ledger was heard
        self._given_back = Ranges()

    def take(self, number: int, compared: Comparison, *, live: bool) -> None:
        """Note that a number came.

        Args:
            number: which.
            compared: its content beside that of its last coming.
            live: published since we listen.
        """
        came, one = self._came, range(number, number + 1)
        if number not in came.numbers:
            came.numbers.add(one)
            if live:
                self.claim.come(number)
        elif compared is Comparison.DIFFERENT:
            came.different.add(one)
        else:
            came.again.add(one)
            came.repeats += 1
            came.uncompared += compared is Comparison.UNKNOWN

    def revise(self, number: int) -> None:
        """Note a record that replaces a number's."""
        self._came.revisions += 1
        self._came.revised.add(range(number, number + 1))

    def gap(self, numbers: range, reason: str) -> None:
        """Note a gap record."""
        self._recorded.setdefault(reason, Ranges()).add(numbers)

    def hear(self, ledger: Ledger, *, live: bool, born: bool) -> None:
        """Take what a ledger says of this log.

        Args:
            ledger: newer than all before.
            live: published since we listen.
            born: the log began since we listen.
        """
        entry = ledger.logs.get(self._name)
        if entry is not None:
            self._hold_to_what_came(entry, ledger)
        elif self._entry is not None:
            # A closed log stays listed until nothing of it waits: it isn't, so nothing does.
            entry = replace(self._entry, waiting=Ranges(), gaps_from=OPEN)
        if entry is None:
            return
        self._entry, self._told = entry, ledger
        if self.claim.begun or self._closed:
            self._proved_at = ledger.time
        elif live:
            self.claim.begin(entry, self._came.numbers, born=born)
        if live:
            self._ceiling = self._came.numbers.last

    def deafen(self) -> None:
        """Note that messages may pass us by from now on."""
        settled = self._entry.settled if self._entry else Ranges()
        self.claim.interrupt(self._came.numbers | settled)

    def verdict(self) -> LogVerdict:
        """Return how it stands."""
        came, entry = self._came, self._entry
        lacking = self._expected() - came.numbers
        gaps = self._gaps(lacking)
        for gap in gaps.values():
            lacking -= gap
        waiting, missing = Ranges(), Ranges()
        if entry is not None:
            waiting = lacking & entry.waiting
            missing = lacking & below(entry.next)
            if waiting:  # the record of an older gap may be among it
                waiting |= missing & below(entry.gaps_from)
            missing -= waiting
        return LogVerdict(
            log=self._name,
            state=self._state(missing, waiting),
            as_of=self._proved_at,
            closed=self._closed,
            judged=self.claim.numbers.copy(),
            arrived=came.numbers.count,
            last=came.numbers.last,
            missing=missing,
            waiting=waiting,
            holes=lacking if entry is None else Ranges(),
            gaps=gaps,
            again=came.again.copy(),
            repeats=came.repeats,
            uncompared=came.uncompared,
            different=came.different.copy(),
            given_back=self._given_back.copy(),
            revised=came.revised.copy(),
            revisions=came.revisions,
        )

    def _expected(self) -> Ranges:
        """Return what had to come; before any ledger, all between what came."""
        if self._entry is not None:
            return self.claim.numbers
        came = self._came.numbers
        return Ranges((range(1 if self.claim.whole else came.first, came.last + 1),))

    @property
    def _closed(self) -> bool:
        return self._told is not None and self._name not in self._told.logs

    def _hold_to_what_came(self, entry: Entry, ledger: Ledger) -> None:
        """Note numbers that were given out, by what came or an older ledger, and now aren't."""
        least = self._ceiling + 1
        if self._entry and self._told and ledger.follows(self._told):
            least = max(least, self._entry.next)
        if entry.next < least:
            self._given_back.add(range(entry.next, least))

    def _gaps(self, lacking: Ranges) -> dict[str, Ranges]:
        """Return what of the lacking numbers won't come, by reason.

        The ledger is the last word on this broker. It lists the newest gaps only: of older ones,
        and as long as there is no ledger, the records tell.
        """
        listed = self._entry.gaps if self._entry else {}
        told_by_records = below(self._entry.gaps_from if self._entry else OPEN)
        gaps = {}
        for reason in sorted(listed.keys() | self._recorded.keys()):
            recorded = self._recorded.get(reason, Ranges()) & told_by_records
            if found := lacking & (listed.get(reason, Ranges()) | recorded):
                gaps[reason] = found
        return gaps

    def _state(self, missing: Ranges, waiting: Ranges) -> State:
        if self._came.different or self._given_back:
            return State.BROKEN
        if missing:
            return State.INCOMPLETE
        if waiting:
            return State.WAITING
        return State.COMPLETE if self._proved_at else State.UNPROVED
