import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.text import Decoder, TextChannel, check_companions


def channel(**keys: object) -> TextChannel:
    return TextChannel.model_validate({"unit": "m", **keys})


def value(text: str, **keys: object) -> float | str:
    """Return the value of a text, or the reason why it has none."""
    sample = Decoder({"c": channel(**keys)}).sample(0.0, {0: text}, {})
    return sample.reasons[0] if sample.values[0] is None else sample.values[0]


@pytest.mark.parametrize(
    ("text", "keys", "is_"),
    [
        ("1838", {"raw_unit": "mm"}, 1.838),
        ("+0.1", {"scale": 3}, 0.3),
        ("0.1", {"offset": 0.2}, 0.3),
        ("72", {"unit": "Cel", "raw_unit": "degF", "scale": 0.1}, -13.777777777777779),
        ("-.5", {}, -0.5),
        ("7.", {}, 7.0),
        ("1e-3", {}, 0.001),
        ("-9999.00", {"invalid": [-9999]}, "invalid"),
        ("", {}, "parse"),
        ("1_000", {}, "parse"),
        ("1/3", {}, "parse"),
        ("٣", {}, "parse"),
        ("1e999999999", {}, "parse"),
        ("1" * 5000, {}, "parse"),
    ],
)
def test_a_text_becomes_the_nearest_value_or_none(
    text: str, keys: dict[str, object], is_: float | str
) -> None:
    assert value(text, **keys) == is_


@pytest.mark.parametrize("text", ["nan", "-INF", "Infinity"])
def test_what_is_not_finite_is_passed_on(text: str) -> None:
    assert not math.isfinite(float(value(text)))


@given(st.decimals(-(10**15), 10**15, allow_nan=False, places=5))
def test_no_binary_dust_is_added(number: object) -> None:
    text = f"{number:f}"
    assert value(text, raw_unit="mm") == float(Fraction(text) / 1000)


def decoded(echo: str, distance: str = "1838") -> tuple[object, object]:
    rules = [
        {"channel": "echo", "below": 300, "quality": 4, "why": "no-echo"},
        {"channel": "echo", "below": 211, "quality": 3, "why": "weak-echo"},
    ]
    channels = {"distance": channel(good_when=rules), "echo": channel(unit="count")}
    sample = Decoder(channels).sample(0.0, {0: distance, 1: echo}, {})
    return sample.values[0], sample.flags.get(0)


@pytest.mark.parametrize(
    ("echo", "flag"),
    [
        ("162", (1, "")),
        ("250", (3, "weak-echo")),
        ("600", (4, "no-echo")),
        ("?", None),
        ("nan", None),
    ],
)
def test_a_companion_makes_the_quality_and_the_value_stands(echo: str, flag: object) -> None:
    assert decoded(echo) == (1838.0, flag)


def test_a_value_that_is_none_has_no_quality() -> None:
    assert decoded("162", "x") == (None, None)


def test_a_companion_that_is_none_is_refused_by_name() -> None:
    rule = {"channel": "quality", "is": 0}
    with pytest.raises(ValueError, match=r"in good_when of depth another channel .*: battery"):
        check_companions({"depth": channel(good_when=[rule]), "battery": channel()})


def test_a_unit_without_a_way_is_refused() -> None:
    with pytest.raises(ValidationError, match="a unit that becomes m: m, cm"):
        channel(raw_unit="degF")
