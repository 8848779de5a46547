"""Many samples, one reading; what is missing or doubted counts against it."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.quality import GOOD, NOT_EVALUATED, Flag, burst
from agent.quality.burst import Statistic
from agent.record import Quality

TIMEOUT = Flag(Quality.MISSING, "timeout")
CRC = Flag(Quality.MISSING, "crc")
WEAK = Flag(Quality.SUSPECT, "weak-echo")
BROKEN = Flag(Quality.FAIL, "status")
TOO_FEW = Flag(Quality.SUSPECT, "samples")

LEVELS = st.lists(st.integers(-5000, 5000).map(lambda mm: mm / 1000), min_size=1, max_size=60)


@given(LEVELS, st.sampled_from(["median", "mean"]))
def test_all_samples_valid(levels: list[float], statistic: Statistic) -> None:
    made = burst([(level, NOT_EVALUATED) for level in levels], statistic)
    expected = statistics.median(levels) if statistic == "median" else statistics.fmean(levels)
    assert made.value == pytest.approx(expected, abs=1e-12)
    assert (made.count, made.low, made.high) == (len(levels), min(levels), max(levels))
    assert made.low <= made.value <= made.high
    assert made.flag == NOT_EVALUATED
    if len(levels) > 1:
        assert made.sd == pytest.approx(statistics.stdev(levels), abs=1e-9)
    else:
        assert made.sd is None


@given(LEVELS, st.integers(-2, 60), st.randoms(use_true_random=False))
def test_half_of_the_samples_or_fewer_make_it_suspect_and_never_change_the_statistic(
    levels: list[float], difference: int, luck: st.randoms
) -> None:
    lost = max(0, len(levels) + difference)
    samples = [(level, NOT_EVALUATED) for level in levels] + [(None, TIMEOUT)] * lost
    luck.shuffle(samples)
    made = burst(samples, "median")
    assert made.value == statistics.median(levels)
    assert made.count == len(levels)
    assert made.flag == (TOO_FEW if lost >= len(levels) else NOT_EVALUATED)


@given(LEVELS, st.data())
def test_a_median_of_more_than_half_is_within_what_the_valid_samples_say(
    levels: list[float], data: st.DataObject
) -> None:
    wild = data.draw(st.lists(st.sampled_from([-1e6, 1e6]), max_size=len(levels) - 1))
    made = burst([(value, NOT_EVALUATED) for value in [*levels, *wild]], "median")
    assert made.value is not None
    assert min(levels) <= made.value <= max(levels)


def test_samples_that_the_instrument_doubts_are_left_out() -> None:
    made = burst([(1.0, GOOD), (5.0, WEAK), (1.2, GOOD), (9.0, BROKEN), (1.1, GOOD)], "mean")
    assert (made.value, made.count, made.flag) == (pytest.approx(1.1), 3, GOOD)


@pytest.mark.parametrize(
    ("samples", "value", "flag"),
    [
        ([(1.0, WEAK), (None, TIMEOUT), (1.2, WEAK)], 1.1, WEAK),
        ([(9.0, BROKEN), (1.0, WEAK)], 1.0, WEAK),
        ([(9.0, BROKEN), (None, CRC)], 9.0, BROKEN),
    ],
)
def test_where_it_doubts_all_the_best_of_them_stand_with_its_word(
    samples: list[tuple[float | None, Flag]], value: float, flag: Flag
) -> None:
    made = burst(samples, "mean")
    assert (made.value, made.flag) == (pytest.approx(value), flag)


def test_no_sample_at_all_is_no_value_with_the_usual_reason() -> None:
    made = burst([(None, CRC), (None, TIMEOUT), (None, TIMEOUT)], "median")
    assert (made.value, made.flag, made.count) == (None, TIMEOUT, 0)
    assert (made.low, made.high, made.sd) == (None, None, None)


def test_the_spread_of_waves_is_that_of_the_sample() -> None:
    made = burst([(1.0, GOOD), (1.2, GOOD)], "mean")
    assert made.sd == pytest.approx(0.1414213562373095)
