import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.base import DeviceError, Sample
from drivers.simulator import SimulatorConfig, SimulatorDriver
from drivers.simulator.canal import canal


def driver(**keys: object) -> SimulatorDriver:
    table = {"driver": "simulator", "every": "1 min", "pace": "fast"} | keys
    return SimulatorDriver(SimulatorConfig.model_validate(table), None)


async def levels(count: int, **keys: object) -> list[float | None]:
    one, found = driver(**keys), []
    for _ in range(count):
        try:
            found.append((await one.read()).values[0])
        except DeviceError:
            found.append(None)
    return found


def fault(kind: str, **keys: object) -> dict[str, object]:
    return {"f": {"kind": kind, "every": "10 min", "lasts": "3 min"} | keys}


@given(seed=st.integers(0, 1000), time=st.floats(0, 1e10))
def test_the_water_is_a_canal_s_at_any_time(seed: int, time: float) -> None:
    water = canal(seed, time)
    assert water == canal(seed, time)
    assert 0.7 < water.level < 1.7
    assert 0.4 < water.velocity < 1.3
    assert 10 < water.temperature < 22


async def test_a_seed_repeats_its_run_and_another_seed_does_not() -> None:
    assert await levels(50, seed=7) == await levels(50, seed=7)
    assert await levels(50, seed=7) != await levels(50, seed=8)


async def test_silence_lasts_as_long_as_asked_and_ends() -> None:
    found = await levels(20, fault=fault("silent"))
    assert [i for i, level in enumerate(found) if level is None] == [10, 11, 12]


async def test_silence_is_a_timeout() -> None:
    one = driver(fault=fault("silent", every="1 min"))
    await one.read()
    with pytest.raises(DeviceError) as caught:
        await one.read()
    assert caught.value.reason == "timeout"


async def test_a_frozen_instrument_repeats_its_value() -> None:
    found = await levels(20, fault=fault("frozen"))
    assert found[10] == found[11] == found[12] != found[13]


@pytest.mark.parametrize(("kind", "errors"), [("step", [5, 5, 5]), ("drift", [0, 5 / 3, 10 / 3])])
async def test_a_fault_is_off_by_its_size_and_only_while_it_lasts(
    kind: str, errors: list[float]
) -> None:
    right = await levels(20)
    wrong = await levels(20, fault=fault(kind, size=5.0))
    off = [w - r for w, r in zip(wrong, right, strict=True) if w is not None and r is not None]
    assert off == pytest.approx([0] * 10 + errors + [0] * 7)


async def test_spikes_are_rare_where_they_are_asked_to_be_and_repeat() -> None:
    keys = {"fault": fault("spike", size=5.0, lasts="10 min", probability=0.2)}
    right, wrong = await levels(200), await levels(200, **keys)
    struck = sum(w != r for w, r in zip(wrong, right, strict=True))
    assert 15 < struck < 70
    assert wrong == await levels(200, **keys)


def test_an_unknown_key_of_a_fault_is_refused() -> None:
    with pytest.raises(ValidationError, match="siez"):
        driver(fault=fault("step", siez=1.0))


async def test_a_real_pace_follows_the_loop_s_clock() -> None:
    one = driver(pace="real")
    first, second = await one.read(), await one.read()
    assert isinstance(first, Sample)
    assert second.at > first.at
