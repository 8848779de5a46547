"""A set of stretches is a set, whatever is done to it."""

from hypothesis import given
from hypothesis import strategies as st

from agent.audit.ranges import OPEN, Ranges, below

stretches = st.tuples(st.integers(1, 40), st.integers(0, 12)).map(lambda it: range(it[0], sum(it)))
many = st.lists(stretches, max_size=8)


def plain(lists: list[range]) -> set[int]:
    return {number for stretch in lists for number in stretch}


def same(ranges: Ranges, numbers: set[int]) -> bool:
    apart = all(
        one.stop < other.start for one, other in zip(ranges, list(ranges)[1:], strict=False)
    )
    return apart and plain(list(ranges)) == numbers and ranges.count == len(numbers)


@given(st.lists(st.tuples(st.booleans(), stretches), max_size=12))
def test_adding_and_removing(steps: list[tuple[bool, range]]) -> None:
    ranges, numbers = Ranges(), set[int]()
    for adds, stretch in steps:
        (ranges.add if adds else ranges.remove)(stretch)
        numbers = numbers | {*stretch} if adds else numbers - {*stretch}
        assert same(ranges, numbers)
    assert [number in ranges for number in range(60)] == [number in numbers for number in range(60)]
    assert (ranges.first, ranges.last) == (min(numbers, default=0), max(numbers, default=0))


@given(many, many)
def test_what_is_in_both_in_one_in_either(one: list[range], other: list[range]) -> None:
    ones, others = Ranges(one), Ranges(other)
    assert same(ones & others, plain(one) & plain(other))
    assert same(ones - others, plain(one) - plain(other))
    assert same(ones | others, plain(one) | plain(other))
    assert same(ones, plain(one)), "and neither changes"


@given(many, stretches)
def test_touching(lists: list[range], stretch: range) -> None:
    assert Ranges(lists).touches(stretch) == bool(plain(lists) & {*stretch})


def test_a_stretch_may_have_no_end() -> None:
    rest = Ranges((range(10, OPEN),)) - below(20)
    assert list(rest) == [range(20, OPEN)]
    assert 10**15 in rest


def test_a_copy_is_one_of_its_own() -> None:
    ranges = Ranges((range(1, 5),))
    copied = ranges.copy()
    ranges.add(range(9, 10))
    assert list(copied) == [range(1, 5)]
