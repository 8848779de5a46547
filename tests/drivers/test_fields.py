"""Durations and names: read as people write them, refused with what is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from drivers.fields import ChannelName, Name, Period, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500 ms", 0.5),
        ("60 s", 60),
        ("15 min", 900),
        ("6 h", 21600),
        ("2 d", 172800),
        ("1.5s", 1.5),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "found", ["", "5", "-5 s", "5 parsecs", "s", "1e3 s", "nan s", 5, None, True]
)
def test_anything_else_is_refused_with_what_is_accepted(found: object) -> None:
    with pytest.raises(ValueError, match="15 min"):
        parse_duration(found)


@given(st.integers(1, 10**9))
def test_a_written_duration_reads_back(milliseconds: int) -> None:
    text = format_duration(milliseconds / 1000)
    assert parse_duration(text) == pytest.approx(milliseconds / 1000, rel=1e-11)


@pytest.mark.parametrize("text", ["0 s", "9 ms", "25 h", "1000000000 s"])
def test_a_period_has_bounds(text: str) -> None:
    with pytest.raises(ValidationError, match="10 ms"):
        TypeAdapter(Period).validate_python(text)


@pytest.mark.parametrize("text", ["", "a/b", "Chu", "чу", "a_b", "a" * 65, "a b", "a\n"])
def test_a_name_that_cant_be_a_topic_level_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="1 to 64 of a-z 0-9 -"):
        TypeAdapter(Name).validate_python(text)


def test_a_channel_name_has_underscores_in_place_of_hyphens() -> None:
    assert TypeAdapter(ChannelName).validate_python("water_level") == "water_level"
    with pytest.raises(ValidationError, match="a-z 0-9 _"):
        TypeAdapter(ChannelName).validate_python("water-level")
