"""What holds for each relation of level and discharge, whatever the water does."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.hydraulics import METHODS, Instant, Limit
from agent.hydraulics.parshall import flumes
from agent.hydraulics.relation import StageDischarge
from tests.support.hydraulics import FAIL, GOOD, SITES, SUSPECT, made, of, site, value

each_site = pytest.mark.parametrize("name", SITES)
heads = st.floats(-1.0, 6.0)
some = settings(max_examples=30)  # of each site
each_flume = pytest.mark.parametrize("size", [flume.size for flume in flumes()])
sizes = st.sampled_from([each.size for each in flumes() if each.c1 is not None])


def domain(found: Instant) -> tuple[float, float]:
    """Return the levels within the limits, as far as 3 m."""
    assert isinstance(found, StageDischarge)
    low, high = found.domain
    return max(low, found.floor) + found.zero, min(high, 3.0) + found.zero


def test_there_is_a_site_for_each_relation() -> None:
    relations = {name for name, each in METHODS.items() if issubclass(each, StageDischarge)}
    assert {keys["method"] for keys in SITES.values()} == relations


@each_site
@some
@given(level=heads, more=st.floats(0.0, 2.0))
def test_more_head_is_never_less_discharge(name: str, level: float, more: float) -> None:
    found = site(name)
    assert value(found, level) <= value(found, level + more) * (1 + 1e-12)


@each_site
@some
@given(share=st.floats(0.0, 1.0), step=st.floats(1e-4, 0.1))
def test_within_the_limits_more_head_is_more_discharge(
    name: str, share: float, step: float
) -> None:
    found = site(name)
    low, high = domain(found)
    level = low + share * (high - low)
    assert value(found, level) < value(found, level + step)


@each_site
@some
@given(share=st.floats(0.0, 1.0))
def test_a_small_step_of_the_level_is_a_small_step_of_the_discharge(
    name: str, share: float
) -> None:
    found = site(name)
    low, high = domain(found)
    low = max(low, 0.03)  # below, a thin-plate weir's correction of the head is a step of its own
    level = low + share * (high - low)
    before, after = value(found, level - 1e-7), value(found, level + 1e-7)
    assert after - before <= 1e-4 * max(after, 0.1)


@each_site
@some
@given(level=st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_not_finite_never_comes_out(name: str, level: float) -> None:
    found = site(name)
    result = of(found, level)
    if result.value is None:
        assert result.why == "not-finite"
    else:
        assert math.isfinite(result.value)
        assert result.value >= 0


@each_site
@some
@given(level=heads)
def test_the_quality_falls_outside_the_limits_and_only_there(name: str, level: float) -> None:
    found = site(name)
    assert isinstance(found, StageDischarge)
    head = found.head(0, level)
    low, high = found.domain
    result = of(found, level)
    if head <= found.floor:
        assert (result.value, result.quality) == (0.0, GOOD)
    elif low <= head <= high:
        assert (result.quality, result.why) == (GOOD, "")
    else:
        assert (result.quality, result.why) == (SUSPECT, "extrapolated")


@each_site
def test_limits_of_the_configuration_replace_the_methods_own(name: str) -> None:
    found = site(name, limits=[0.5, 0.6])
    assert [of(found, found.zero + head).quality for head in (0.49, 0.5, 0.6, 0.61)] == [
        SUSPECT,
        GOOD,
        GOOD,
        SUSPECT,
    ]


@each_site
def test_each_limit_has_its_source(name: str) -> None:
    bounds: tuple[Limit, ...] = site(name).bounds
    assert all(bound.text and bound.source for bound in bounds)


@each_site
def test_what_is_said_of_a_method_passes_through_json(name: str) -> None:
    found = site(name)
    said = json.loads(json.dumps(found.about(), allow_nan=False))
    keys = {key: said[key] for key in found.keys()}  # noqa: SIM118 - not a mapping's
    assert METHODS[found.method].model_validate(keys) == found


ARITHMETIC = ["parshall", "cutthroat", "contracted", "rehbock", "francis", "francis, suppressed"]
ARITHMETIC += ["v-notch", "v-notch, shen", "cipoletti", "broad-crested", "manning"]


def by_its_own_words(said: dict[str, Any], **inputs: float) -> float:
    """Compute a method from what `about` says of it, and nothing else."""
    names: dict[str, Any] = {"sqrt": math.sqrt, "log10": math.log10, "tan": math.tan}
    names |= {"pi": math.pi, "min": min, "max": max, **said, **said["constants"]}
    names["level"] = inputs.pop("from")
    names |= inputs
    for step in said["equation"].replace("^", "**").replace("from", "level").split("; "):
        name, _, expression = step.partition(" = ")
        names[name] = eval(expression, {"__builtins__": {}}, names)
    return float(names["Q"])


@pytest.mark.parametrize("name", ARITHMETIC)
@some
@given(head=st.floats(0.001, 2.0))
def test_anyone_can_compute_again_what_about_says(name: str, head: float) -> None:
    found = site(name)
    level = found.zero + head  # type: ignore[attr-defined]
    said = found.about()
    if name == "parshall":
        said["equation"] = said["equation"].partition("; hb")[0].replace("Qf", "Q")
    level = round(level, 6)
    assert by_its_own_words(said, **{"from": level}) == pytest.approx(value(found, level), rel=1e-6)


@settings(max_examples=200)
@given(size=sizes, head=st.floats(0.05, 2.0), tail=st.floats(0.01, 2.5))
def test_anyone_can_compute_a_submerged_flume_again(size: str, head: float, tail: float) -> None:
    found = made("parshall", size=size, tailwater="b/h", tailwater_zero=0.2, zero=0.1)
    head, tail = round(head + 0.1, 6), round(tail + 0.2, 6)
    said = by_its_own_words(found.about(), **{"from": head, "tailwater": tail})
    assert said == pytest.approx(value(found, head, tailwater=tail), rel=1e-6, abs=1e-12)


@settings(max_examples=200)
@given(size=sizes, head=st.floats(0.05, 1.8), tail=st.floats(-0.1, 2.0), more=st.floats(0.0, 0.5))
def test_more_tailwater_is_never_more_discharge(
    size: str, head: float, tail: float, more: float
) -> None:
    found = made("parshall", size=size, tailwater="b/h", tailwater_zero=0.0)
    lower, higher = (value(found, head, tailwater=each) for each in (tail, tail + more))
    assert 0 <= higher <= lower * (1 + 1e-12)


@settings(max_examples=200)
@given(size=sizes, head=st.floats(0.05, 1.8), more=st.floats(0.0, 0.5), tail=st.floats(0.01, 2.0))
def test_more_head_over_the_same_tailwater_is_never_less_discharge(
    size: str, head: float, more: float, tail: float
) -> None:
    found = made("parshall", size=size, tailwater="b/h", tailwater_zero=0.0)
    lower, higher = (value(found, each, tailwater=tail) for each in (head, head + more))
    assert lower <= higher * (1 + 1e-12)


@settings(max_examples=200)
@given(size=sizes, head=st.floats(0.05, 1.8), submergence=st.floats(0.0, 1.2))
def test_a_rising_tailwater_meets_no_step(size: str, head: float, submergence: float) -> None:
    found = made("parshall", size=size, tailwater="b/h", tailwater_zero=0.0)
    free = value(found, head)
    before, after = (
        value(found, head, tailwater=(submergence + step) * head) for step in (-1e-6, 1e-6)
    )
    assert abs(after - before) <= 1e-4 * free


@each_flume
def test_what_is_submerged_is_suspect_and_beyond_correction_failed(size: str) -> None:
    found = made("parshall", size=size, tailwater="b/h", tailwater_zero=0.0)
    flume = next(each for each in flumes() if each.size == size)
    head = (flume.low + flume.high) / 2
    results = {
        share: of(found, head, tailwater=share * head)
        for share in (-0.1, flume.transition - 0.01, flume.transition + 0.01, 0.91, 1.3)
    }
    free, barely, submerged, deep, above = results.values()
    assert free == barely == of(found, head)
    assert {each.why for each in (submerged, deep, above)} == {"submerged"}
    assert deep.quality == above.quality == FAIL
    if flume.c1 is None:  # no correction is known: free flow is what can be said at most
        assert submerged.quality == FAIL
        assert submerged.value == above.value == free.value
    else:
        assert submerged.quality == SUSPECT
        assert above.value == 0.0
