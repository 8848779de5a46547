"""The tests of a channel together: the worst wins, what was refuted is compared with nothing."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.quality import GOOD, NOT_EVALUATED, Flag, Judge, SensorJudge
from agent.record import Layout, Quality, Round
from tests.support.judging import Reading, evenly, keys, verdicts

SUSPECT, FAIL = Quality.SUSPECT, Quality.FAIL


def said(values: Sequence[float | None], step: float = 60.0, **table: object) -> list[str]:
    """Return by reading quality and why, as ``3 rate``."""
    flags = verdicts(Judge(keys(**table), step), evenly(values, step))
    return [f"{flag.quality:d} {flag.why}".strip() for flag in flags]


def test_without_a_test_nothing_is_evaluated() -> None:
    assert said([1.0, 2.0]) == ["2", "2"]


def test_a_value_that_passed_every_test_that_ran_is_good() -> None:
    assert said([1.0, 1.01], range=[0, 6], rate=0.05) == ["1", "1"]


def test_no_value_is_missing_whatever_the_tests() -> None:
    assert Judge(keys(range=[0, 6]), 60.0).judge(0.0, None, Flag(Quality.MISSING, "crc")) == (
        Flag(Quality.MISSING, "crc"),
        None,
    )
    assert said([1.0, None, 1.0], range=[0, 6]) == ["1", "9", "1"]


def test_fault_19_a_jump_to_0_a_negative_level_and_swapped_words_are_flagged_and_kept() -> None:
    wrong = [1.2, 0.0, -0.3, 6.5535e4, 1.2]
    flags = said(wrong, range=[-0.5, 6.0], suspect_range=[0.2, 4.5], rate=0.8)
    assert flags == ["1", "3 range", "3 range", "4 range", "1"]


def test_what_the_instrument_says_counts_as_a_test() -> None:
    judge = Judge(keys(range=[0, 6]), 60.0)
    assert judge.judge(0.0, 1.0, Flag(SUSPECT, "weak-echo")).flag == Flag(SUSPECT, "weak-echo")
    assert judge.judge(60.0, 9.0, Flag(SUSPECT, "weak-echo")).flag == Flag(FAIL, "range")
    assert judge.judge(120.0, 1.0, GOOD).flag == GOOD


def test_a_value_that_the_instrument_itself_refutes_is_compared_with_nothing() -> None:
    judge = Judge(keys(rate=0.05), 60.0)
    judge.judge(0.0, 1.0)
    judge.judge(60.0, 5.0, Flag(FAIL, "status"))
    assert judge.judge(120.0, 1.01).flag == GOOD


def test_the_rate_is_that_of_the_time_that_really_passed_also_across_a_gap() -> None:
    gap = [None] * 5
    assert said([1.0, *gap, 1.3], rate=0.05)[-1] == "1"
    assert said([1.0, *gap, 1.31], rate=0.05)[-1] == "3 rate"


def test_a_gate_that_opens_fast_may_rise_faster_than_it_falls() -> None:
    assert said([1.0, 1.4, 1.0], rate=[-0.05, 0.5]) == ["2", "1", "3 rate"]


def test_a_spike_is_known_with_the_next_value_and_revises_the_reading_before() -> None:
    judge = Judge(keys(range=[0, 6], spike=[0.1, 0.2]), 60.0)
    assert judge.judge(0.0, 1.0) == (GOOD, None)
    assert judge.judge(60.0, 1.3) == (GOOD, None)
    assert judge.judge(120.0, 1.0) == (GOOD, Flag(FAIL, "spike"))


def test_the_good_value_after_a_spike_didnt_come_too_fast() -> None:
    flags = said([1.0, 1.3, 1.0, 1.0], spike=[0.1, 0.2], rate=0.05)
    assert flags == ["2", "4 spike", "1", "1"]


def test_a_gates_step_is_no_spike() -> None:
    assert said([1.0, 1.0, 1.5, 1.5, 1.0, 1.0], range=[0, 6], spike=[0.1, 0.2]) == ["1"] * 6


@pytest.mark.parametrize("missing", [None, -99.0])
def test_beside_a_missing_or_refuted_value_no_spike_is_looked_for(missing: float | None) -> None:
    flags = said([1.0, 1.3, missing, 1.0, 1.3, 1.0], range=[0, 6], spike=[0.1, 0.2])
    assert [flags[1], flags[3], flags[4]] == ["1", "1", "4 spike"]


def test_neighbours_on_two_sides_of_a_gap_are_none() -> None:
    judge = Judge(keys(range=[0, 6], spike=[0.1, 0.2]), 60.0)
    for time, value in ((0.0, 1.0), (60.0, 1.5)):
        judge.judge(time, value)
    assert judge.judge(3600.0, 1.0).revision is None


def test_a_revision_comes_only_where_it_makes_the_flag_worse() -> None:
    judge = Judge(keys(suspect_range=[0, 1.1], spike=[0.1, 0.2]), 60.0)
    judge.judge(0.0, 1.0)
    assert judge.judge(60.0, 1.15).flag == Flag(SUSPECT, "range")
    assert judge.judge(120.0, 1.0).revision is None


def test_fault_21_a_value_frozen_for_hours_is_suspect_until_it_moves() -> None:
    flags = said([1.0, 1.2] + [1.234] * 420 + [1.24], range=[0, 6], flat="6 h", flat_width=0.001)
    assert flags[: 2 + 360] == ["1"] * 362
    assert flags[2 + 360 : -1] == ["3 flat"] * 60
    assert flags[-1] == "1"


def test_a_frozen_value_doesnt_hide_behind_the_instruments_spikes() -> None:
    frozen: list[float | None] = [1.234] * 400
    frozen[100::50] = [5.0] * 6
    flags = said(frozen, spike=[0.1, 0.2], flat="6 h", flat_width=0.001)
    assert flags[399] == "3 flat"
    assert flags[100] == "4 spike"


def test_a_timeout_now_and_then_doesnt_hide_a_frozen_value_but_a_long_hole_begins_anew() -> None:
    frozen: list[float | None] = [1.234] * 400
    frozen[100:110] = [None] * 10
    assert said(frozen, flat="6 h", flat_width=0.001)[-1] == "3 flat"
    frozen[100:170] = [None] * 70
    assert said(frozen, flat="6 h", flat_width=0.001)[-1] == "2"


def test_an_instrument_grown_numb_is_suspect() -> None:
    numb = [1.0 + 0.002 * (i % 2) for i in range(13 * 60)]
    flags = said(numb, range=[0, 6], attenuated="12 h", attenuated_width=0.005)
    assert flags[719:721] == ["1", "3 attenuated"]


def test_binary_fractions_raise_no_flag() -> None:
    assert said([1.05, 1.1, 1.15, 1.2], rate=0.05) == ["2", "1", "1", "1"]


def test_a_clock_that_went_back_makes_it_begin_anew() -> None:
    judge = Judge(keys(rate=0.05, spike=[0.1, 0.2]), 60.0)
    judge.judge(100.0, 1.0)
    assert judge.judge(100.0, 3.0) == (NOT_EVALUATED, None)


# A plain re-implementation: the whole history at hand, every definition as it reads.

EVERY = 60.0
ALL = keys(
    range=[0.0, 6.0],
    suspect_range=[0.5, 2.5],
    rate=[-0.3, 0.4],
    spike=[0.2, 0.5],
    flat="5 min",
    flat_width=0.01,
    attenuated="10 min",
    attenuated_width=0.06,
)


def model(readings: list[Reading]) -> list[Flag]:
    """Return the last flag of each reading, by looking at all of them at each one."""
    spikes = {i: flag for i in range(len(readings)) if (flag := spike_at(readings, i)) is not None}
    flags = []
    for i in range(len(readings)):
        first = model_first(readings[: i + 1], spikes)
        flag = spikes.get(i)
        flags.append(flag if flag and flag.quality > first.quality else first)
    return flags


def outside(value: float | None) -> bool:
    return value is None or not 0.0 <= value <= 6.0


def spike_at(readings: list[Reading], i: int) -> Flag | None:
    near = readings[max(0, i - 1) : i + 2]
    if not 0 < i < len(readings) - 1 or any(outside(value) for _, value in near):
        return None
    (t0, a), (t1, b), (t2, c) = near
    assert a is not None
    assert b is not None
    assert c is not None
    if t1 - t0 > 105 or t2 - t1 > 105 or (b - a) * (b - c) <= 0:
        return None
    if min(abs(b - a), abs(b - c)) <= 0.2 + 1e-9:
        return None
    return Flag(FAIL if abs(b - (a + c) / 2) > 0.5 + 1e-9 else SUSPECT, "spike")


def model_first(readings: list[Reading], spikes: dict[int, Flag]) -> Flag:
    time, value = readings[-1]
    if value is None:
        return Flag(Quality.MISSING)
    if outside(value):
        return Flag(FAIL, "range")
    known = [
        (t, v)
        for i, (t, v) in enumerate(readings[:-1])
        if v is not None and not outside(v) and i not in spikes
    ]
    if not 0.5 <= value <= 2.5:
        return Flag(SUSPECT, "range")
    if known:
        per_minute = (value - known[-1][1]) / (time - known[-1][0]) * 60
        if not -0.3 - 1e-6 <= per_minute <= 0.4 + 1e-6:
            return Flag(SUSPECT, "rate")
    for span, width, why in ((300.0, 0.01, "flat"), (600.0, 0.06, "attenuated")):
        if still([*known, (time, value)], span, width):
            return Flag(SUSPECT, why)
    return GOOD


def still(known: list[tuple[float, float]], span: float, width: float) -> bool:
    start, values = known[-1][0], [known[-1][1]]
    for later, earlier in pairwise(reversed(known)):
        values.append(earlier[1])
        gap = max(105.0, span / 6)
        if later[0] - earlier[0] > gap or max(values) - min(values) > width + 1e-9:
            break
        start = earlier[0]
    return known[-1][0] - start >= span


@st.composite
def histories(draw: st.DrawFn, least: int = 1) -> list[Reading]:
    luck = draw(st.randoms(use_true_random=False))
    time, level = draw(st.floats(-1e5, 1e9)), 1.0
    readings: list[Reading] = []
    for _ in range(draw(st.integers(least, 80))):
        time += luck.choice([60.0] * 8 + [62.0, 90.0, 120.0, 400.0])
        level += luck.choice([0.0] * 12 + [0.02, -0.02, 0.3, -0.3, 0.7, -0.7])
        spoilt = luck.choice([level] * 20 + [None, -7.0, 99.0, level + 0.25, level + 0.8])
        readings.append((time, spoilt))
    return readings


@given(histories())
def test_it_says_what_a_plain_look_at_the_whole_history_says(readings: list[Reading]) -> None:
    assert verdicts(Judge(ALL, EVERY), readings) == model(readings)


@given(histories(least=40))
def test_one_rebuilt_from_the_newest_stored_readings_goes_on_as_if_nothing_had_happened(
    readings: list[Reading],
) -> None:
    judge = Judge(ALL, EVERY)
    cut = len(readings) - 10
    newest = [each for each in readings[:cut] if each[0] >= readings[cut][0] - judge.reach]
    assume(any(value is not None and not outside(value) for _, value in newest[:-1]))
    rebuilt = Judge(ALL, EVERY)
    verdicts(judge, readings[:cut])
    verdicts(rebuilt, newest)
    for time, value in readings[cut:]:
        assert rebuilt.judge(time, value) == judge.judge(time, value)


LAYOUT = Layout("radar", ("distance", "snr", "level"), ("m", "dB", "m"))


def test_a_round_gets_its_quality_in_one_pass_and_revises_the_round_before() -> None:
    tests = {"distance": keys(range=[0, 6], spike=[0.1, 0.2]), "level": keys(samples=2, over="1 s")}
    judge = SensorJudge(LAYOUT, tests, 60.0)
    rounds = [
        Round(LAYOUT, i, (value, 12.0, None), bytes([2, 3, 9]), {1: "weak-echo", 2: "crc"})
        for i, value in enumerate((1.0, 1.5, 1.0, 9.0))
    ]
    said = [judge.judge(each, each.time * 60.0) for each in rounds]
    assert [each.qualities for each, _ in said] == [bytes([q, 3, 9]) for q in (1, 1, 1, 4)]
    assert said[0][0].reasons == {1: "weak-echo", 2: "crc"}
    assert said[3][0].reasons == {0: "range", 1: "weak-echo", 2: "crc"}
    assert [revised for _, revised in said] == [{}, {}, {0: Flag(FAIL, "spike")}, {}]
    assert all(each.values == before.values for (each, _), before in zip(said, rounds, strict=True))


def test_a_sensor_without_tests_pays_nothing() -> None:
    judge = SensorJudge(LAYOUT, {}, 60.0)
    one = Round(LAYOUT, 0, (1.0, 12.0, 1.0), bytes([2, 2, 2]), {})
    assert judge.judge(one, 0.0) == (one, {})
    assert judge.judge(one, 0.0)[0] is one
    assert judge.reach == 0.0
