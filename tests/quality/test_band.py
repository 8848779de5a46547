"""A run of still water, in 60 pieces at most, says what a look at every reading would say."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.quality.band import GRAINS, Band

SPAN, WIDTH, GAP = 3600.0, 0.0025, 600.0
GRAIN = SPAN / GRAINS

# Whole millimetres that flicker and now and then move, so that runs begin, hold and break.
FLICKER = [0] * 16 + [1] * 8 + [2] * 4
MOVES = [0] * 30 + [3, -3]


def looked_at_one_by_one(readings: list[tuple[float, float]], span: float) -> bool | None:
    """The definition: the newest readings without a hole, and of them those within the width."""
    whole = [readings[-1]]
    for earlier, later in pairwise(reversed(readings)):
        if earlier[0] - later[0] > GAP:
            break
        whole.append(later)
    run: list[tuple[float, float]] = []
    for reading in whole:
        run.append(reading)
        values = [value for _, value in run]
        if max(values) - min(values) > WIDTH + 1e-9:
            run.pop()
            break
    if run[0][0] - run[-1][0] >= span:
        return True
    return False if len(run) < len(whole) else None


@st.composite
def series(draw: st.DrawFn, steps: st.SearchStrategy[float]) -> list[tuple[float, float]]:
    time, level, readings = draw(st.floats(-1e6, 1e9)), 1000, []
    luck = draw(st.randoms(use_true_random=False))
    usual, rare = draw(steps), draw(steps)
    for _ in range(draw(st.integers(1, 250))):
        time += usual if luck.random() < 0.9 else luck.choice([usual, rare])
        level += luck.choice(MOVES)
        readings.append((time, (level + luck.choice(FLICKER)) / 1000))
    return readings


def told(readings: list[tuple[float, float]]) -> list[bool | None]:
    band, answers = Band(SPAN, WIDTH, GAP), []
    for time, value in readings:
        answers.append(band.stays(time, value))
        band.add(time, value)
        assert len(band) <= GRAINS + 2
    return answers


@given(series(st.sampled_from([61.0, 90.0, 300.0, 300.0, 599.0, 601.0])))
def test_where_readings_are_a_60th_of_the_window_apart_the_test_is_exact(
    readings: list[tuple[float, float]],
) -> None:
    expected = [looked_at_one_by_one(readings[: count + 1], SPAN) for count in range(len(readings))]
    assert told(readings) == expected


@given(series(st.sampled_from([1.0, 25.0, 40.0, 59.0, 100.0, 601.0])))
def test_where_they_are_denser_it_is_a_60th_and_one_reading_late_at_most_and_never_early(
    readings: list[tuple[float, float]],
) -> None:
    steps = [later[0] - earlier[0] for earlier, later in pairwise(readings)]
    late = GRAIN + max((step for step in steps if step <= GAP), default=0.0)
    for count, said in enumerate(told(readings)):
        if said:
            assert looked_at_one_by_one(readings[: count + 1], SPAN)
        if looked_at_one_by_one(readings[: count + 1], SPAN + late):
            assert said


def test_six_hours_of_readings_each_second_are_61_pieces() -> None:
    band = Band(6 * 3600.0, 0.001, 3600.0)
    for second in range(7 * 3600):
        band.add(second, 1.0 + 0.0001 * (second % 7))
    assert len(band) == GRAINS + 1
    assert band.stays(7 * 3600, 1.0)


def test_moving_water_costs_next_to_nothing() -> None:
    band = Band(6 * 3600.0, 0.001, 3600.0)
    for second in range(3600):
        band.add(second, second * 0.0005)
    assert len(band) == 1
    assert band.stays(3600, 1.8) is False


def test_values_one_width_apart_are_still_within_it() -> None:
    band = Band(60.0, 0.001, 30.0)
    for second in range(0, 61, 10):
        band.add(second, 1.001 if second % 20 else 1.0)
    assert band.stays(70, 1.0)
