"""What one broker refuses is found among what it takes; what all refuse is never given up."""

from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.caution import Caution

PAYLOAD, FORBIDDEN = 0x99, 0x87


def sent(caution: Caution, waiting: list[int]) -> range:
    """Return the next pack of places that wait, as a lane sends one at a time."""
    passed = [place.start for place in caution.passed_over]
    left = [place for place in waiting if place not in passed] or waiting
    count = 1
    while count < min(caution.limit, len(left)) and left[count] == left[0] + count:
        count += 1
    return range(left[0], left[0] + count)


@given(st.integers(1, 60), st.sets(st.integers(0, 59), max_size=6), st.integers(1, 16))
def test_exactly_the_records_that_are_refused_are_set_aside_and_the_others_taken(
    count: int, poisoned: set[int], most: int
) -> None:
    poisoned = {place for place in poisoned if place < count}
    caution, waiting = Caution(most), list(range(count + 1))  # the last one is sound
    taken, aside = set[int](), set[int]()
    for _ in range(100 * count + 100):
        if not waiting:
            break
        places = sent(caution, waiting)
        done = set(places)
        if not poisoned & done:
            caution.accept(places)
            taken |= done
        elif caution.refuse(places, PAYLOAD):
            aside |= done
        else:
            continue
        waiting = [place for place in waiting if place not in done]
    assert (aside, taken) == (poisoned, set(range(count + 1)) - poisoned)


@given(st.integers(1, 40), st.integers(1, 16), st.integers(1, 200), st.sampled_from((0x80, 0x99)))
def test_a_broker_that_refuses_everything_for_a_while_loses_nothing(
    count: int, most: int, tries: int, code: int
) -> None:
    caution, waiting = Caution(most), list(range(count))
    for _ in range(tries):
        assert not caution.refuse(sent(caution, waiting), code)
    while waiting:
        places = sent(caution, waiting)
        caution.accept(places)
        waiting = [place for place in waiting if place not in places]
    assert caution.limit > 1 or most == 1 or count == 1


def test_a_refusal_that_is_not_the_payloads_changes_no_pack_and_gives_nothing_up() -> None:
    caution = Caution(8)
    for _ in range(100):
        assert not caution.refuse(range(8), FORBIDDEN)
        assert (caution.limit, caution.passed_over, caution.wary) == (8, (), True)
    caution.accept(range(8))
    assert not caution.wary
