"""What `aryk scan` and `aryk address` ask for."""

import pytest

from drivers.base import DeviceError
from drivers.bus import Bus
from drivers.sdi12 import Identity, Instrument, find
from tests.support.sdi12 import Adapter, Sensor
from tests.support.terminal import Terminal


async def test_a_sensor_says_what_it_is(terminal: Terminal, bus: Bus) -> None:
    Adapter(terminal, [Sensor("a")]).serve()
    identity = await Instrument(bus, "a").identify()
    assert identity == Identity("a", "1.3", "ARYK", "GAUGE", "1.0", "0001")


@pytest.mark.parametrize("echo", [False, True])
async def test_a_sensor_acknowledges_and_another_address_does_not(
    terminal: Terminal, bus: Bus, echo: bool
) -> None:
    Adapter(terminal, [Sensor("Z")], echo=echo).serve()
    await Instrument(bus, "Z").acknowledge()
    with pytest.raises(DeviceError) as caught:
        await Instrument(bus, "z").acknowledge()
    assert caught.value.reason == "timeout"


async def test_the_only_sensor_is_found(terminal: Terminal, bus: Bus) -> None:
    Adapter(terminal, [Sensor("7")]).serve()
    assert await find(bus) == "7"


async def test_two_sensors_that_speak_at_once_are_not_taken_for_one(
    terminal: Terminal, bus: Bus
) -> None:
    sensors = [Sensor("7"), Sensor("8")]
    Adapter(terminal, sensors, spoil=lambda *_: b"\x37\x3f\x8d\x0a").serve()
    with pytest.raises(DeviceError) as caught:
        await find(bus)
    assert caught.value.reason == "garbled"


async def test_an_address_is_changed_and_read_back(terminal: Terminal, bus: Bus) -> None:
    sensor = Sensor("0")
    Adapter(terminal, [sensor], echo=True).serve()
    await Instrument(bus, "0").readdress("5")
    assert sensor.address == "5"
    await Instrument(bus, "5").acknowledge()


async def test_a_change_that_is_not_confirmed_is_an_error(terminal: Terminal, bus: Bus) -> None:
    Adapter(terminal, [Sensor("0")], echo=True, spoil=lambda *_: b"0\r\n").serve()
    with pytest.raises(DeviceError):
        await Instrument(bus, "0").readdress("5")
