"""Derived channels: tables, versions, ages, inherited quality, and what is said of them."""

import json
import tomllib
from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError

from agent.hydraulics import (
    METHODS,
    Derived,
    Input,
    Reading,
    Result,
    inherit,
    missing,
    objection,
    worst,
)
from agent.record import Quality
from tests.support.hydraulics import FAIL, GOOD, MISSING, SUSPECT

TWO_VERSIONS = """
from = "derived/stage"
unit = "m3/s"
[version.2026-2]
method = "rating"
valid_from = 2026-07-12T08:00:00+06:00
segments = [{from = 0.1, a = 12.1, h0 = 0.05, b = 1.6}]
shifts = [{from = 2026-08-01T08:00:00+06:00, value = 0.03}]
[version.2026-1]
method = "parshall"
size = "1 ft"
zero = 0.120
tailwater = "below/level"
tailwater_zero = 0.2
"""
TWO_METHODS = """
from = "derived/q"
[version.1]
method = "volume"
[version.2]
method = "counter"
valid_from = 2026-07-12T08:00:00+06:00
"""
CHANGE = 1_783_821_600_000  # 2026-07-12T08:00:00+06:00
SHIFT = 1_785_549_600_000  # 2026-08-01T08:00:00+06:00


def derived(text: str, name: str = "discharge") -> Derived:
    return Derived.read(name, tomllib.loads(text))


def reading(value: float | None, quality: Quality = GOOD, age: float = 0.0) -> Input:
    """Return an input so many s old, of a sensor that is polled each minute."""
    return Input(Reading(CHANGE - round(age * 1000), value, quality), 60.0)


def test_versions_follow_each_other_by_date() -> None:
    channel = derived(TWO_VERSIONS)
    assert [version.name for version in channel.versions] == ["2026-1", "2026-2"]
    for time, name in ((0, "2026-1"), (CHANGE - 1, "2026-1"), (CHANGE, "2026-2")):
        version = channel.version_at(time)
        assert version is not None
        assert version.name == name


def test_before_its_first_version_a_channel_has_none() -> None:
    channel = derived(
        TWO_VERSIONS.replace('size = "1 ft"', 'size = "1 ft"\nvalid_from = 2026-01-01T00:00:00Z')
    )
    assert channel.version_at(1_767_225_600_000 - 1) is None
    assert channel.version_at(1_767_225_600_000) is channel.versions[0]


def test_each_version_needs_its_own_channels() -> None:
    channel = derived(TWO_VERSIONS)
    assert channel.channels == {"derived/stage": "m", "below/level": "m"}
    first, second = (channel.needs(version) for version in channel.versions)
    assert list(first) == ["from", "tailwater"]
    assert list(second) == ["from"]


def test_a_channel_without_versions_has_the_version_1() -> None:
    channel = derived('method = "level"\nfrom = "radar/distance"\nheight = 3.25\nunit = "m"')
    (version,) = channel.versions
    assert (version.name, channel.unit) == ("1", "m")
    assert channel.compute(version, CHANGE, {"from": reading(1.234)}) == Result(2.016)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('unit = "m"\nmethod = "parshall"\nsize = "1 ft"\nfrom = "a/b"', 'unit = "m3/s"'),
        ('method = "parshall"\nsize = "1 ft"', "from, the channel"),
        ('method = "sum"\nterms = {"a/b" = 1}', "a unit"),
        ("from = 'a/b'\n[version]", "a method"),
        (TWO_VERSIONS.replace("valid_from", "#"), "only the first may be without"),
        (
            TWO_METHODS,
            "versions of one method",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        derived(text)


@pytest.mark.parametrize(
    "change",
    [
        ("zero = 0.120", "zeero = 0.120"),
        ("zero = 0.120", 'zero = "0.120"'),
        ("zero = 0.120", "zero = inf"),
        ('from = "derived/stage"', 'from = "stage"'),
        ('"below/level"', '"below"'),
        ('unit = "m3/s"', 'unit = "L/s"'),
        ("2026-07-12T08:00:00+06:00", "2026-07-12T08:00:00"),
    ],
)
def test_a_key_that_is_wrong_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(ValidationError):
        derived(TWO_VERSIONS.replace(*change))


@pytest.mark.parametrize("name", METHODS)
def test_a_method_forbids_what_it_does_not_know_and_is_frozen(name: str) -> None:
    model = METHODS[name].model_config
    assert (model["extra"], model["strict"], model["frozen"]) == ("forbid", True, True)
    assert METHODS[name].model_fields["method"].annotation.__args__ == (name,)  # type: ignore[union-attr]


@pytest.mark.parametrize(("first", "second"), list(product(Quality, repeat=2)))
def test_the_worst_of_the_inputs_is_inherited(first: Quality, second: Quality) -> None:
    channel = derived(
        'method = "index-velocity"\nfrom = "a/stage"\nvelocity = "a/velocity"\na = 0.0\nb = 1.0\n'
        "area = [[0.0, 0.0], [1.0, 2.0]]"
    )
    inputs = {
        role: reading(None if quality is MISSING else 1.0, quality)
        for role, quality in {"from": first, "velocity": second}.items()
    }
    result = channel.compute(channel.versions[0], CHANGE, inputs)
    expected = worst((first, second))
    assert result.quality == expected
    assert result.value == (None if expected is MISSING else 2.0)
    assert result.why == ("input" if expected >= SUSPECT else "")


def test_a_methods_own_word_stands_before_an_equal_inputs() -> None:
    extrapolated = Result(1.0, SUSPECT, "extrapolated")
    assert inherit(extrapolated, [GOOD, SUSPECT]) == extrapolated
    assert inherit(extrapolated, [FAIL]) == Result(1.0, FAIL, "input")
    assert inherit(Result(1.0), []) == Result(1.0)
    assert inherit(extrapolated, [GOOD, MISSING]) == missing("input")


def test_an_input_that_is_missing_or_too_old_gives_no_value() -> None:
    channel = derived(TWO_VERSIONS)
    version = channel.versions[0]
    stage = reading(0.5)

    def computed(**inputs: Input) -> Result:
        return channel.compute(version, CHANGE, {"from": stage, **inputs})

    assert computed() == missing("input")
    assert computed(tailwater=reading(None, MISSING)) == missing("input")
    assert computed(tailwater=reading(0.3, age=120.0)).quality == GOOD  # twice its `every`
    assert computed(tailwater=reading(0.3, age=120.001)) == missing("input")
    stated = derived('max_age = "10 s"\n' + TWO_VERSIONS)
    inputs = {"from": stage, "tailwater": reading(0.3, age=11.0)}
    assert stated.compute(stated.versions[0], CHANGE, inputs) == missing("input")


def test_what_overflows_has_no_value() -> None:
    channel = derived(TWO_VERSIONS)
    result = channel.compute(channel.versions[1], CHANGE, {"from": reading(1e300)})
    assert result == missing("not-finite")


def test_a_sum_adds_its_terms_and_takes_its_share() -> None:
    channel = derived(
        'method = "sum"\nunit = "m3/s"\nshare = 0.42\n'
        'terms = {"derived/west" = 1, "derived/return" = -1}\nlimits = [0.0, 10.0]'
    )
    (version,) = channel.versions
    assert list(channel.needs(version)) == ["derived/west", "derived/return"]

    def computed(west: float, back: float) -> Result:
        inputs = {"derived/west": reading(west), "derived/return": reading(back)}
        return channel.compute(version, CHANGE, inputs)

    assert computed(10.0, 2.5) == Result(pytest.approx(0.42 * 7.5))
    assert computed(1.0, 2.0).why == "range"


def test_about_has_every_version_whole_as_json() -> None:
    channel = derived(TWO_VERSIONS)
    said = json.loads(json.dumps(channel.about(), allow_nan=False))
    assert list(said) == ["2026-1", "2026-2"]
    first, second = said.values()
    assert first["from"] == second["from"] == "derived/stage"
    assert first["size"] == "1 ft"
    assert first["constants"].keys() == {"k", "n", "transition", "c1", "n1", "n2"}
    assert "memory" in first["holds"][0]["source"]
    assert second["valid_from"] == "2026-07-12T08:00:00+06:00"
    assert second["shifts"] == [{"from": "2026-08-01T08:00:00+06:00", "value": 0.03}]


def test_about_has_durations_as_they_are_written() -> None:
    channel = derived('method = "volume"\nfrom = "derived/q"\nmax_gap = "90 min"\nmax_age = "1 h"')
    assert channel.about()["1"].items() >= {"max_gap": "90 min", "max_age": "1 h"}.items()


def content(text: str, version: int = 1) -> dict[str, Any]:
    channel = derived(text)
    return channel.content(channel.versions[version])


def test_a_version_that_was_used_does_not_change() -> None:
    used = json.loads(json.dumps(content(TWO_VERSIONS)))
    assert objection(used, content(TWO_VERSIONS + "# a comment"), 0) is None
    changes = {
        ("a = 12.1", "a = 12.2"): "used with segments",
        ('"derived/stage"', '"derived/other"'): "used with from = derived/stage and now has from",
        ("valid_from = 2026-07-12", "valid_from = 2026-07-13"): "valid_from",
        ('method = "rating"', 'method = "rating"\nzero = 0.1'): "no zero and now has zero = 0.1",
        ("value = 0.03", "value = 0.04"): "shifts that were used",
        ("[{from = 2026-08-01T08:00:00+06:00, value = 0.03}]", "[]"): "shifts that were used",
    }
    for change, sentence in changes.items():
        said = objection(used, content(TWO_VERSIONS.replace(*change)), 0)
        assert said is not None, change
        assert sentence in said


def test_shifts_may_be_appended_from_a_time_on_that_is_still_to_come() -> None:
    used = content(TWO_VERSIONS)
    second = "value = 0.03}, {from = 2026-09-01T08:00:00+06:00, value = 0.05}"
    appended = content(TWO_VERSIONS.replace("value = 0.03}", second))
    september = SHIFT + 31 * 24 * 3600 * 1000
    assert objection(used, appended, september - 1) is None
    said = objection(used, appended, september)
    assert said is not None
    assert "2026-09-01T08:00:00+06:00" in said


def test_a_new_default_of_a_later_release_changes_no_version_that_was_used() -> None:
    written = content(TWO_VERSIONS, 0)
    assert written.keys() == {
        "from",
        "unit",
        "method",
        "size",
        "zero",
        "tailwater",
        "tailwater_zero",
    }
