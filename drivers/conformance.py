"""The contract of :mod:`drivers.base`, as tests that every registered driver must pass.

Run with ``pytest --pyargs drivers.conformance``; ``-k <driver>`` for one. Each driver is tried on
its own bench, see :mod:`drivers.bench`; a driver without one fails.
"""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.base import DeviceError, Driver, Sample, SensorConfig
from drivers.bench import GROUP, Bench, MakeBench
from drivers.units import PRIMARY

_BOUND: Final = 15.0
"""s within which a read must end, one way or the other."""

each_driver = pytest.mark.parametrize("name", registry.names())


def _bench(name: str) -> MakeBench:
    for point in entry_points(group=GROUP, name=name):
        made: MakeBench = point.load()
        return made
    pytest.fail(f"The driver {name!r} has no bench: register one under {GROUP}.")


def _config(name: str, bench: Bench) -> SensorConfig:
    return registry.load(name).Config.model_validate(dict(bench.config))


def _on_bench(name: str, trial: Callable[[Driver, Bench], Awaitable[None]]) -> None:
    """Make the driver on its bench, try it, close it; nothing of it may be left."""

    async def run() -> None:
        before = _open(), asyncio.all_tasks()
        async with _bench(name)() as bench:
            driver = registry.load(name)(_config(name, bench), bench.bus)
            try:
                await trial(driver, bench)
            finally:
                await driver.close()
        await asyncio.sleep(0)  # what was closed is let go of in the loop's next turn
        assert (_open(), asyncio.all_tasks()) == before, "a file or a task is left behind"

    asyncio.run(run())


def _open() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def _read(driver: Driver) -> Sample:
    async with asyncio.timeout(_BOUND):
        return await driver.read()


def _check(sample: Sample, config: SensorConfig) -> None:
    assert len(sample.values) == len(config.channel_list())
    missing = {index for index, value in enumerate(sample.values) if value is None}
    assert set(sample.reasons) == missing
    assert all(sample.reasons.values())
    assert all(0 <= index < len(sample.values) for index in sample.flags)
    assert all(
        quality == 1 if not why else quality in (3, 4) for quality, why in sample.flags.values()
    )


@each_driver
def test_its_channels_have_unique_names_and_published_units(name: str) -> None:
    """A channel's name is its identity; its unit is a primary SenML unit."""

    async def run() -> None:
        async with _bench(name)() as bench:
            channels = _config(name, bench).channel_list()
        assert channels
        assert len({channel.name for channel in channels}) == len(channels)
        assert {channel.unit for channel in channels} <= PRIMARY

    asyncio.run(run())


@each_driver
def test_an_unknown_key_is_refused(name: str) -> None:
    """A mistyped key must never pass in silence."""

    async def run() -> None:
        async with _bench(name)() as bench:
            config = {**bench.config, "no_such_key": 1}
        with pytest.raises(ValidationError, match="no_such_key"):
            registry.load(name).Config.model_validate(config)

    asyncio.run(run())


@each_driver
def test_making_it_opens_nothing_and_closing_twice_is_allowed(name: str) -> None:
    """A dead device never stops a station from starting."""

    async def run() -> None:
        async with _bench(name)() as bench:
            before = _open(), asyncio.all_tasks()
            driver = registry.load(name)(_config(name, bench), bench.bus)
            assert (_open(), asyncio.all_tasks()) == before
            await driver.close()
            await driver.close()

    asyncio.run(run())


@each_driver
def test_a_sample_has_a_value_or_a_reason_for_each_channel(name: str) -> None:
    """Columns in the order of the channels, stamped with the loop's time."""

    async def trial(driver: Driver, bench: Bench) -> None:
        began = asyncio.get_running_loop().time()
        sample = await _read(driver)
        assert began <= sample.at <= asyncio.get_running_loop().time()
        _check(sample, _config(name, bench))

    _on_bench(name, trial)


@each_driver
def test_a_cancelled_read_spoils_nothing(name: str) -> None:
    """The read after a cancelled one is right."""

    async def trial(driver: Driver, bench: Bench) -> None:
        task = asyncio.create_task(driver.read())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        _check(await _read(driver), _config(name, bench))

    _on_bench(name, trial)


@each_driver
def test_silence_is_a_device_error_and_ends(name: str) -> None:
    """A silent device is an error of the one family, or reasons; then it comes back."""

    async def trial(driver: Driver, bench: Bench) -> None:
        if bench.silence is None or bench.revive is None:
            pytest.skip("nothing outside can silence it")
        await _read(driver)
        bench.silence()
        try:
            silent = await _read(driver)
            assert all(value is None for value in silent.values)
        except DeviceError as error:
            assert error.reason  # noqa: PT017 - either way of saying it is allowed
        bench.revive()
        _check(await _back(driver), _config(name, bench))

    _on_bench(name, trial)


async def _back(driver: Driver) -> Sample:
    async with asyncio.timeout(_BOUND):
        while True:
            try:
                sample = await driver.read()
            except DeviceError:
                await asyncio.sleep(0.1)
                continue
            if any(value is not None for value in sample.values):
                return sample
