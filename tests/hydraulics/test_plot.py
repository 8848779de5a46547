"""A method as a table and a plot in the terminal."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hydraulics import Point, Result, curve, draw, missing, span
from tests.support.hydraulics import FAIL, SITES, SUSPECT, made, of, site

PICTURE = """\
    m     m3/s
0.250   0.2324                ████████████████████
0.200   0.1663                ██████████████▎
0.150   0.1080                █████████▎
0.100  0.05879                █████
0.050  0.02078  extrapolated  █▊
0.000    0.000"""


def test_stage_goes_upwards_and_discharge_to_the_right() -> None:
    weir = made("weir-cipoletti", crest_width=1.0)
    points = curve(weir, 0, between=(0.0, 0.25), rows=5)
    assert draw(points, weir.takes, weir.gives, width=20) == PICTURE


@pytest.mark.parametrize("name", SITES)
def test_a_curve_shows_the_range_that_its_limits_enclose(name: str) -> None:
    found = site(name)
    others = {"velocity": 1.0} if "velocity" in found.needs() else {}
    points = curve(found, 0, others=others)
    low, high = span(found)
    assert points[0].at <= low + 1e-9
    assert points[-1].at >= high - 1e-9
    assert 10 <= len(points) <= 23
    for point in points:
        assert point.result == of(found, point.at)


@given(st.floats(0.0, 10.0), st.floats(0.01, 50.0), st.integers(2, 60))
def test_its_rows_stand_at_round_values(low: float, more: float, rows: int) -> None:
    points = curve(site("manning"), 0, between=(low, low + more), rows=rows)
    assert 2 <= len(points) <= rows + 2
    step = points[1].at - points[0].at
    mantissa = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(mantissa - each) for each in (1, 2, 2.5, 5)) < 1e-3


def test_a_level_has_a_curve_too() -> None:
    level = made("level", height=3.0)
    assert [point.result.value for point in curve(level, 0, between=(1.0, 2.0), rows=2)] == [
        2.0,
        1.5,
        1.0,
    ]


def test_what_has_no_value_or_flows_back_is_drawn_as_what_it_is() -> None:
    points = [
        Point(0.1, missing("not-finite")),
        Point(0.2, Result(-1.0, SUSPECT, "extrapolated")),
        Point(0.3, Result(0.5, FAIL, "submerged")),
    ]
    lines = draw(points, "m", "m3/s", width=8).splitlines()
    assert lines[1].split() == ["0.300", "0.5000", "submerged", "████"]
    assert lines[2].split() == ["0.200", "-1.000", "extrapolated", "████████"]
    assert lines[3].split() == ["0.100", "not-finite"]


def test_nothing_at_all_is_a_heading() -> None:
    assert draw([], "m", "m3/s").split() == ["m", "m3/s"]
