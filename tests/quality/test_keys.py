"""A channel's keys: what goes together, and how they are parted from the driver's."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from agent.quality import AGENT_KEYS, ChannelKeys, split
from drivers import registry
from tests.support.judging import keys


def test_the_keys_are_those_of_the_interface() -> None:
    bursts, single = {"samples", "over", "statistic"}, {"range", "suspect_range", "rate", "spike"}
    windows = {"flat", "flat_width", "attenuated", "attenuated_width"}
    assert bursts | single | windows == AGENT_KEYS


def test_a_table_as_a_technician_writes_it() -> None:
    made = keys(
        range=[0, 6.0],
        suspect_range=[0.2, 4.5],
        rate=0.05,
        spike=[0.1, 0.2],
        flat="6 h",
        flat_width=0.001,
        attenuated="12 h",
        attenuated_width=0.005,
        samples=20,
        over="10 s",
        statistic="mean",
    )
    assert made.rate == (-0.05, 0.05)
    assert made.windows == ((21600.0, 0.001), (43200.0, 0.005))
    assert made.has_tests
    assert not keys(samples=20, over="10 s").has_tests


@pytest.mark.parametrize(
    ("table", "accepted"),
    [
        ({"range": [6, 0]}, "the lower one first"),
        ({"range": 6}, "two numbers"),
        ({"range": [0, "6"]}, "two numbers"),
        ({"suspect_range": [True, 6]}, "two numbers"),
        ({"range": [0, 6], "suspect_range": [-1, 5]}, "a span within range"),
        ({"rate": 0}, "units a minute"),
        ({"rate": [0.1, 0.2]}, "fastest fall and rise"),
        ({"spike": [0.2, 0.1]}, "suspect and for fail"),
        ({"spike": 0.1}, "suspect and for fail"),
        ({"flat": "6 h"}, "flat and flat_width together"),
        ({"attenuated_width": 0.1}, "attenuated and attenuated_width together"),
        ({"flat": "6 h", "flat_width": -1.0}, "greater than or equal to 0"),
        ({"samples": 20}, "samples and over together"),
        ({"samples": 1, "over": "1 s"}, "greater than or equal to 2"),
        ({"statistic": "mean"}, "no statistic, unless samples"),
        ({"rnage": [0, 6]}, "Extra inputs"),
        ({"range": [0.0, float("inf")]}, "finite"),
    ],
)
def test_what_doesnt_go_together_is_refused(table: dict[str, Any], accepted: str) -> None:
    with pytest.raises(ValidationError, match=accepted):
        keys(**table)


@pytest.mark.parametrize(
    ("table", "most", "accepted"),
    [
        ({"samples": 20, "over": "60 s"}, 60.1, "less than the sensor's every, 1 min"),
        ({"flat": "1 min", "flat_width": 0.0}, 30.0, "at least twice the sensor's every, 2 min"),
    ],
)
def test_what_the_period_forbids_is_refused(
    table: dict[str, Any], most: float, accepted: str
) -> None:
    with pytest.raises(ValueError, match=accepted):
        keys(**table).check_period(60.0)
    keys(**table).check_period(most)


def test_a_sensors_table_is_parted_into_the_drivers_and_the_agents() -> None:
    sensor = {
        "driver": "modbus",
        "channel": {
            "stage": {"register": 32, "unit": "m", "range": [0, 6]},
            "snr": {"register": 34, "unit": "dB"},
            "distance": {"rate": 0.05},
            "empty": {},
            "wrong": 7,
        },
    }
    driver, own = split(sensor)
    assert driver == {
        "driver": "modbus",
        "channel": {
            "stage": {"register": 32, "unit": "m"},
            "snr": {"register": 34, "unit": "dB"},
            "empty": {},
            "wrong": 7,
        },
    }
    assert own == {"stage": {"range": [0, 6]}, "distance": {"rate": 0.05}}


@pytest.mark.parametrize("sensor", [{}, {"channel": 7}, {"channel": {}}, {"every": "1 s"}])
def test_a_table_without_keys_of_the_agents_stays_as_it_is(sensor: dict[str, Any]) -> None:
    assert split(sensor) == (sensor, {})


def test_a_driver_without_tables_for_channels_has_tests_all_the_same() -> None:
    sensor = {"driver": "simulator", "channel": {"level": {"range": [0, 6]}}}
    driver, own = split(sensor)
    assert driver == {"driver": "simulator"}
    ChannelKeys.model_validate(own["level"])
    registry.load("simulator").Config.model_validate(driver | {"every": "1 s"})


@pytest.mark.parametrize("name", registry.names())
def test_no_driver_uses_the_agents_keys_for_itself(name: str) -> None:
    field = registry.load(name).Config.model_fields.get("channel")
    for model in () if field is None else get_args(field.annotation):
        if isinstance(model, type) and issubclass(model, BaseModel):
            taken = {each.alias or key for key, each in model.model_fields.items()}
            assert not taken & AGENT_KEYS
