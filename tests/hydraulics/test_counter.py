"""A device's totalizer: flow, overflow, reset and flow back told apart."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hydraulics import Reading, Result
from agent.hydraulics.counter import Counter, CounterState
from agent.record import Quality
from tests.support.hydraulics import FAIL, GOOD, MISSING, SUSPECT

ZONE = ZoneInfo("Asia/Bishkek")
MINUTE = 60_000


def counter(**keys: Any) -> Counter:
    return Counter.model_validate({"method": "counter", **keys})


def run(method: Counter, shown: list[float | None], every: int = MINUTE) -> list[Result]:
    state: CounterState | None = None
    results = []
    for number, value in enumerate(shown, 1):
        quality = MISSING if value is None else GOOD
        state, rows = method.step(state, Reading(number * every, value, quality), ZONE)
        if state is not None:  # as after each power cut
            state = CounterState.model_validate_json(state.model_dump_json())
        results += [row.results[0] for row in rows]
    return results


def values(results: list[Result]) -> list[float | None]:
    return [result.value for result in results]


def whys(results: list[Result]) -> list[str]:
    return [result.why for result in results]


def test_a_counter_goes_on_with_its_device() -> None:
    results = run(counter(), [1000.0, 1000.0, 1003.5, 1010.0])
    assert values(results) == [1000.0, 1000.0, 1003.5, 1010.0]
    assert {result.quality for result in results} == {GOOD}


@given(st.lists(st.floats(0.0, 900.0), min_size=1, max_size=40), st.floats(0.0, 99_999.0))
def test_an_overflow_is_no_loss(steps: list[float], start: float) -> None:
    modulus, true, shown = 100_000.0, start, [start]
    for step in steps:
        true += step
        shown.append(true % modulus)
    results = run(counter(modulus=modulus), list(shown))
    assert values(results)[-1] == pytest.approx(true, abs=1e-6)
    assert {result.quality for result in results} == {GOOD}


def test_a_reset_counts_from_zero_and_says_so() -> None:
    results = run(counter(), [5000.0, 5010.0, 2.0, 7.0])
    assert values(results) == [5000.0, 5010.0, 5012.0, 5017.0]
    assert whys(results) == ["", "", "reset", ""]
    assert results[2].quality == SUSPECT


def test_a_reset_far_from_the_modulus_is_no_overflow() -> None:
    results = run(counter(modulus=1e6), [700_000.0, 0.0, 3.0])
    assert values(results) == [700_000.0, 700_000.0, 700_003.0]
    assert whys(results) == ["", "reset", ""]


def test_flow_back_is_taken_off_and_said() -> None:
    results = run(counter(), [5000.0, 4990.0, 4995.0])
    assert values(results) == [5000.0, 4990.0, 4995.0]
    assert whys(results) == ["", "reverse", ""]


def test_flow_back_over_the_beginning_of_the_modulus_is_flow_back() -> None:
    results = run(counter(modulus=1e6), [5.0, 999_990.0, 999_995.0])
    assert values(results) == [5.0, -10.0, -5.0]
    assert whys(results) == ["", "reverse", ""]


def test_a_device_that_counts_both_ways_may_go_below_zero() -> None:
    results = run(counter(), [0.5, -1.0, -0.5])
    assert values(results) == [0.5, -1.0, -0.5]
    assert whys(results) == ["", "reverse", ""]


def test_with_limits_it_is_the_flow_that_tells_overflow_and_reset_apart() -> None:
    # at most 2 m3/s: 120 m3 a minute
    limited = counter(modulus=1e6, limits=[0.0, 2.0])
    assert whys(run(limited, [999_950.0, 20.0])) == ["", ""]
    reset = run(limited, [999_000.0, 20.0])  # an overflow would need 17 m3/s
    assert (values(reset)[-1], whys(reset)[-1]) == (999_020.0, "reset")
    preset = run(limited, [700_000.0, 5_000.0, 5_060.0])  # and 5000 m3 can't have flowed since
    assert values(preset) == [700_000.0, 700_000.0, 700_060.0]


def test_with_limits_that_know_no_flow_back_a_fall_is_a_reset() -> None:
    assert whys(run(counter(limits=[0.0, 2.0]), [5000.0, 4990.0])) == ["", "reset"]
    assert whys(run(counter(limits=[-1.0, 2.0]), [5000.0, 4990.0])) == ["", "reverse"]


def test_a_single_mad_reading_costs_nothing() -> None:
    results = run(counter(limits=[0.0, 2.0]), [1000.0, 50_000.0, 1060.0, 1120.0])
    assert results[1].quality == FAIL
    assert whys(results) == ["", "rate", "", ""]
    assert values(results)[2:] == [1060.0, 1120.0]


def test_a_device_that_was_set_to_another_number_is_followed_from_there() -> None:
    results = run(counter(limits=[0.0, 2.0]), [1000.0, 50_000.0, 50_060.0, 50_120.0])
    assert whys(results) == ["", "rate", "reset", ""]
    assert values(results)[2:] == [1060.0, 1120.0]


def test_after_a_gap_the_flow_is_that_of_the_whole_gap() -> None:
    results = run(counter(limits=[0.0, 2.0]), [1000.0, *[None] * 10, 2000.0])
    assert values(results)[-1] == 2000.0
    assert results[-1].quality == GOOD
    assert whys(results)[1:-1] == ["input"] * 10


def test_a_reading_that_failed_is_none_and_a_suspect_one_makes_it_suspect() -> None:
    method = counter()
    state, _ = method.step(None, Reading(1, 10.0, GOOD), ZONE)
    state, (failed,) = method.step(state, Reading(2, 11.0, FAIL), ZONE)
    assert failed.results == (Result(None, MISSING, "input"),)
    state, (suspect,) = method.step(state, Reading(3, 12.0, SUSPECT), ZONE)
    assert suspect.results == (Result(12.0, SUSPECT, "input"),)
    _, (untested,) = method.step(state, Reading(4, 13.0, Quality.NOT_EVALUATED), ZONE)
    assert untested.results == (Result(13.0, Quality.NOT_EVALUATED),)


@pytest.mark.parametrize("mad", [1060.0, 50_000.0])
def test_what_was_read_before_changes_nothing(mad: float) -> None:
    method = counter(limits=[0.0, 2.0])
    state, _ = method.step(None, Reading(MINUTE, 1000.0, GOOD), ZONE)
    last = Reading(2 * MINUTE, mad, GOOD)
    state, _ = method.step(state, last, ZONE)
    assert method.step(state, last, ZONE) == (state, [])


def test_a_clock_that_was_set_changes_no_total() -> None:
    method = counter(limits=[0.0, 2.0])
    state, _ = method.step(None, Reading(MINUTE, 1000.0, GOOD), ZONE)
    assert state is not None
    moved = method.moved(state, -MINUTE // 2, ZONE)
    _, (row,) = method.step(moved, Reading(MINUTE, 1060.0, GOOD), ZONE)
    assert row.results == (Result(1060.0),)
