from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.flight import Flight
from agent.mqtt.payload import Pack


def pack(place: int) -> Pack:
    return Pack(b"", place + 1, 1)


@given(
    st.integers(1, 12).flatmap(
        lambda count: st.tuples(
            st.just(count),
            # Which message is answered next: some never, some twice.
            st.lists(st.integers(0, count - 1), max_size=2 * count),
        )
    )
)
def test_in_whatever_order_answers_come_only_what_has_no_hole_before_it_lands(
    case: tuple[int, list[int]],
) -> None:
    count, answers = case
    flight = Flight()
    messages = [flight.add(place, pack(place)) for place in range(count)]
    landed: list[int] = []
    answered: set[int] = set()
    for which in answers:
        messages[which].answer(0)
        answered.add(which)
        landed += [message.pack.place_after for message in flight.land()]
        low_water = next((i for i in range(count) if i not in answered), count)
        assert landed == list(range(1, low_water + 1))
        assert len(flight) == count - low_water


def test_the_first_answer_counts() -> None:
    flight = Flight()
    message = flight.add(1, pack(1))
    message.answer(0x87)
    message.answer(0)
    assert [landed.code for landed in flight.land()] == [0x87]


def test_a_late_answer_to_what_was_forgotten_changes_nothing() -> None:
    flight = Flight()
    late = flight.add(1, pack(1))
    flight.clear()
    again = flight.add(1, pack(1))
    late.answer(0)
    assert list(flight.land()) == []
    again.answer(0)
    assert list(flight.land()) == [again]
