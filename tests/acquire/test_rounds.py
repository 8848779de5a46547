"""From samples to rounds: nothing made up, nothing lost."""

import math

import pytest

from agent.acquire import layout_of, no_answer, round_of
from agent.record import Quality
from drivers.base import Channel, Sample

LAYOUT = layout_of("radar", (Channel("distance", "m"), Channel("snr", "dB")))


def test_values_that_no_test_looked_at_are_not_evaluated() -> None:
    made = round_of(LAYOUT, Sample(0.0, (1.5, 12.0)), 1000)
    assert made.values == (1.5, 12.0)
    assert made.qualities == bytes([Quality.NOT_EVALUATED] * 2)
    assert made.reasons == {}


@pytest.mark.parametrize("said", [math.nan, math.inf, -math.inf])
def test_a_value_that_isnt_finite_becomes_no_value_not_finite(said: float) -> None:
    made = round_of(LAYOUT, Sample(0.0, (said, 12.0)), 1000)
    assert made.values == (None, 12.0)
    assert made.qualities == bytes([Quality.MISSING, Quality.NOT_EVALUATED])
    assert made.reasons == {0: "not-finite"}


def test_a_missing_value_keeps_the_drivers_reason() -> None:
    made = round_of(LAYOUT, Sample(0.0, (1.5, None), {1: "exception-2"}), 1000)
    assert made.values == (1.5, None)
    assert made.reasons == {1: "exception-2"}


def test_what_the_instrument_says_of_a_value_is_its_quality_and_the_value_is_kept() -> None:
    made = round_of(LAYOUT, Sample(0.0, (1.5, 9.0), flags={0: (3, "weak-echo"), 1: (1, "")}), 1000)
    assert made.values == (1.5, 9.0)
    assert made.qualities == bytes([Quality.SUSPECT, Quality.GOOD])
    assert made.reasons == {0: "weak-echo"}


def test_what_is_said_of_a_value_that_isnt_there_changes_nothing() -> None:
    made = round_of(LAYOUT, Sample(0.0, (math.nan, 9.0), flags={0: (4, "status")}), 1000)
    assert made.values == (None, 9.0)
    assert made.qualities == bytes([Quality.MISSING, Quality.NOT_EVALUATED])
    assert made.reasons == {0: "not-finite"}


def test_a_poll_without_an_answer_is_a_round_too() -> None:
    made = no_answer(LAYOUT, "timeout", 1000)
    assert made.values == (None, None)
    assert made.qualities == bytes([Quality.MISSING] * 2)
    assert made.reasons == {0: "timeout", 1: "timeout"}


@pytest.mark.parametrize(
    "sample",
    [
        Sample(0.0, (1.0,)),
        Sample(0.0, (1.0, None)),
        Sample(0.0, (1.0, 2.0), flags={0: (2, "")}),
        Sample(0.0, (1.0, 2.0), flags={0: (1, "fine")}),
        Sample(0.0, (1.0, 2.0), flags={0: (3, "")}),
    ],
)
def test_a_driver_that_breaks_its_contract_ends_the_agent_with_a_sentence(sample: Sample) -> None:
    with pytest.raises(ValueError, match="radar"):
        round_of(LAYOUT, sample, 1000)
