"""Ranges of places beside a plain set, and the book beside one set a broker."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.store.book import MOST, Book
from agent.store.places import OPEN, Ranges, at_most, overlap, place_of, union, without

BEGIN, SPACE = place_of(1, 1), 60

ranges = st.builds(
    lambda start, length: range(start, start + length), st.integers(0, SPACE), st.integers(0, 20)
)
several = st.lists(ranges, max_size=8)


def flat(parts: Ranges | list[range]) -> set[int]:
    return {place for part in parts for place in part}


def in_order(parts: Ranges) -> bool:
    return all(a.stop < b.start for a, b in pairwise(parts)) and all(parts)


@given(several, several)
def test_ranges_are_sets(these: list[range], others: list[range]) -> None:
    joined = union(these, others)
    assert in_order(joined)
    assert flat(joined) == flat(these) | flat(others)
    assert flat(without(joined, others)) == flat(these) - flat(others)
    assert flat(overlap(union(these), union(others))) == flat(these) & flat(others)


@given(several, st.integers(1, 8))
def test_too_many_ranges_become_fewer_and_lose_nothing(these: list[range], most: int) -> None:
    joined = union(these)
    fewer = at_most(most, joined)
    assert len(fewer) <= most
    assert flat(fewer) >= flat(joined)
    assert in_order(fewer)


places = st.builds(
    lambda start, length: range(BEGIN + start, BEGIN + start + length),
    st.integers(0, SPACE),
    st.integers(1, 20),
)
deeds = st.one_of(
    st.tuples(st.just("acknowledge"), st.sampled_from("ab"), places),
    st.tuples(st.just("exempt"), st.sampled_from("ab"), places),
    st.tuples(st.just("rewind"), st.sampled_from("ab"), places),
    st.tuples(st.just("forget"), st.sampled_from("ab"), places),
    st.tuples(st.just("lose"), st.just(""), places),
    st.tuples(st.just("store"), st.just(""), places),
)


@given(st.lists(deeds, max_size=30))
def test_every_place_is_waiting_or_in_a_gap_or_was_acknowledged(
    done: list[tuple[str, str, range]],
) -> None:
    all_places = set(range(BEGIN, BEGIN + SPACE + 30))
    book = Book({}, BEGIN)
    had: dict[str, set[int]] = {"a": set(), "b": set()}
    for deed, broker, part in done:
        if deed == "acknowledge":
            book.acknowledge(broker, part)
            had[broker] |= set(part)
        elif deed == "exempt":
            assert flat(book.exempt(broker, part, "refused")) <= set(part)
        elif deed == "rewind":
            book.rewind(broker, part.start)
        elif deed == "forget":
            book.forget(broker)
            had[broker] = set()
        elif deed == "lose":
            book.lose(part, "dropped")
        else:
            book.give_back(["lost", "broker/a", "broker/b"])
            stored = json.loads(json.dumps(book.changes()))
            book = Book({key: content for key, content in stored.items() if content}, BEGIN)
        lost = flat([gap.places for gap in book.lost])
        for name in "ab":
            waiting = flat(overlap(book.waiting(name), (range(BEGIN, BEGIN + SPACE + 30),)))
            gaps = flat([gap.places for gap in book.gaps(name)])
            assert waiting | gaps | had[name] | lost >= all_places
            assert not waiting & lost
            assert len(book.waiting(name)) <= MOST
            assert book.waiting(name)[-1].stop == OPEN
