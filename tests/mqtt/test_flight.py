from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.flight import Flight, Message
from agent.mqtt.payload import Pack


def message(place: int) -> Message:
    return Message(range(place, place + 1), Pack(b"", place + 1, 1), 0.0)


@given(
    st.integers(1, 12).flatmap(
        lambda count: st.tuples(
            st.just(count),
            # Which message is answered next: some never, some twice.
            st.lists(st.integers(0, count - 1), max_size=2 * count),
        )
    )
)
def test_in_whatever_order_answers_come_each_message_lands_once_and_the_rest_is_under_way(
    case: tuple[int, list[int]],
) -> None:
    count, answers = case
    flight = Flight()
    messages = [message(place) for place in range(count)]
    for each in messages:
        flight.add(each)
    landed: list[int] = []
    for which in answers:
        messages[which].answer(0, 1.0)
        landed += [each.places.start for each in flight.land()]
    assert landed == list(dict.fromkeys(answers))
    left = [place for place in range(count) if place not in answers]
    assert [places.start for places in flight.places] == left
    assert len(flight) == len(left)


def test_what_was_answered_together_lands_in_the_order_in_which_it_was_sent() -> None:
    flight = Flight()
    messages = [message(place) for place in range(3)]
    for each in messages:
        flight.add(each)
    for each in reversed(messages):
        each.answer(0, 1.0)
    assert list(flight.land()) == messages


def test_the_first_answer_counts() -> None:
    flight = Flight()
    flight.add(sent := message(1))
    sent.answer(0x87, 1.0)
    sent.answer(0, 2.0)
    assert [(landed.code, landed.answered) for landed in flight.land()] == [(0x87, 1.0)]
