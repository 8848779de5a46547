"""The judge beside a plain model that sees everything: station, broker, adversary and listener.

The station gives out numbers, publishes what waits in order, hears acknowledgements (or doesn't),
gives stretches up, and publishes ledgers. Between broker and listener an adversary loses, doubles,
changes and delays messages. The model knows what became of each number.
"""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from agent.audit import Auditor, LogVerdict, State
from agent.audit.ranges import Ranges
from tests.support.station import entry, ledger, pack, reading


class World:
    """The station and all that lies between it and the listener, with plain sets of numbers."""

    def __init__(self, *, whole: bool) -> None:
        self.auditor = Auditor(whole=whole)
        self.next, self.second = 1, 0
        self.waiting: list[int] = []
        self.acknowledged: set[int] = set()
        self.given_up: set[int] = set()
        self.listening = whole
        self.arrived: set[int] = set()
        self.changed: set[int] = set()
        self.lost: set[int] = set()  # by the adversary, while somebody listened
        self.fresh: set[int] = set()  # given out after the first ledger that was heard live
        self.followed = whole
        # What waited, was acknowledged and was given up when the last ledger was heard.
        self.at_ledger: tuple[set[int], set[int], set[int]] | None = None
        self.delayed: list[list[int]] = []
        self.first_changed: set[int] = set()  # came with a changed content at first

    def give(self, count: int) -> None:
        self.waiting += range(self.next, self.next + count)
        if self.followed:
            self.fresh |= {*range(self.next, self.next + count)}
        self.next += count

    def publish(self, count: int, fate: str, *, acknowledged: bool) -> None:
        numbers, self.waiting = self.waiting[:count], self.waiting[count:]
        if not numbers:
            return
        self._reach(numbers, fate)
        if acknowledged:
            self.acknowledged |= {*numbers}
        else:
            self.waiting = numbers + self.waiting  # it will be sent again

    def _reach(self, numbers: list[int], fate: str) -> None:
        if not self.listening:
            return
        if fate == "lost":
            self.lost |= {*numbers}
        elif fate == "delayed":
            self.delayed.append(numbers)
        else:
            self.arrive(numbers, changed=fate == "changed")
            if fate == "doubled":
                self.arrive(numbers, changed=False)

    def arrive(self, numbers: Iterable[int], *, changed: bool) -> None:
        records = [reading(number, **({"v": -1.5} if changed else {})) for number in numbers]
        for number in numbers:
            if number in self.arrived and changed != (number in self.first_changed):
                self.changed.add(number)
            if number not in self.arrived and changed:
                self.first_changed.add(number)
            self.arrived.add(number)
        self.auditor.take("aryk/chu-01/data", pack(*records))

    def give_up(self, count: int) -> None:
        self.given_up |= {*self.waiting[:count]}
        self.waiting = self.waiting[count:]

    def tell(self) -> None:
        self.second += 30
        waiting = [(number, number) for number in self.waiting]
        gaps = [(number, number, "full") for number in sorted(self.given_up)]
        said = ledger(self.second, entry(self.next, waiting, gaps))
        if not self.listening:
            return
        self.auditor.take("aryk/chu-01/ledger", said)
        self.followed = True
        self.at_ledger = ({*self.waiting}, self.acknowledged.copy(), self.given_up.copy())

    def deliver(self) -> None:
        if self.delayed:
            self.arrive(self.delayed.pop(0), changed=False)

    def log(self) -> LogVerdict | None:
        stations = self.auditor.verdict().stations
        return stations[0].logs[0] if stations and stations[0].logs else None


def plain(ranges: Ranges) -> set[int]:
    return {number for stretch in ranges for number in stretch}


fates = st.sampled_from(["fine", "fine", "lost", "doubled", "changed", "delayed"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(1, 6)),
        st.tuples(st.just("publish"), st.integers(1, 6), fates, st.booleans()),
        st.tuples(st.just("give up"), st.integers(1, 3)),
        st.tuples(st.just("tell")),
        st.tuples(st.just("deliver")),
    ),
    max_size=40,
)


def run(world: World, made: list[tuple]) -> None:
    for step in made:
        match step:
            case ["give", count]:
                world.give(count)
            case ["publish", count, fate, acknowledged]:
                world.publish(count, fate, acknowledged=acknowledged)
            case ["give up", count]:
                world.give_up(count)
            case ["tell"]:
                world.tell()
            case ["deliver"]:
                world.deliver()


@given(steps)
def test_who_has_heard_everything_knows_exactly_what_is_missing_and_why(made: list[tuple]) -> None:
    world = World(whole=True)
    run(world, made)
    found = world.log()
    if found is None:
        assert not world.arrived
        assert world.at_ledger is None
        return
    assert found.arrived == len(world.arrived)
    assert plain(found.different) == world.changed
    if world.at_ledger is None:
        assert found.state in {State.UNPROVED, State.BROKEN}
        return
    waiting, acknowledged, given_up = world.at_ledger
    assert plain(found.missing) == acknowledged - world.arrived
    assert plain(found.waiting) == waiting - world.arrived
    assert set().union(*map(plain, found.gaps.values())) == given_up - world.arrived
    complete = not (acknowledged | waiting) - world.arrived and not world.changed
    assert (found.state is State.COMPLETE) == complete


@given(steps, steps)
def test_who_listens_late_calls_nothing_missing_that_may_have_gone_before(
    before: list[tuple], after: list[tuple]
) -> None:
    world = World(whole=False)
    run(world, before)
    world.listening = True
    run(world, after)
    found = world.log()
    if found is None or world.at_ledger is None:
        return
    missing, (_, acknowledged, _) = plain(found.missing), world.at_ledger
    delayed = {number for numbers in world.delayed for number in numbers}
    assert missing <= (world.lost | delayed) - world.arrived, "only what passed since, and is lost"
    assert missing >= (world.fresh & acknowledged) - world.arrived, "and all that is new"
