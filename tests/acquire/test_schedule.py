"""T1: scheduling follows the monotonic clock; wall-clock steps move the phase once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.acquire import Schedule
from agent.clock import Clock


class HandClock(Clock):
    """A clock that a test turns by hand."""

    def __init__(self, wall: float) -> None:
        self.now = 1000.0
        self.offset = wall - self.now

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.offset


def test_polls_fall_on_whole_multiples_of_the_period() -> None:
    clock = HandClock(1_795_466_701.25)
    schedule = Schedule(60.0, clock)
    due = schedule.first()
    for _ in range(5):
        assert clock.utc(due) % 60 == pytest.approx(0, abs=1e-6)
        clock.now = due
        due, skipped = schedule.following(due)
        assert skipped == 0


def test_a_poll_that_took_too_long_makes_the_next_ones_skip_and_counts_them() -> None:
    clock = HandClock(1_795_466_700.0)
    schedule = Schedule(1.0, clock)
    due = schedule.first()
    clock.now = due + 3.4
    following, skipped = schedule.following(due)
    assert skipped == 3
    assert following - due == pytest.approx(4.0, abs=1e-6)


@pytest.mark.parametrize(
    ("every", "polls"),
    [(1.0, [1, 1, 1, 2, 4, 8, 16, 30, 30]), (10.0, [1, 1, 1, 2, 3, 3]), (60.0, [1, 1, 1, 1, 1])],
)
def test_a_dead_sensor_rests_longer_and_longer_but_never_beyond_30_s(
    every: float, polls: list[int]
) -> None:
    schedule = Schedule(every, HandClock(1_795_466_700.0))
    assert [schedule.rest(failures) for failures in range(len(polls))] == polls


def test_after_a_rest_polls_are_on_time_again() -> None:
    clock = HandClock(1_795_466_700.0)
    schedule = Schedule(1.0, clock)
    clock.now = due = schedule.first()
    following, skipped = schedule.following(due, 8)
    assert (round(following - due, 6), skipped) == (8.0, 0)
    clock.now = due + 9.5
    assert schedule.following(due, 8) == (pytest.approx(due + 10.0), 2)


@given(
    every=st.sampled_from([0.01, 1.0, 60.0, 900.0]),
    start=st.floats(1.7e9, 1.9e9),
    steps=st.lists(st.floats(-1e9, 1e9) | st.just(0.0), min_size=1, max_size=20),
)
def test_t1_a_step_of_the_wall_clock_neither_doubles_nor_loses_a_poll(
    every: float, start: float, steps: list[float]
) -> None:
    clock = HandClock(start)
    schedule = Schedule(every, clock)
    due = schedule.first()
    assert 0 <= due - clock.now <= every * 1.001 + 1e-6
    for step in steps:
        clock.now = due
        clock.offset += step
        following, skipped = schedule.following(due)
        assert skipped == 0
        assert every * 0.49 <= following - due <= every * 1.51
        due = following
