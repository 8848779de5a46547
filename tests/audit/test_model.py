"""The judge beside a plain model that sees everything: station, broker, adversary and listener.

The station gives out numbers, publishes what waits in order, hears acknowledgements (or doesn't),
gives stretches up, begins new logs, and publishes ledgers. Between broker and listener an adversary
loses, doubles, changes and delays messages. The model knows what became of each number.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.audit import Auditor, LogVerdict
from tests.support.station import NOON, entry, event, ledger, pack, reading

LOGS = [f"aaaaaa{one}{two}" for one in "ab" for two in "abcdefghijklmnopqrstuvwxyz234567"]

Identity = tuple[str, int]
Step = tuple[Any, ...]


@dataclass
class Told:
    """What a ledger said, as plain sets."""

    listed: set[str]
    waiting: set[Identity]
    acknowledged: set[Identity]
    given_up: set[Identity]


@dataclass
class World:
    """The station, and all that lies between it and the listener.

    Attributes:
        listening: whether somebody hears what is published.
        events: what the records say that are events: kind and content.
        covers: what each gap record covers.
        arrived: what the listener got, and whether it was changed when it first came.
        changed: what came with two contents.
        lost: by the adversary, while somebody listened.
        fresh: given out after the first ledger that was heard.
        told: by the last ledger that was heard.
    """

    auditor: Auditor
    listening: bool
    logs: int = 1
    next: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LOGS, 1))
    second: int = 0
    events: dict[Identity, tuple[str, Any]] = field(default_factory=dict)
    covers: dict[Identity, set[Identity]] = field(default_factory=dict)
    waiting: list[Identity] = field(default_factory=list)
    acknowledged: set[Identity] = field(default_factory=set)
    given_up: set[Identity] = field(default_factory=set)
    arrived: dict[Identity, bool] = field(default_factory=dict)
    changed: set[Identity] = field(default_factory=set)
    lost: set[Identity] = field(default_factory=set)
    fresh: set[Identity] = field(default_factory=set)
    told: Told | None = None
    delayed: list[list[Identity]] = field(default_factory=list)

    def give(self, count: int) -> list[Identity]:
        log = LOGS[self.logs - 1]
        given = [(log, number) for number in range(self.next[log], self.next[log] + count)]
        self.next[log] += count
        self.waiting += given
        if self.told is not None:
            self.fresh |= {*given}
        return given

    def begin_log(self) -> None:
        before = LOGS[self.logs - 1]
        self.logs += 1
        [start] = self.give(1)
        said = {"log_before": before, "next_before": self.next[before]}
        self.events[start] = ("start", said)

    def publish(self, count: int, fate: str, acknowledged: bool) -> None:
        sent, self.waiting = self.waiting[:count], self.waiting[count:]
        if self.listening and sent:
            if fate == "lost":
                self.lost |= {*sent}
            elif fate == "delayed":
                self.delayed.append(sent)
            else:
                self._arrive(sent, changed=fate == "changed")
            if fate == "doubled":
                self._arrive(sent, changed=False)
        if acknowledged:
            self.acknowledged |= {*sent}
        else:
            self.waiting = sent + self.waiting  # it will be sent again

    def deliver(self) -> None:
        if self.delayed:
            self._arrive(self.delayed.pop(0), changed=False)

    def give_up(self, count: int) -> None:
        given_up = [each for each in self.waiting[:count] if each not in self.events]
        self.waiting = [each for each in self.waiting if each not in given_up]
        self.given_up |= {*given_up}
        for log, number in given_up:
            [record] = self.give(1)
            said = {"log": log, "from": number, "to": number, "reason": "full"}
            self.events[record] = ("gap", said)
            self.covers[record] = {(log, number)}

    def tell(self) -> None:
        self.second += 30
        entries = []
        for log in LOGS[: self.logs]:
            waiting = [(number, number) for each, number in self.waiting if each == log]
            gaps = [(n, n, "full") for each, n in sorted(self.given_up) if each == log]
            if waiting or log == LOGS[self.logs - 1]:
                entries.append(entry(self.next[log], waiting, gaps, log))
        if self.listening:
            self.auditor.take("aryk/chu-01/ledger", ledger(self.second, *entries))
            self.told = Told(
                {each["log"] for each in entries},
                {*self.waiting},
                self.acknowledged.copy(),
                self.given_up.copy(),
            )

    def _arrive(self, sent: list[Identity], *, changed: bool) -> None:
        for identity in sent:
            if self.arrived.setdefault(identity, changed) != changed:
                self.changed.add(identity)
        time = NOON + 1 if changed else NOON
        records = [
            event(number, *self.events[log, number], log=log) | {"t": time}
            if (log, number) in self.events
            else reading(number, log=log, t=time)
            for log, number in sent
        ]
        self.auditor.take("aryk/chu-01/data", pack(*records))

    @property
    def complete(self) -> bool:
        """Whether all came that the last ledger didn't give up, each with one content."""
        if self.told is None or self.changed:
            return False
        return self.told.acknowledged | self.told.waiting <= self.arrived.keys()

    def unexplained(self) -> set[Identity]:
        """Return what was given up and no gap record that came covers."""
        came = (self.covers[each] for each in self.covers.keys() & self.arrived.keys())
        return self.given_up.difference(*came)

    def run(self, steps: list[Step]) -> None:
        for name, *arguments in steps:
            getattr(self, name)(*arguments)

    def findings(self) -> list[LogVerdict]:
        stations = self.auditor.verdict().stations
        return list(stations[0].logs) if stations else []


def named(found: list[LogVerdict], what: str) -> set[Identity]:
    """Return the numbers that the verdicts name, with their logs."""
    return {
        (log.log, number)
        for log in found
        for numbers in ([getattr(log, what)] if what != "gaps" else log.gaps.values())
        for stretch in numbers
        for number in stretch
    }


few = st.integers(1, 6)
fates = st.sampled_from(["fine", "fine", "lost", "doubled", "changed", "delayed"])
histories = st.lists(
    st.one_of(
        st.tuples(st.just("give"), few),
        st.tuples(st.just("publish"), few, fates, st.booleans()),
        st.tuples(st.just("publish"), st.just(9), st.just("fine"), st.just(True)),
        st.tuples(st.just("give_up"), few),
        st.tuples(st.just("begin_log")),
        st.tuples(st.just("tell")),
        st.tuples(st.just("deliver")),
    ),
    max_size=30,
)


@given(histories)
def test_who_has_heard_everything_knows_exactly_what_is_missing_and_why(steps: list[Step]) -> None:
    world = World(Auditor(whole=True), listening=True)
    world.run(steps)
    if world.auditor.verdict().complete:
        assert world.complete
    world.tell()
    assert world.auditor.verdict().complete == world.complete
    found, arrived, told = world.findings(), world.arrived.keys(), world.told
    assert told is not None
    assert sum(log.arrived for log in found) == len(arrived)
    assert named(found, "different") == world.changed
    missing, waiting = named(found, "missing"), named(found, "waiting")
    unexplained = (told.given_up & world.unexplained()) - arrived
    assert missing <= told.acknowledged - arrived | unexplained
    # Of a log that is listed no more, a gap record that still waits may speak.
    unlisted = {each for each in told.acknowledged if each[0] not in told.listed}
    assert waiting <= (told.waiting | unlisted) - arrived | unexplained
    assert named(found, "gaps") <= world.given_up - arrived
    listed = [log for log in found if log.log in told.listed]
    for what, numbers in (
        ("missing", told.acknowledged),
        ("waiting", told.waiting),
        ("gaps", told.given_up),
    ):
        here = {each for each in numbers - arrived if each[0] in told.listed}
        assert named(listed, what) == here


@given(histories, histories)
def test_who_listens_late_calls_nothing_missing_that_may_have_gone_before(
    before: list[Step], after: list[Step]
) -> None:
    world = World(Auditor(), listening=False)
    world.run(before)
    world.listening = True
    world.run(after)
    if world.told is None:
        return
    arrived, missing = world.arrived.keys(), named(world.findings(), "missing")
    gone = world.lost.union(*world.delayed) - arrived
    covered = set[Identity]().union(*(world.covers.get(each, ()) for each in gone))
    assert missing <= gone | covered, (
        "only what passed since, and is lost, itself or its gap record"
    )
    if world.auditor.verdict().complete:
        assert not (world.fresh & (world.told.acknowledged | world.told.waiting)) - arrived
