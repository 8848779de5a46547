"""The flags of ioos_qc 3.0.0, reading by reading; each difference is listed, as in decision 7."""

import json
from functools import reduce
from pathlib import Path
from typing import Any

from agent.quality import Flag, Judge, worse
from agent.record import Quality
from tests.support.judging import evenly, keys, verdicts

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "qartod.json").read_text(encoding="utf-8")
)["vectors"]


def vector(test: str, method: str | None = None) -> dict[str, Any]:
    (found,) = (
        each
        for each in VECTORS
        if each["test"] == test and each.get("params", {}).get("method") == method
    )
    return found


def judged(vector: dict[str, Any], **table: object) -> list[int]:
    step = vector["step_s"]
    judge = Judge(keys(**table), step)
    return [flag.quality for flag in verdicts(judge, evenly(vector["input"], step))]


def differences(vector: dict[str, Any], ours: list[int]) -> dict[int, tuple[int, int]]:
    assert len(ours) == len(vector["flags"])
    pairs = enumerate(zip(vector["flags"], ours, strict=True))
    return {index: pair for index, pair in pairs if pair[0] != pair[1]}


def test_gross_range_agrees() -> None:
    theirs = vector("gross_range")
    span, suspect = theirs["params"]["fail_span"], theirs["params"]["suspect_span"]
    assert differences(theirs, judged(theirs, range=span, suspect_range=suspect)) == {}


def test_a_spike_agrees_but_that_passing_it_late_doesnt_revise_a_reading_from_2_to_1() -> None:
    theirs = vector("spike", "differential")
    ours = judged(theirs, spike=[0.1, 0.2])
    assert differences(theirs, ours) == dict.fromkeys((1, 3, 4, 6), (1, 2))


def test_a_spike_measured_from_the_mean_agrees_but_for_the_good_readings_beside_it() -> None:
    theirs = vector("spike", "average")
    ours = judged(theirs, spike=[0.1, 0.2])
    assert differences(theirs, ours) == {1: (1, 2), 3: (1, 2), 4: (3, 2), 6: (3, 2)}


def test_rate_of_change_agrees_but_sees_the_jump_across_a_gap_and_needs_two_readings() -> None:
    theirs = vector("rate_of_change")
    ours = judged(theirs, rate=theirs["params"]["threshold_per_s"] * 60)
    assert differences(theirs, ours) == {0: (1, 2), 7: (1, 3)}


def test_a_flat_line_agrees_but_stops_at_suspect_and_says_nothing_of_a_first_reading() -> None:
    theirs = vector("flat_line")
    ours = judged(theirs, flat="45 min", flat_width=theirs["params"]["tolerance"])
    assert differences(theirs, ours) == {0: (1, 2), **dict.fromkeys((8, 9, 10), (4, 3))}


def test_an_attenuated_signal_agrees_but_waits_for_a_whole_window() -> None:
    theirs = vector("attenuated_signal")
    table = {"attenuated": "6 h", "attenuated_width": theirs["params"]["suspect_threshold"]}
    differs = differences(theirs, judged(theirs, **table))
    assert differs == {0: (4, 2), 1: (3, 2), 47: (4, 1)}
    longer = theirs | {"input": [*theirs["input"], 1.02]}
    assert judged(longer, **table)[-2:] == [1, 3]


def test_several_tests_become_one_flag_as_theirs_do() -> None:
    theirs = vector("aggregate")
    columns = zip(*theirs["input"], strict=True)
    ours = [reduce(worse, (Flag(Quality(q)) for q in column)).quality for column in columns]
    assert ours == theirs["flags"]


def test_no_vector_is_left_out() -> None:
    tried = {"gross_range", "spike", "rate_of_change", "flat_line", "attenuated_signal"}
    assert {each["test"] for each in VECTORS} == tried | {"aggregate"}
    assert len(VECTORS) == 7


def test_of_two_flags_that_are_equally_bad_the_first_stands() -> None:
    first, second = Flag(Quality.FAIL, "range"), Flag(Quality.FAIL, "spike")
    assert worse(Flag(Quality.SUSPECT, "rate"), first) is first
    assert worse(first, second) is first
