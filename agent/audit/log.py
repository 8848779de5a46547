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
        self._entry: Entry | None = None  # where it was listed last
        self._told: Ledger | None = None  # the newest that said something, by silence perhaps
        self._end: int | None = None  # the number behind its last, once it has ended
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

    def end(self, following: int) -> None:
        """Note that the log has ended, before a number that was never given out."""
        self._end = following

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
            self._entry = entry
            if ledger.newest != self._name:
                self._end = entry.next
        if entry is not None or self._is_closed(ledger):
            self._told = ledger
            if self.claim.begun or self._closed or born:
                self._proved_at = ledger.time
            if entry is not None and live and not self.claim.begun:
                self.claim.begin(entry, self._came.numbers, born=born)
        if live:
            self._ceiling = self._came.numbers.last

    def deafen(self) -> None:
        """Note that messages may pass us by from now on."""
        word = self._word
        self.claim.interrupt(self._came.numbers | (word.settled if word else Ranges()))

    @property
    def matters(self) -> bool:
        """Whether it was heard, or had to be: records may name logs that ended before."""
        return bool(self._came.numbers) or self._entry is not None or self.claim.whole

    @property
    def waiting(self) -> Ranges:
        """What is still to come, by the ledger."""
        word = self._word
        return (self.claim.numbers - self._came.numbers) & word.waiting if word else Ranges()

    def verdict(self, *, more: bool) -> LogVerdict:
        """Return how it stands.

        Args:
            more: whether records of this or another log are still to come: gaps may be among them.
        """
        came, word = self._came, self._word
        lacking = self._expected() - came.numbers
        gaps = self._gaps(lacking)
        for gap in gaps.values():
            lacking -= gap
        waiting, missing = self.waiting & lacking, Ranges()
        if word is not None:
            missing = lacking & below(word.next)
            if more:
                waiting |= missing & below(word.gaps_from)
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
            holes=lacking if word is None else Ranges(),
            gaps=gaps,
            again=came.again.copy(),
            repeats=came.repeats,
            uncompared=came.uncompared,
            different=came.different.copy(),
            given_back=self._given_back.copy(),
            revised=came.revised.copy(),
            revisions=came.revisions,
        )

    @property
    def _word(self) -> Entry | None:
        """What the newest ledger says of this log, by silence perhaps."""
        if not self._closed:
            return self._entry
        known = self._entry or Entry(1, Ranges(), {}, OPEN)
        return replace(known, next=self._end or known.next, waiting=Ranges(), gaps_from=OPEN)

    def _expected(self) -> Ranges:
        """Return what had to come; before any ledger, all between what came."""
        if self._word is not None:
            return self.claim.numbers
        came = self._came.numbers
        return Ranges((range(1 if self.claim.whole else came.first, came.last + 1),))

    @property
    def _closed(self) -> bool:
        return self._told is not None and self._name not in self._told.logs

    def _is_closed(self, ledger: Ledger) -> bool:
        """Say whether a ledger that doesn't list this log means that nothing of it is to come.

        The newest log is always listed, and one that has ended until nothing of it waits. But a
        ledger may be older than a log.
        """
        if self._told is not None:
            return ledger.follows(self._told)
        return self._end is not None or self._ceiling > 0

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
        word = self._word or Entry(1, Ranges(), {}, OPEN)
        gaps = {}
        for reason in sorted(word.gaps.keys() | self._recorded.keys()):
            recorded = self._recorded.get(reason, Ranges()) & below(word.gaps_from)
            if found := lacking & (word.gaps.get(reason, Ranges()) | recorded):
                gaps[reason] = found
        return gaps

    def _state(self, missing: Ranges, waiting: Ranges) -> State:
        if self._came.different or self._given_back:
            return State.BROKEN
        if missing:
            return State.INCOMPLETE
        if waiting:
            return State.WAITING
        endless = self._closed and self._end is None and self.claim.endless
        return State.UNPROVED if self._proved_at is None or endless else State.COMPLETE
