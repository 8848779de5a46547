"""Rating curves, tables, and area by level."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.hydraulics.rating import RISE
from tests.support.hydraulics import GOOD, SUSPECT, made, of, site, value

BISHKEK = timezone(timedelta(hours=6))
AUGUST = datetime(2026, 8, 1, 8, tzinfo=BISHKEK)


def segment(start: float, a: float, h0: float, b: float) -> dict[str, float]:
    return {"from": start, "a": a, "h0": h0, "b": b}


def at(time: datetime) -> int:
    return round(time.timestamp() * 1000)


@given(
    joint=st.floats(0.5, 2.0),
    below=st.tuples(st.floats(0.1, 50.0), st.just(0.0), st.floats(1.0, 3.0)),
    h0=st.floats(0.0, 0.4),
    b=st.floats(0.5, 3.0),
    off=st.floats(-0.05, 0.05),
)
def test_a_step_at_a_joint_is_refused_and_the_sentence_mends_it(
    joint: float, below: tuple[float, float, float], h0: float, b: float, off: float
) -> None:
    first = segment(0.1, *below)
    meeting = below[0] * joint ** below[2] / (joint - h0) ** b
    second = segment(joint, meeting * (1 + off), h0, b)
    if -0.9e-4 < off < RISE * 0.99:
        made("rating", segments=[first, second])
    elif off > RISE * 1.01 or off < -1.1e-4:
        with pytest.raises(ValidationError, match="a curve without a step") as caught:
            made("rating", segments=[first, second])
        mended = float(caught.value.errors()[0]["msg"].rpartition("a = ")[2])
        made("rating", segments=[first, second | {"a": mended}])


@pytest.mark.parametrize(
    ("segments", "sentence"),
    [
        ([segment(0.1, 5, 0.2, 1.5)], "segment 1 begins at 0.1 m, its h0 is 0.2 m"),
        ([segment(0.5, 5, 0, 1.5), segment(0.4, 5, 0, 1.5)], "segment 2 begins at 0.4 m"),
        (
            [segment(0.5, 5, 0, 1.5), segment(0.8, 5, 0.8, 1.5)],
            "at 0.8 m segment 2 begins with 0 m",
        ),
        ([segment(0.1, -5, 0, 1.5)], "greater than 0"),
        ([], "at least 1"),
    ],
)
def test_a_curve_that_cannot_be_is_refused_with_a_sentence(
    segments: list[dict[str, float]], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        made("rating", segments=segments)


def test_a_segment_holds_from_its_own_head_on_up_to_the_next_ones() -> None:
    curve = site("rating")
    below, above = 5.0 * 0.75**1.5, 9.526 * 0.55**1.8
    assert value(curve, 0.8) == above
    assert value(curve, 0.7999999) == pytest.approx(below, rel=1e-6)


def test_from_zero_flow_to_its_first_segment_a_curve_is_extrapolated() -> None:
    curve = site("rating")
    assert of(curve, 0.05).value == 0.0
    assert of(curve, 0.05).quality == GOOD
    low = of(curve, 0.07)
    assert (low.value, low.quality) == (pytest.approx(5.0 * 0.02**1.5), SUSPECT)
    assert of(curve, 0.1).quality == GOOD
    assert of(curve, 2.01).why == "extrapolated"


def test_a_shift_moves_the_head_from_its_time_on() -> None:
    later = AUGUST + timedelta(days=10)
    shifts = [{"from": AUGUST, "value": 0.03}, {"from": later, "value": -0.01}]
    curve = site("rating", shifts=shifts)
    for time, head in (
        (at(AUGUST) - 1, 0.5),
        (at(AUGUST), 0.53),
        (at(later) - 1, 0.53),
        (at(later), 0.49),
    ):
        found = curve.compute(time, {"from": 0.5}).value
        assert found == pytest.approx(5.0 * (head - 0.05) ** 1.5), time


def test_limits_are_those_of_the_shifted_head() -> None:
    curve = site("rating", shifts=[{"from": AUGUST, "value": 0.03}])
    assert curve.compute(at(AUGUST), {"from": 0.07}).quality == GOOD
    assert curve.compute(at(AUGUST) - 1, {"from": 0.07}).quality == SUSPECT


@pytest.mark.parametrize("shift", [{"from": datetime(2026, 8, 1, 8), "value": 0.1}])  # noqa: DTZ001
def test_a_shift_without_an_offset_is_refused(shift: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        site("rating", shifts=[shift])


def test_shifts_stand_in_the_order_of_their_times() -> None:
    twice = [{"from": AUGUST, "value": 0.1}, {"from": AUGUST, "value": 0.2}]
    with pytest.raises(ValidationError, match="order of their times"):
        site("rating", shifts=twice)


def test_a_table_is_a_power_law_between_its_points() -> None:
    points = [[h, 7.4 * h**1.6] for h in (0.1, 0.3, 0.9)]
    table = made("table", points=points)
    for head in (0.05, 0.1, 0.15, 0.3, 0.5, 0.9, 1.5):
        assert value(table, head) == pytest.approx(7.4 * head**1.6, rel=1e-12)


def test_a_table_is_straight_where_a_point_has_no_logarithm() -> None:
    table = site("table")
    assert value(table, 0.15) == pytest.approx(0.155)
    assert of(table, 0.05).value == 0.0


def test_a_table_gives_its_points_back() -> None:
    for name in ("table", "table, linear"):
        table = site(name)
        for head, discharge in table.points:  # type: ignore[attr-defined]
            assert of(table, head).value == pytest.approx(discharge, rel=1e-12)
            assert of(table, head).quality == GOOD


def test_below_a_table_that_does_not_begin_at_zero_the_line_goes_on() -> None:
    table = site("table, linear")
    low = of(table, 0.095)
    assert low.value == pytest.approx(0.05 - 0.005 * 2.15 / 0.4)
    assert low.why == "extrapolated"
    assert of(table, -1.0).value == 0.0


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([[0.1, 0.0], [0.1, 1.0]], "0.1 m follows 0.1 m"),
        ([[0.1, 1.0], [0.2, 0.9]], "at 0.2 m 0.9 follows 1"),
        ([[0.1, -1.0], [0.2, 0.9]], "no less than 0"),
        ([[0.1, 1.0]], "at least 2"),
    ],
)
def test_a_table_that_falls_is_refused(points: list[list[float]], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        made("table", points=points)
    with pytest.raises(ValidationError, match=sentence):
        site("surface-velocity", area=points)


@given(velocity=st.floats(-2.0, 3.0))
def test_water_that_flows_back_is_a_negative_discharge(velocity: float) -> None:
    found = site("index-velocity")
    assert value(found, 1.2, velocity=velocity) == pytest.approx((0.04 + 0.87 * velocity) * 5.76)


def test_a_dry_section_has_no_discharge_whatever_the_radar_says() -> None:
    assert value(site("surface-velocity"), -0.01, velocity=2.0) == 0.0
