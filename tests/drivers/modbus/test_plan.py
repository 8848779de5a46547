"""The read planner: whole values, within limits, as cheap as can be."""

from collections.abc import Iterator

from hypothesis import example, given
from hypothesis import strategies as st

from drivers.modbus.plan import Block, Extent, limit, plan

starts = st.integers(0, 300)
sizes = st.sampled_from([1, 1, 2, 4])
tables = st.sampled_from(["holding", "holding", "input", "coil"])
extents = st.lists(st.builds(Extent, tables, starts, sizes), min_size=1, max_size=40)
few = st.lists(st.builds(Extent, st.just("holding"), st.integers(0, 24), sizes), max_size=6)
most = st.integers(4, 125)
holes = st.integers(0, 20)


def cost(blocks: list[Block] | tuple[Block, ...], hole: int) -> int:
    return sum(block.count + hole for block in blocks)


def groupings(numbers: list[int]) -> Iterator[list[list[int]]]:
    """Yield each way to share out numbers among requests."""
    if not numbers:
        yield []
        return
    for rest in groupings(numbers[1:]):
        yield [[numbers[0]], *rest]
        for i in range(len(rest)):
            yield [*rest[:i], [numbers[0], *rest[i]], *rest[i + 1 :]]


@given(extents, most, holes)
def test_b6_every_value_is_whole_in_exactly_one_request_within_the_limit(
    wanted: list[Extent], most: int, hole: int
) -> None:
    blocks = plan(wanted, most, hole)
    assert sorted(i for block in blocks for i in block.members) == list(range(len(wanted)))
    for block in blocks:
        assert 1 <= block.count <= limit(block.table, most)
        for index, extent in zip(block.members, block.extents, strict=True):
            assert extent == wanted[index]
            assert block.table == extent.table
            assert block.start <= extent.start
            assert extent.end <= block.start + block.count


@given(extents, most, holes)
def test_there_are_never_more_requests_than_without_merging(
    wanted: list[Extent], most: int, hole: int
) -> None:
    assert len(plan(wanted, most, hole)) <= len(set(wanted))


@given(few, st.integers(4, 16), st.integers(0, 6))
@example([Extent("holding", n, 1) for n in (0, 5, 6, 7, 8)], 4, 4)
def test_no_other_choice_of_requests_is_cheaper(wanted: list[Extent], most: int, hole: int) -> None:
    def price(group: list[int]) -> float:
        start = min(wanted[i].start for i in group)
        count = max(wanted[i].end for i in group) - start
        return count + hole if count <= most else float("inf")

    best = min(sum(map(price, grouping)) for grouping in groupings(list(range(len(wanted)))))
    assert cost(plan(wanted, most, hole), hole) == best


@given(extents, holes)
def test_no_hole_is_larger_than_allowed(wanted: list[Extent], hole: int) -> None:
    for block in plan(wanted, hole=hole):
        end = block.start
        for extent in block.extents:
            assert extent.start - end <= (16 * hole if block.bits else hole)
            end = max(end, extent.end)


def test_a_hole_is_read_along_while_it_costs_no_more_than_a_request() -> None:
    near = [Extent("input", 0, 1), Extent("input", 16, 1)]
    assert list(map(str, plan(near))) == ["input 0 to 16"]
    far = [Extent("input", 0, 1), Extent("input", 17, 1)]
    assert list(map(str, plan(far))) == ["input 0", "input 17"]


@given(extents, most, holes)
def test_b6_a_refused_request_comes_apart_into_each_value_by_itself(
    wanted: list[Extent], most: int, hole: int
) -> None:
    whole = list(plan(wanted, most, hole))
    while whole:
        block = whole.pop()
        parts = block.split()
        if not parts:
            assert len(set(block.extents)) == 1
            continue
        assert len(parts) > 1
        assert sorted(i for part in parts for i in part.members) == sorted(block.members)
        for part in parts:
            assert part.count <= block.count
            assert all(part.start <= each.start for each in part.extents)
            assert all(each.end <= part.start + part.count for each in part.extents)
        whole += parts


def test_first_the_holes_go_then_the_company() -> None:
    (block,) = plan([Extent("holding", n, 2) for n in (0, 2, 8, 10)])
    runs = block.split()
    assert list(map(str, runs)) == ["holding 0 to 3", "holding 8 to 11"]
    assert list(map(str, runs[0].split())) == ["holding 0 to 1", "holding 2 to 3"]


def test_values_of_one_register_stay_together_and_cannot_be_split() -> None:
    (block,) = plan([Extent("holding", 7, 1)] * 3)
    assert block.members == (0, 1, 2)
    assert block.split() == ()
