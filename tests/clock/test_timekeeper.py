"""T2 to T4, faults 73 to 79: the right time for everything, as soon as anybody knows it."""

from datetime import UTC, datetime
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.clock import Happening, Restamp, Slept, Stamp, Step, Timekeeper
from tests.support.machine import Machine

BUILT = 1_790_000_000.0
KNOWN = 1_799_000_000.0
HOUR, DAY, YEAR = 3600.0, 86400.0, 365.25 * 86400.0
TEN_YEARS = 10 * YEAR


def keeper(*, known: float = KNOWN, battery: bool = False) -> Timekeeper:
    return Timekeeper(known=known, built=BUILT, battery=battery)


def steps(happenings: list[Happening]) -> list[Happening]:
    return [each for each in happenings if isinstance(each, Step)]


def restamps(happenings: list[Happening]) -> list[Happening]:
    return [each for each in happenings if isinstance(each, Restamp)]


def run(
    watch: Timekeeper, machine: Machine, seconds: float, every: float = 60.0
) -> list[Happening]:
    """Let time pass, looking at the clocks now and then."""
    happenings: list[Happening] = []
    end = machine.boot + seconds
    while machine.boot < end:
        happenings += watch.observe(machine.after(min(every, end - machine.boot)))
    return happenings


def right(machine: Machine, boot: float, tu: float | None = None) -> Stamp:
    return Stamp(round((machine.booted + boot) * 1000), tu, doubtful=False)


def since_1970(machine: Machine) -> float:
    """Return the error of a clock that began in 1970 at boot."""
    return -machine.booted


def test_while_the_clock_is_set_a_reading_has_its_time_at_once() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, 600)
    assert watch.stamp(599.5) == right(machine, 599.5)
    assert watch.stamp(machine.boot + 0.5) == right(machine, machine.boot + 0.5)


@pytest.mark.parametrize("begins", ["1970", "last saved"])
def test_fault_73_readings_wait_and_get_their_time_when_the_clock_is_set(begins: str) -> None:
    watch, machine = keeper(), Machine()
    machine.error = since_1970(machine) if begins == "1970" else KNOWN - machine.booted
    run(watch, machine, 300)
    assert watch.stamp(42.0) is None
    assert not watch.was_set
    machine.error, machine.sync = 0.0, "set"
    happenings = watch.observe(machine.after(10))
    assert happenings[-1] == Restamp(0.0, 310.0)
    assert watch.stamp(42.0) == right(machine, 42.0, tu=pytest.approx(0.01 + 500e-6 * 268))
    assert watch.was_set


def test_a_quarter_of_an_hour_after_boot_the_waiting_ends_with_the_best_estimate() -> None:
    watch, machine = keeper(), Machine()
    assert run(watch, machine, 899.0) == []
    assert watch.observe(machine.after(1)) == [Restamp(0.0, 900.0)]
    assert watch.stamp(42.0) == Stamp(round((KNOWN + 42.0) * 1000), TEN_YEARS, doubtful=True)
    machine.sync = "set"
    assert watch.observe(machine.after(1)) == [Restamp(0.0, 901.0)]
    assert watch.stamp(42.0) == right(machine, 42.0, tu=pytest.approx(0.01 + 500e-6 * 859))


def test_no_time_is_before_the_software_was_built() -> None:
    watch, machine = keeper(known=0.0), Machine()
    machine.error, machine.sync = since_1970(machine), "set"  # NTP's own fault
    run(watch, machine, 1000)
    assert watch.stamp(0.0) == Stamp(round(BUILT * 1000), TEN_YEARS, doubtful=True)
    assert not watch.was_set


@pytest.mark.parametrize("step", [3 * HOUR, -3 * HOUR, 400 * DAY, -30 * YEAR])
@pytest.mark.parametrize("battery", [False, True])
def test_fault_74_a_step_in_operation_is_an_event_with_both_times(
    step: float, battery: bool
) -> None:
    watch, machine = keeper(battery=battery), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.error = step
    (event,) = steps(watch.observe(machine.after(1)))
    assert isinstance(event, Step)
    assert event == (pytest.approx(machine.truth), pytest.approx(machine.truth + step))


@pytest.mark.parametrize("step", [3 * HOUR, -3 * HOUR, 400 * DAY, -30 * YEAR])
def test_fault_74_a_clock_set_by_hand_is_no_longer_trusted_and_the_right_time_goes_on(
    step: float,
) -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.error, machine.sync = step, "unset"  # the kernel says so after each settime
    happenings = run(watch, machine, HOUR)
    assert len(steps(happenings)) == 1
    assert restamps(happenings) == []
    drifted = pytest.approx(0.01 + 500e-6 * (machine.boot - DAY))
    assert watch.stamp(machine.boot) == right(machine, machine.boot, tu=drifted)
    machine.error, machine.sync = 0.0, "set"
    assert restamps(run(watch, machine, HOUR)) == []
    assert watch.stamp(machine.boot) == right(machine, machine.boot)


def test_fault_75_never_set_for_a_week_and_several_boots_keeps_the_order_and_gives_bounds() -> None:
    known, last = KNOWN, 0
    for boot in range(5):
        watch, machine = keeper(known=known), Machine(booted=1_800_000_000.0 + boot * 2 * DAY)
        machine.error = since_1970(machine)
        run(watch, machine, 1.4 * DAY, every=HOUR)
        for at in (1.0, 5.0, DAY):
            stamp = watch.stamp(at)
            assert stamp is not None
            assert stamp.doubtful
            assert last < stamp.time
            truth = (machine.booted + at) * 1000
            assert stamp.tu is not None
            assert stamp.time <= truth <= stamp.time + stamp.tu * 1000
            last = stamp.time
        known = last / 1000


def test_fault_76_a_wrong_ntp_time_is_corrected_to_the_right_one_when_that_has_stood() -> None:
    watch, machine = keeper(), Machine()
    run(watch, machine, 300)
    machine.error, machine.sync = 3 * HOUR, "set"
    happenings = run(watch, machine, 300)
    assert restamps(happenings) == [Restamp(0.0, 360.0)]
    assert watch.stamp(42.0) == right(machine, 42.0 + 3 * HOUR, tu=pytest.approx(0.169))
    machine.error = 0.0
    assert restamps(run(watch, machine, 900)) == []
    assert watch.stamp(700.0) == Stamp(
        round((machine.booted + 700.0) * 1000), pytest.approx(3 * HOUR), doubtful=True
    )
    assert restamps(run(watch, machine, 120)) == [Restamp(0.0, 1560.0)]
    assert watch.stamp(42.0) == right(machine, 42.0, tu=pytest.approx(0.01 + 500e-6 * 618))
    assert watch.stamp(500.0) == right(machine, 500.0, tu=pytest.approx(0.01 + 500e-6 * 160))
    assert watch.stamp(700.0) == right(machine, 700.0)


def test_a_wrong_time_that_passes_soon_touches_nothing_but_what_was_taken_in_it() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.error = 3 * HOUR
    assert restamps(run(watch, machine, 600)) == []
    flagged = watch.stamp(DAY + 300)
    assert flagged is not None
    assert flagged.doubtful
    assert flagged.tu == pytest.approx(3 * HOUR)
    machine.error = 0.0
    assert restamps(run(watch, machine, HOUR)) == [Restamp(DAY + 60, DAY + 660)]
    assert watch.stamp(DAY + 300) == right(machine, DAY + 300)
    assert watch.stamp(10.0) == right(machine, 10.0, tu=pytest.approx(0.01 + 500e-6 * 3590))


def test_a_third_time_takes_the_place_of_one_that_didnt_stand() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.error = 3 * HOUR
    run(watch, machine, 600)
    machine.error = 5 * HOUR
    assert restamps(run(watch, machine, 60)) == [Restamp(DAY + 60, DAY + 660)]
    assert restamps(run(watch, machine, 900)) == [Restamp(0.0, DAY + 1560)]
    assert watch.stamp(10.0) is not None
    assert watch.stamp(DAY) == right(machine, DAY + 5 * HOUR, tu=pytest.approx(0.34))


def test_a_new_time_that_is_still_being_set_right_is_proven_all_the_same() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.error = 3 * HOUR
    run(watch, machine, 600)
    machine.error += 0.5
    told = restamps(run(watch, machine, 420))
    assert told == [Restamp(DAY + 60, DAY + 660), Restamp(0.0, DAY + 960)]
    assert watch.stamp(DAY) == right(machine, DAY + machine.error, tu=pytest.approx(0.04))


def test_a_wrong_time_that_gives_way_to_one_that_fits_the_time_before_is_over() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.error = 3 * HOUR
    run(watch, machine, 600)
    machine.error = 1.0
    assert restamps(run(watch, machine, 60)) == [Restamp(DAY + 60, DAY + 660)]
    assert watch.stamp(machine.boot) == right(machine, machine.boot + 1.0)


def test_a_new_time_touches_nothing_that_it_doesnt_refute() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.sync = "unset"
    run(watch, machine, DAY, every=HOUR)
    machine.error, machine.sync = 30.0, "set"  # no more than what it may have drifted
    run(watch, machine, HOUR)
    machine.error = 0.0
    assert restamps(run(watch, machine, HOUR)) == [Restamp(2 * DAY + 60, 2 * DAY + HOUR + 960)]


@pytest.mark.parametrize("step", [1.0, -1.0])
def test_fault_77_a_leap_second_makes_nothing_wrong_that_was_taken_before_it(step: float) -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    before = watch.stamp(DAY - 10)
    machine.error = step
    happenings = run(watch, machine, DAY, every=HOUR)
    assert len(steps(happenings)) == 1
    assert restamps(happenings) == []
    assert watch.stamp(DAY - 10) == before
    assert watch.stamp(machine.boot) == right(machine, machine.boot + step)


def test_fault_78_a_clock_in_2040_that_was_never_set_is_neither_believed_nor_trusted() -> None:
    watch, machine = keeper(), Machine()
    machine.error = datetime(2040, 1, 1, tzinfo=UTC).timestamp() - machine.booted
    run(watch, machine, HOUR)
    assert not watch.was_set
    stamp = watch.stamp(machine.boot)
    assert stamp is not None
    assert stamp.time == round((KNOWN + machine.boot) * 1000)


def test_fault_79_a_suspended_machine_loses_no_time_and_says_for_how_long_it_slept() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, 600)
    machine.slept = 2 * HOUR
    assert watch.observe(machine.after(2 * HOUR + 1)) == [Slept(pytest.approx(2 * HOUR))]
    assert watch.stamp(machine.boot) == right(machine, machine.boot)


def test_drift_while_the_link_was_down_for_days_refutes_nothing() -> None:
    watch, machine = keeper(), Machine(sync="set")
    run(watch, machine, DAY, every=HOUR)
    machine.sync = "unset"
    run(watch, machine, 10 * DAY, every=HOUR)
    assert watch.stamp(machine.boot) == right(machine, machine.boot, tu=pytest.approx(0.01 + 432.0))
    machine.error, machine.sync = 60.0, "set"  # what the clock had lost is set right again
    happenings = run(watch, machine, HOUR)
    assert restamps(happenings) == []
    assert watch.stamp(machine.boot) == right(machine, machine.boot + 60.0)


def test_a_battery_clock_is_trusted_from_the_start_unless_it_is_older_than_the_software() -> None:
    watch, machine = keeper(battery=True), Machine()
    assert watch.observe(machine.after(5)) == [Restamp(0.0, 5.0)]
    assert watch.stamp(5.0) == right(machine, 5.0)
    watch, machine = keeper(battery=True), Machine()
    machine.error = datetime(2000, 1, 1, tzinfo=UTC).timestamp() - machine.booted
    assert watch.observe(machine.after(5)) == []
    assert watch.stamp(5.0) is None


def test_time_that_is_before_the_last_known_one_is_an_event() -> None:
    watch, machine = keeper(known=1_800_000_500.0), Machine(sync="set")
    assert watch.observe(machine.after(5)) == [
        Step(1_800_000_500.0, 1_800_000_005.0),
        Restamp(0.0, 5.0),
    ]


def test_where_nobody_can_ask_the_kernel_a_later_wall_clock_is_the_best_estimate() -> None:
    watch, machine = keeper(), Machine(sync="unknown")
    run(watch, machine, 1000)
    assert watch.stamp(42.0) == Stamp(
        round((machine.booted + 42.0) * 1000), TEN_YEARS, doubtful=True
    )
    machine.error = -2 * YEAR
    run(watch, machine, 60)
    assert watch.stamp(machine.boot) == Stamp(
        round((KNOWN + machine.boot) * 1000), TEN_YEARS, doubtful=True
    )
    assert not watch.was_set


def test_a_next_process_in_the_same_boot_goes_on_where_this_one_stopped() -> None:
    watch, machine = keeper(), Machine()
    run(watch, machine, 300)
    machine.sync = "set"
    run(watch, machine, 300)
    following = Timekeeper(known=KNOWN, built=BUILT, segments=watch.segments)
    assert run(following, machine, 300) == []
    assert following.stamp(42.0) == watch.stamp(42.0)


def test_a_clock_that_is_stepped_all_the_time_costs_no_memory() -> None:
    watch, machine = keeper(), Machine(sync="set")
    for _ in range(300):
        machine.error += 0.5
        run(watch, machine, 60)
    assert len(watch.segments) == 100
    assert watch.stamp(machine.boot) == right(machine, machine.boot + machine.error)


# Laws, through random lives of a machine.

Act = tuple[float, float, Literal["set", "unset", "unknown"]]

ACTS = st.lists(
    st.tuples(
        st.sampled_from([1.0, 60.0, 60.0, 400.0, 1000.0, HOUR, DAY]),
        st.sampled_from([0.0, 0.0, 0.0, 1.0, 3 * HOUR, -3 * HOUR, 400 * DAY, -30 * YEAR]),
        st.sampled_from(["set", "set", "set", "unset", "unknown"]),
    ),
    max_size=25,
)


@given(ACTS, st.booleans())
def test_what_has_another_time_than_before_is_always_told(acts: list[Act], battery: bool) -> None:
    watch, machine = keeper(battery=battery), Machine()
    told: dict[float, int | None] = {}
    for seconds, machine.error, machine.sync in acts:
        for each in watch.observe(machine.after(seconds)):
            if isinstance(each, Restamp):
                for boot in told:
                    if each.start <= boot < each.stop:
                        told[boot] = stamp.time if (stamp := watch.stamp(boot)) else None
        stamp = watch.stamp(machine.boot)
        told[machine.boot] = stamp.time if stamp else None
    for boot, time in told.items():
        stamp = watch.stamp(boot)
        assert (stamp.time if stamp else None) == time


@given(ACTS, st.booleans())
def test_a_right_clock_that_stands_long_enough_makes_everything_right(
    acts: list[Act], battery: bool
) -> None:
    watch, machine = keeper(battery=battery), Machine()
    taken = []
    for seconds, machine.error, machine.sync in acts:
        watch.observe(machine.after(seconds))
        taken.append(machine.boot)
    machine.error, machine.sync = 0.0, "set"
    run(watch, machine, HOUR)
    run(watch, machine, HOUR)
    for boot in taken:
        stamp = watch.stamp(boot)
        assert stamp is not None
        assert not stamp.doubtful
        off = abs(stamp.time / 1000 - (machine.booted + boot))
        assert off <= 2.0 + (stamp.tu or 0.0) + 500e-6 * machine.boot


@given(ACTS, st.booleans())
def test_nothing_waits_longer_than_a_quarter_of_an_hour_or_is_older_than_the_software(
    acts: list[Act], battery: bool
) -> None:
    watch, machine = keeper(battery=battery), Machine()
    for seconds, machine.error, machine.sync in acts:
        watch.observe(machine.after(seconds))
        stamp = watch.stamp(machine.boot)
        assert (stamp is not None) or (machine.boot < 900.0)
        assert stamp is None or stamp.time >= BUILT * 1000
