"""Alarms: raised when held, quiet within the hysteresis, silent about what nobody knows."""

from itertools import pairwise, takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.quality import AlarmKeys, AlarmState, Turn, step

Reading = tuple[float, float | None, int]


def alarm(**table: Any) -> AlarmKeys:
    return AlarmKeys.model_validate({"channel": "derived/stage", **table})


HIGH_WATER = alarm(above=2.4, clear=2.3, hold="2 min", every="10 s")


def turns(
    keys: AlarmKeys, readings: list[Reading], state: AlarmState | None = None
) -> list[tuple[float, bool]]:
    """Return when it turned, and to what."""
    state = state or AlarmState(0.0)
    found = []
    for time, value, quality in readings:
        state, turn = step(keys, state, time, value, quality)
        if turn is not None:
            assert turn.raised == state.raised
            found.append((time, turn.raised))
    return found


def evenly(*values: float | None, every: float = 60.0) -> list[Reading]:
    return [(i * every, value, 9 if value is None else 1) for i, value in enumerate(values)]


def test_high_water_is_raised_after_its_hold_and_cleared_after_it() -> None:
    readings = evenly(2.3, 2.41, 2.42, 2.43, 2.35, 2.3, 2.29, 2.2)
    assert turns(HIGH_WATER, readings) == [(180.0, True), (420.0, False)]


def test_a_turn_says_the_value_and_the_limit_that_it_passed() -> None:
    state = AlarmState(0.0)
    for time, value in ((0.0, 2.41), (120.0, 2.5)):
        state, turn = step(HIGH_WATER, state, time, value, 1)
    assert turn == Turn(raised=True, value=2.5, limit=2.4)
    for time, value in ((180.0, 2.3), (300.0, 2.2)):
        state, turn = step(HIGH_WATER, state, time, value, 1)
    assert turn == Turn(raised=False, value=2.2, limit=2.3)


def test_low_water_is_the_same_upside_down() -> None:
    low = alarm(below=0.5, clear=0.6)
    assert turns(low, evenly(0.5, 0.49, 0.55, 0.6, 0.55)) == [(60.0, True), (180.0, False)]


def test_one_value_below_the_limit_begins_the_hold_anew() -> None:
    assert turns(HIGH_WATER, evenly(2.5, 2.5, 2.39, 2.5, 2.5, 2.5)) == [(300.0, True)]


def test_a_suspect_value_counts_since_a_flood_is_too_fast_for_the_tests() -> None:
    assert turns(alarm(above=2.4), [(0.0, 3.0, 3)]) == [(0.0, True)]


@pytest.mark.parametrize(("value", "quality"), [(99.0, 4), (0.0, 4), (None, 9)])
def test_what_failed_or_is_missing_neither_raises_nor_clears(
    value: float | None, quality: int
) -> None:
    keys = alarm(above=2.4)
    assert turns(keys, [(0.0, value, quality)]) == []
    assert turns(keys, [(0.0, value, quality)], AlarmState(0.0, raised=True)) == []
    held = [(0.0, 2.5, 1), (60.0, value, quality), (120.0, 2.5, 1)]
    assert turns(HIGH_WATER, held) == [(120.0, True)]


def test_a_rise_is_the_mean_one_over_the_hold_so_that_waves_raise_nothing() -> None:
    rising = alarm(rate_above=0.02, hold="10 min")
    waves = evenly(*(1.0 + 0.05 * (i % 2) for i in range(30)))
    assert turns(rising, waves) == []
    flood = evenly(*(1.0 + 0.05 * (i % 2) + max(0, i - 10) * 0.03 for i in range(40)))
    ((time, raised),) = turns(rising, flood)
    assert raised
    assert 900.0 <= time <= 1200.0


def test_a_rise_is_over_when_the_water_stands() -> None:
    rising = alarm(rate_above=0.02, clear=0.0, hold="5 min")
    level = [1.0 + 0.03 * min(i, 10) for i in range(20)]
    assert turns(rising, evenly(*level)) == [(300.0, True), (900.0, False)]


def test_a_fast_fall_is_a_negative_rate() -> None:
    falling = alarm(rate_below=-0.02)
    assert turns(falling, evenly(1.0, 0.99, 0.9, 0.9)) == [(120.0, True), (180.0, False)]


def test_a_rate_with_a_hold_remembers_some_60_readings_at_most() -> None:
    keys, state = alarm(rate_above=0.02, hold="1 h"), AlarmState(0.0)
    for second in range(7300):
        state, _ = step(keys, state, second, 1.0, 1)
        assert len(state.points) <= 62


def test_no_data_is_raised_after_its_time_and_cleared_by_the_first_value() -> None:
    keys = alarm(missing="30 min")
    silent = [(time, None, 9) for time in (600.0, 1800.0, 1801.0, 2400.0)]
    readings = [(0.0, 1.0, 1), *silent, (3000.0, 1.0, 3)]
    assert turns(keys, readings) == [(1801.0, True), (3000.0, False)]


def test_a_value_that_failed_is_as_good_as_none() -> None:
    keys = alarm(missing="30 min")
    assert turns(keys, [(0.0, 1.0, 1), (1801.0, 99.0, 4)]) == [(1801.0, True)]


def test_an_alarm_that_was_raised_before_a_restart_is_cleared_but_not_raised_again() -> None:
    raised = AlarmState(0.0, raised=True)
    assert turns(HIGH_WATER, evenly(2.5, 2.5, 2.5, 2.5), raised) == []
    assert turns(HIGH_WATER, evenly(2.2, 2.2, 2.2), raised) == [(120.0, False)]


@pytest.mark.parametrize(
    ("table", "accepted"),
    [
        ({}, "one of above"),
        ({"above": 2.0, "below": 1.0}, "one of above"),
        ({"above": 2.0, "clear": 2.1}, "2 or a number below it"),
        ({"below": 2.0, "clear": 1.9}, "2 or a number above it"),
        ({"missing": "30 min", "hold": "1 min"}, "no hold with missing"),
        ({"missing": "0 s"}, "greater than 0"),
        ({"above": 2.0, "channel": "stage"}, "pattern"),
    ],
)
def test_keys_that_dont_go_together_are_refused(table: dict[str, Any], accepted: str) -> None:
    with pytest.raises(ValidationError, match=accepted):
        alarm(**table)


# Laws.


@st.composite
def series(draw: st.DrawFn) -> list[Reading]:
    luck = draw(st.randoms(use_true_random=False))
    time, readings = 0.0, []
    for _ in range(draw(st.integers(1, 60))):
        time += luck.choice([1.0, 30.0, 60.0, 200.0])
        value = luck.choice([2.2, 2.3, 2.35, 2.4, 2.5, 2.5, 2.5, None])
        quality = 9 if value is None else luck.choice([1, 1, 1, 2, 3, 4])
        readings.append((time, value, quality))
    return readings


@given(series())
def test_it_turns_if_and_only_if_the_water_was_beyond_for_the_hold(readings: list[Reading]) -> None:
    state = AlarmState(0.0)
    since_turn: list[tuple[float, bool]] = []  # time, and whether the value asks for a turn
    for time, value, quality in readings:
        raised = state.raised
        state, _ = step(HIGH_WATER, state, time, value, quality)
        if value is not None and quality != 4:
            since_turn.append((time, value <= 2.3 if raised else value > 2.4))
        asking = list(takewhile(lambda each: each[1], reversed(since_turn)))
        usable = value is not None and quality != 4
        expected = bool(asking) and usable and time - asking[-1][0] >= 120.0
        assert (state.raised != raised) == expected
        since_turn = [] if expected else since_turn


@given(st.lists(st.floats(2.3, 2.4, exclude_min=True), min_size=2, max_size=50), st.booleans())
def test_within_the_hysteresis_nothing_turns(levels: list[float], raised: bool) -> None:
    keys = alarm(above=2.4, clear=2.3)
    assert turns(keys, evenly(*levels), AlarmState(0.0, raised=raised)) == []


@given(series())
def test_raised_and_cleared_take_turns(readings: list[Reading]) -> None:
    found = turns(alarm(above=2.4, clear=2.3), readings)
    assert all(one[1] != two[1] for one, two in pairwise(found))
    assert not found or found[0][1]


@given(series())
def test_no_data_is_raised_exactly_while_nothing_usable_was_heard_for_so_long(
    readings: list[Reading],
) -> None:
    keys, state, heard = alarm(missing="5 min"), AlarmState(0.0), 0.0
    for time, value, quality in readings:
        state, _ = step(keys, state, time, value, quality)
        heard = time if quality in (1, 2, 3) else heard
        assert state.raised == (time - heard > 300.0)
