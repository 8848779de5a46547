"""From a distance or a pressure to a level."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.hydraulics.level import water_density
from agent.hydraulics.method import GRAVITY
from tests.support.hydraulics import GOOD, SUSPECT, made

TABLE_1 = {5: 0.999961, 7: 0.999897, 10: 0.999695, 12: 0.999494, 14: 0.999241, 15: 0.999096}
"""g/cm3 by degC: Jones and Harris, J. Res. NIST 97(3), 1992, table 1."""


def test_a_level_is_the_height_less_the_distance_without_binary_dust() -> None:
    level = made("level", height=3.25, gauge_zero=712.35)
    for millimetres in range(0, 4000, 7):
        result = level.compute(0, {"from": millimetres / 1000})
        assert repr(result.value) == repr((3250 - millimetres) / 1000)
        assert result.quality == GOOD


@pytest.mark.parametrize(("temperature", "density"), TABLE_1.items())
def test_the_density_of_water_is_that_of_the_table(temperature: int, density: float) -> None:
    # the table has six digits, so half a unit of the last
    assert water_density(temperature) / 1000 == pytest.approx(density, abs=1e-6)


@pytest.mark.parametrize("temperature", [-10.0, 0.0, 4.99, 40.01, 85.0])
def test_a_temperature_outside_the_formula_is_clamped_and_said(temperature: float) -> None:
    level = made("level", temperature="probe/temperature")
    result = level.compute(0, {"from": 10_000.0, "temperature": temperature})
    nearest = min(max(temperature, 5.0), 40.0)
    assert result.value == pytest.approx(10_000 / (water_density(nearest) * GRAVITY), rel=1e-12)
    assert (result.quality, result.why) == (SUSPECT, "temperature")


@pytest.mark.parametrize("temperature", [5.0, 40.0])
def test_its_ends_are_within(temperature: float) -> None:
    level = made("level", temperature="probe/temperature")
    assert level.compute(0, {"from": 1e4, "temperature": temperature}).quality == GOOD


@given(depth=st.floats(0.0, 50.0), air=st.floats(80_000.0, 105_000.0))
def test_the_air_above_a_sensor_that_is_not_vented_is_taken_off(depth: float, air: float) -> None:
    level = made("level", density=998.2, barometer="air/pressure", height=-0.35)
    pressure = air + depth * 998.2 * GRAVITY
    result = level.compute(0, {"from": pressure, "barometer": air})
    assert result.value == pytest.approx(depth - 0.35, abs=1e-9)


def test_a_sensor_without_water_above_it_says_so() -> None:
    result = made("level", density=999.7, height=0.2).compute(0, {"from": -30.0})
    assert (result.value, result.quality, result.why) == (0.2, SUSPECT, "dry")


def test_what_it_takes_and_needs_follows_from_its_keys() -> None:
    assert made("level", height=3.0).takes == "m"
    unvented = made("level", temperature="probe/temperature", barometer="air/pressure")
    assert unvented.takes == "Pa"
    assert {role: need.unit for role, need in unvented.needs().items()} == {
        "temperature": "Cel",
        "barometer": "Pa",
    }


def test_a_level_outside_its_limits_is_suspect_and_kept() -> None:
    level = made("level", height=3.0, limits=[0.0, 2.5])
    high = level.compute(0, {"from": 0.4})
    assert (high.value, high.quality, high.why) == (2.6, SUSPECT, "range")


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({}, "height"),
        ({"barometer": "air/pressure"}, "density"),
        ({"density": 1000.0, "temperature": "probe/temperature"}, "density"),
    ],
)
def test_a_level_that_cannot_be_computed_is_refused(keys: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made("level", **keys)
    assert caught.value.errors()[0]["ctx"]["key"] == wrong


def test_the_densitys_factors_are_said() -> None:
    level = made("level", temperature="probe/temperature")
    constants = json.loads(json.dumps(level.about()))["constants"]
    by_hand = sum(constants[f"d{power}"] * 12**power for power in range(5))
    assert by_hand == pytest.approx(water_density(12.0), rel=1e-12)
