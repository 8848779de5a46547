"""Volume: trapezoids over real time, gaps, days, seasons, restarts."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.hydraulics import Reading, Row
from agent.hydraulics.registers import VolumeState
from agent.hydraulics.volume import Volume
from agent.record import Quality
from tests.support.hydraulics import FAIL, GOOD, MISSING, SUSPECT

BISHKEK = ZoneInfo("Asia/Bishkek")
ALMATY = ZoneInfo("Asia/Almaty")
NAMES = ["total", "covered", "day", "day covered", "season", "season covered"]
MINUTE = 60_000
HOUR = 60 * MINUTE
START = round(datetime(2026, 7, 12, 4, 0, tzinfo=UTC).timestamp() * 1000)  # 10:00 in Bishkek


def volume(**keys: Any) -> Volume:
    return Volume.model_validate({"method": "volume", **keys})


def readings(flows: Iterable[float | None], every: int = HOUR, start: int = START) -> list[Reading]:
    return [
        Reading(start + number * every, flow, MISSING if flow is None else GOOD)
        for number, flow in enumerate(flows)
    ]


def run(
    method: Volume,
    given_readings: Iterable[Reading],
    state: VolumeState | None = None,
    zone: Any = BISHKEK,
) -> tuple[VolumeState | None, list[Row]]:
    rows: list[Row] = []
    for reading in given_readings:
        state, more = method.step(state, reading, zone)
        rows += more
    return state, rows


def said(row: Row) -> dict[str, float | None]:
    return {name: result.value for name, result in zip(NAMES, row.results, strict=True)}


def local(row: Row, zone: Any = BISHKEK) -> str:
    return datetime.fromtimestamp(row.time / 1000, zone).strftime("%m-%d %H:%M")


def exact(readings: Sequence[Reading], max_gap: int) -> tuple[Fraction, int]:
    """Return volume and covered time in exact arithmetic, for discharges that aren't negative."""
    flows = [(r.time, Fraction(r.value)) for r in readings if r.value is not None]
    total, covered = Fraction(0), 0
    for (t0, q0), (t1, q1) in pairwise(flows):
        if t1 - t0 <= max_gap:
            total += (q0 + q1) / 2 * (t1 - t0) / 1000
            covered += t1 - t0
    return total, covered


steps = st.integers(1_000, 3 * HOUR)
flows = st.one_of(st.floats(0.0, 500.0), st.none())
series = st.lists(st.tuples(steps, flows), min_size=2, max_size=60)


def of(series: Sequence[tuple[int, float | None]]) -> list[Reading]:
    time, made = START, []
    for step, flow in series:
        time += step
        made.append(Reading(time, flow, MISSING if flow is None else GOOD))
    return made


def test_a_steady_discharge_is_its_volume() -> None:
    _, rows = run(volume(), readings([2.0] * 4))
    assert [said(row)["total"] for row in rows] == [0.0, 7200.0, 14400.0, 21600.0]
    assert {said(row)["covered"] for row in rows} == {1.0}


def test_it_begins_with_what_it_is_given() -> None:
    _, rows = run(volume(initial=1e6), readings([1.0, 1.0]))
    assert [said(row)["total"] for row in rows] == [1e6, 1e6 + 3600]


@given(series)
def test_volume_and_coverage_are_those_of_exact_arithmetic(
    series: list[tuple[int, float | None]],
) -> None:
    given_readings = of(series)
    state, rows = run(volume(max_gap="1 h"), given_readings)
    total, covered = exact(given_readings, HOUR)
    if state is None:
        assert all(said(row)["total"] is None for row in rows)
        return
    assert state.total.volume == pytest.approx(float(total), rel=1e-12)
    assert state.total.covered == covered
    began = next(r.time for r in given_readings if r.value is not None)
    last = rows[-1]
    if last.results[0].value is not None and last.time > began:
        assert said(last)["covered"] == covered / (last.time - began)


@given(series, st.data())
def test_it_does_not_depend_on_where_it_is_cut_into_restarts(
    series: list[tuple[int, float | None]], data: st.DataObject
) -> None:
    method, given_readings = volume(), of(series)
    whole, all_rows = run(method, given_readings)
    state, rows, position = None, [], 0
    while position < len(given_readings):
        many = data.draw(st.integers(1, len(given_readings)))
        again = data.draw(st.integers(0, position))  # read again after a power cut
        part = given_readings[position - again : position + many]
        state, more = run(method, part, state)
        known = {row.time for row in rows}
        rows += [row for row in more if row.time not in known]
        text = None if state is None else state.model_dump_json()
        state = None if text is None else VolumeState.model_validate_json(text)
        position += many
    assert state == whole
    assert rows == all_rows


@given(series, st.integers(2, 7))
def test_more_points_on_a_straight_line_change_nothing(
    series: list[tuple[int, float | None]], parts: int
) -> None:
    coarse = [reading for reading in of(series) if reading.value is not None]
    fine: list[Reading] = []
    for before, after in pairwise(coarse):
        assert before.value is not None
        assert after.value is not None
        fine.append(before)
        if after.time - before.time > HOUR:
            continue
        for number in range(1, parts):
            time = before.time + (after.time - before.time) * number // parts
            share = (time - before.time) / (after.time - before.time)
            fine.append(Reading(time, before.value + (after.value - before.value) * share, GOOD))
    fine += coarse[-1:]
    by_coarse, _ = run(volume(), coarse)
    by_fine, _ = run(volume(), fine)
    if by_coarse is None or by_fine is None:
        assert by_coarse is by_fine
        return
    for name in ("total", "day", "season"):
        one, other = getattr(by_coarse, name), getattr(by_fine, name)
        assert (one.since, one.covered) == (other.since, other.covered)
        assert one.volume == pytest.approx(other.volume, rel=1e-9, abs=1e-6)


@given(st.lists(st.tuples(steps, st.floats(-50.0, 500.0)), min_size=2, max_size=60))
def test_a_volume_never_falls_even_where_water_flows_back(
    series: list[tuple[int, float | None]],
) -> None:
    _, rows = run(volume(), of(series))
    totals = [row.results[0].value or 0.0 for row in rows]
    assert totals == sorted(totals)


@given(series)
def test_the_days_add_up_to_the_total(series: list[tuple[int, float | None]]) -> None:
    state, rows = run(volume(day_start="08:00"), of(series))
    if state is None:
        return
    ends = [row for row in rows if row.time % (24 * HOUR) == 2 * HOUR and row.results[2].value]
    ended = sum(row.results[2].value or 0.0 for row in ends if row.time < state.until)
    assert ended + state.day.volume == pytest.approx(state.total.volume, rel=1e-12)


def test_water_that_turns_counts_up_to_where_it_turns() -> None:
    state, _ = run(volume(), readings([1.0, -1.0, -1.0, 1.0]))
    assert state is not None
    assert state.total.volume == pytest.approx(2 * 1800 * 0.5)
    assert state.total.covered == 3 * HOUR


def test_a_gap_longer_than_the_limit_is_uncovered_time_and_no_volume() -> None:
    given_readings = readings([2.0, 2.0, None, None, 2.0, 2.0])
    _, rows = run(volume(max_gap="1 h"), given_readings)
    assert said(rows[-1])["total"] == 2 * 7200.0
    assert said(rows[-1])["covered"] == 2 / 5
    _, rows = run(volume(max_gap="3 h"), given_readings)
    assert said(rows[-1])["total"] == 5 * 7200.0
    assert said(rows[-1])["covered"] == 1.0


def test_a_reading_that_failed_a_test_is_none() -> None:
    first, second, third = readings([2.0, 900.0, 2.0])
    failed = Reading(second.time, second.value, FAIL)
    state, rows = run(volume(max_gap="2 h"), [first, failed, third])
    assert state is not None
    assert state.total.volume == 4 * 3600.0
    assert [result.why for result in rows[1].results] == ["input"] * 6
    assert all(result.value is None for result in rows[1].results)


@pytest.mark.parametrize("absurd", [1e7, -1e7, 1e300])
def test_a_discharge_of_no_river_on_earth_is_none(absurd: float) -> None:
    state, _ = run(volume(), readings([1.0, absurd]))
    assert state is not None
    assert state.total.volume == 0.0
    limited, _ = run(volume(limits=[0.0, 12.0]), readings([1.0, 12.1, 1.0]))
    assert limited is not None
    assert limited.total.covered == 0


def test_the_end_of_a_day_has_its_row_even_where_no_reading_stands() -> None:
    # 23:30 and 00:30 in Bishkek: half an hour to each day
    late = START + 13 * HOUR + 30 * MINUTE
    _, rows = run(volume(), readings([2.0, 2.0], start=late))
    assert [local(row) for row in rows] == ["07-12 23:30", "07-13 00:00", "07-13 00:30"]
    assert [said(row)["day"] for row in rows] == [0.0, 3600.0, 3600.0]
    assert said(rows[1])["day covered"] == pytest.approx(0.5 / 24)
    assert said(rows[2])["day covered"] == 1.0


def test_a_reading_at_the_end_of_a_day_ends_it() -> None:
    state, rows = run(volume(), readings([2.0] * 3, start=START + 13 * HOUR))
    assert [local(row) for row in rows] == ["07-12 23:00", "07-13 00:00", "07-13 01:00"]
    assert [said(row)["day"] for row in rows] == [0.0, 7200.0, 7200.0]
    assert state is not None
    assert state.total.volume == 14400.0


def test_a_day_is_ended_when_its_gap_is_too_long_to_be_bridged() -> None:
    # the last reading at 22:00; power comes back three days later
    first, later = START + 12 * HOUR, START + 3 * 24 * HOUR
    given_readings = [*readings([2.0] * 2, start=first - HOUR), *readings([2.0] * 2, start=later)]
    _, rows = run(volume(), given_readings)
    assert [local(row) for row in rows[2:]] == ["07-13 00:00", "07-15 10:00", "07-15 11:00"]
    ended, _, last = rows[2:]
    assert said(ended) | {"season covered": None, "covered": None} == {
        "total": 7200.0,
        "covered": None,
        "day": 7200.0,
        "day covered": pytest.approx(1 / 24),
        "season": 7200.0,
        "season covered": None,
    }
    assert said(last)["day"] == 7200.0
    assert said(last)["day covered"] == pytest.approx(1 / 11)
    assert said(last)["total"] == 14400.0


def test_while_the_sensor_is_dead_each_day_ends_with_what_was_covered() -> None:
    dead = readings([2.0] * 2 + [None] * 70)
    state, rows = run(volume(), dead)
    ends = [row for row in rows if row.results[2].value is not None][2:]
    assert [local(row) for row in ends] == ["07-13 00:00", "07-14 00:00", "07-15 00:00"]
    assert [said(row)["day"] for row in ends] == [7200.0, 0.0, 0.0]
    assert [said(row)["day covered"] for row in ends] == [pytest.approx(1 / 24), 0.0, 0.0]
    assert {said(row)["total"] for row in ends} == {7200.0}
    again, more = run(volume(), dead, state)
    assert (again, more) == (state, [])


def test_a_day_lasts_25_hours_where_the_zone_changes() -> None:
    # Almaty went from +06 to +05 at 2024-02-29T18:00Z, so that its 29 February had 25 h
    start = round(datetime(2024, 2, 28, 18, tzinfo=UTC).timestamp() * 1000)
    _, rows = run(volume(), readings([1.0] * 30, start=start), zone=ALMATY)
    (end,) = (row for row in rows if local(row, ALMATY) == "03-01 00:00")
    assert said(end)["day"] == 25 * 3600.0
    assert said(end)["day covered"] == 1.0


def test_a_day_may_begin_at_the_hydrologists_hour() -> None:
    _, rows = run(volume(day_start="08:00"), readings([1.0] * 24))
    (end,) = (row for row in rows if local(row) == "07-13 08:00")
    assert said(end)["day"] == 22 * 3600.0
    assert said(end)["day covered"] == pytest.approx(22 / 24)


def test_a_season_begins_anew_on_its_day_at_the_days_hour() -> None:
    start = round(datetime(2027, 3, 31, 18, tzinfo=UTC).timestamp() * 1000)  # 1 April, 00:00
    flowing = readings([1.0] * 5, start=start - 2 * HOUR)
    _, rows = run(volume(), flowing)
    assert [said(row)["season"] for row in rows] == [0.0, 3600.0, 7200.0, 3600.0, 7200.0]
    _, rows = run(volume(day_start="01:00"), flowing)
    assert [said(row)["season"] for row in rows] == [0.0, 3600.0, 7200.0, 10800.0, 3600.0]
    assert said(rows[-1])["season covered"] == 1.0


def test_the_total_is_as_good_as_its_last_piece_the_day_as_the_worst_in_it() -> None:
    qualities = [GOOD, Quality.NOT_EVALUATED, SUSPECT, GOOD, GOOD]
    given_readings = [
        Reading(reading.time, reading.value, quality)
        for reading, quality in zip(readings([1.0] * 5), qualities, strict=True)
    ]
    _, rows = run(volume(), given_readings)
    assert [row.results[0].quality for row in rows] == [1, 2, 3, 3, 1]
    assert [row.results[2].quality for row in rows] == [1, 2, 3, 3, 3]
    assert rows[-1].results[2].why == "input"
    assert {row.results[1].quality for row in rows} == {GOOD}


def test_a_clock_that_was_set_neither_loses_nor_doubles_water() -> None:
    method = volume()
    for by in (3 * HOUR, -3 * HOUR, 400 * 24 * HOUR, -30 * 365 * 24 * HOUR):
        state, _ = run(method, readings([2.0] * 5))
        assert state is not None
        moved = method.moved(state, by, BISHKEK)
        after, rows = run(method, readings([2.0] * 2, start=START + by + 5 * HOUR), moved)
        assert after is not None
        assert after.total.volume == 6 * 7200.0
        assert said(rows[-1])["covered"] == 1.0
        assert after.day.volume <= after.total.volume


def test_a_reading_before_the_last_changes_nothing() -> None:
    method = volume()
    state, _ = run(method, readings([2.0] * 3))
    assert method.step(state, Reading(START + HOUR, 99.0, GOOD), BISHKEK) == (state, [])
    assert method.step(state, Reading(START + 2 * HOUR, 99.0, GOOD), BISHKEK) == (state, [])


def test_a_small_stream_beside_a_large_total_is_not_swallowed() -> None:
    # a litre a second added to a total of 1e9 m3, a minute each
    state, _ = run(volume(initial=1e9), readings([0.001] * 3_000, every=MINUTE))
    assert state is not None
    assert state.total.volume - 1e9 == pytest.approx(0.06 * 2_999, rel=1e-5)
    assert state.total.covered == 2_999 * MINUTE


@pytest.mark.parametrize(
    "keys",
    [
        {"day_start": "24:00"},
        {"day_start": "8:00"},
        {"season_start": "02-29"},
        {"season_start": "13-01"},
        {"season_start": 401},
        {"max_gap": "0 s"},
        {"initial": -1.0},
    ],
)
def test_keys_that_mean_nothing_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        volume(**keys)


def test_its_outputs_are_named_after_the_channel() -> None:
    assert [(output.suffix, output.unit) for output in Volume.outputs] == [
        ("", "m3"),
        ("_covered", "/"),
        ("_day", "m3"),
        ("_day_covered", "/"),
        ("_season", "m3"),
        ("_season_covered", "/"),
    ]


@given(st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)), st.integers(0, 23))  # noqa: DTZ001
def test_days_follow_each_other_without_holes_in_any_zone(moment: datetime, hour: int) -> None:
    for zone in ("Asia/Almaty", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "UTC"):
        calendar = volume(day_start=f"{hour:02}:30")._calendar(ZoneInfo(zone))
        at = round(moment.replace(tzinfo=UTC).timestamp() * 1000)
        begin, end = calendar.day(at), calendar.next_day(at)
        assert begin <= at < end
        assert calendar.day(end - 1) == begin
        assert calendar.day(end) == end
        assert timedelta(milliseconds=end - begin) in {
            timedelta(hours=h) for h in (22, 23, 24, 25, 26, 47, 48, 49)
        }
        assert calendar.season(at) <= at


def test_an_end_of_day_that_may_still_be_bridged_waits_for_the_next_reading() -> None:
    late = START + 13 * HOUR + 30 * MINUTE
    given_readings = readings([2.0, None, None, 2.0], every=30 * MINUTE, start=late)
    _, rows = run(volume(max_gap="2 h"), given_readings)
    assert [local(row) for row in rows] == [
        "07-12 23:30",
        "07-13 00:30",
        "07-13 00:00",
        "07-13 01:00",
    ]
    assert [said(row)["day"] for row in rows] == [0.0, None, 3600.0, 7200.0]


def test_a_day_that_the_clock_goes_back_out_of_is_the_same_day() -> None:
    # St John's set its clocks back at 00:01 on 1 November 2009, to 23:01 of 31 October
    calendar = volume()._calendar(ZoneInfo("America/St_Johns"))
    midnight = round(datetime(2009, 11, 1, 2, 30, tzinfo=UTC).timestamp() * 1000)
    assert calendar.day(midnight - 1) == midnight - 24 * HOUR
    assert calendar.day(midnight + 15 * MINUTE) == midnight
    assert calendar.next_day(midnight + 15 * MINUTE) == midnight + 25 * HOUR
