"""The driver over a real line, with an adapter and sensors at its far end, fault by fault."""

import asyncio
from typing import Any

import pytest

from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus
from drivers.sdi12 import Sdi12Config, Sdi12Driver
from drivers.sdi12.framing import crc
from tests.support.sdi12 import Adapter, Sensor, Spoil
from tests.support.terminal import Terminal
from tests.support.waiting import until

COMMANDS = ["M", "M1", "M9", "C", "C5", "R0", "R9"]


def adapter(terminal: Terminal, *sensors: Sensor, **keys: Any) -> Adapter:
    made = Adapter(terminal, list(sensors) or [Sensor()], **keys)
    made.serve()
    return made


def driver(bus: Bus, count: int = 2, **keys: Any) -> Sdi12Driver:
    channel = {f"c{i}": {"position": i, "unit": "m"} for i in range(1, count + 1)}
    table = {"driver": "sdi12", "every": "1 min", "bus": "sdi", "address": "0"}
    return Sdi12Driver(Sdi12Config.model_validate({"channel": channel, **table, **keys}), bus)


async def failure(driver: Sdi12Driver) -> str:
    with pytest.raises(DeviceError) as caught:
        await driver.read()
    return caught.value.reason


@pytest.mark.parametrize("crc", [False, True])
@pytest.mark.parametrize("command", COMMANDS)
async def test_each_command_gives_its_own_values(
    terminal: Terminal, bus: Bus, command: str, crc: bool
) -> None:
    measured = {each: ["+9", "+9"] for each in COMMANDS} | {command: ["+3.14", "-2.5"]}
    sent = adapter(terminal, Sensor(values=measured)).commands
    assert (await driver(bus, command=command, crc=crc).read()).values == [3.14, -2.5]
    variant = command[0] + "C" * crc + command[1:]
    assert sent == [f"0{variant}", *([] if command[0] == "R" else ["0D0"])]


async def test_a_verification_gives_values_too(terminal: Terminal, bus: Bus) -> None:
    adapter(terminal, Sensor(values={"V": ["+1", "+2"]}))
    assert (await driver(bus, command="V").read()).values == [1.0, 2.0]


async def test_values_are_fetched_until_all_announced_are_there(
    terminal: Terminal, bus: Bus
) -> None:
    values = [f"+{i}.12345" for i in range(1, 10)]
    sent = adapter(terminal, Sensor(values={"M": values})).commands
    sample = await driver(bus, count=9).read()
    assert sample.values == [i + 0.12345 for i in range(1, 10)]
    assert sent == ["0M", "0D0", "0D1", "0D2"]


async def test_a_service_request_ends_the_wait(terminal: Terminal, bus: Bus) -> None:
    sensor = Sensor(seconds={"M": 60}, early=0.05)
    adapter(terminal, sensor)
    async with asyncio.timeout(20):
        assert (await driver(bus).read()).values == [3.14, -2.5]


async def test_a_sensor_that_never_asks_for_service_is_asked_when_its_time_is_over(
    terminal: Terminal, bus: Bus
) -> None:
    adapter(terminal, Sensor(seconds={"M": 1}))
    began = asyncio.get_running_loop().time()
    sample = await driver(bus).read()
    assert sample.values == [3.14, -2.5]
    assert began + 0.5 <= sample.at <= asyncio.get_running_loop().time()  # while it measured


async def test_nobody_comes_between_a_measurement_and_its_values(
    terminal: Terminal, bus: Bus
) -> None:
    sent = adapter(
        terminal,
        Sensor(seconds={"M": 60}, early=0.2),
        Sensor("1", {"R0": ["+7", "+8"]}),
    ).commands
    one, other = driver(bus), driver(bus, address="1", command="R0")
    first = asyncio.create_task(one.read())
    await asyncio.sleep(0)
    assert (await other.read()).values == [7.0, 8.0]
    assert (await first).values == [3.14, -2.5]
    assert sent == ["0M", "0D0", "1R0"]


async def test_others_have_the_wire_while_a_sensor_measures_beside_them(
    terminal: Terminal, bus: Bus
) -> None:
    sent = adapter(
        terminal,
        Sensor(values={"C": ["+3.14", "-2.5"]}, seconds={"C": 1}),
        Sensor("1", {"R0": ["+7", "+8"]}),
    ).commands
    one, other = driver(bus, command="C"), driver(bus, address="1", command="R0")
    first = asyncio.create_task(one.read())
    await asyncio.sleep(0)
    assert (await other.read()).values == [7.0, 8.0]
    assert (await first).values == [3.14, -2.5]
    assert sent == ["0C", "1R0", "0D0"]


async def test_a_channel_may_come_from_another_command(terminal: Terminal, bus: Bus) -> None:
    sent = adapter(terminal, Sensor(values={"M": ["+1.5"], "R1": ["+12.6"]})).commands
    channel = {
        "level": {"position": 1, "unit": "m"},
        "battery": {"position": 1, "unit": "V", "command": "R1"},
    }
    assert (await driver(bus, channel=channel).read()).values == [1.5, 12.6]
    assert sent == ["0M", "0D0", "0R1"]


async def test_a_command_that_fails_costs_only_its_own_channels(
    terminal: Terminal, bus: Bus
) -> None:
    adapter(terminal, Sensor(values={"M": ["+1.5"]}))
    channel = {
        "level": {"position": 1, "unit": "m"},
        "battery": {"position": 1, "unit": "V", "command": "C1"},
    }
    sample = await driver(bus, channel=channel).read()
    assert sample.values == [1.5, None]
    assert sample.reasons == {1: "no-data"}


async def test_units_scales_and_sentinels_are_applied_exactly(terminal: Terminal, bus: Bus) -> None:
    adapter(terminal, Sensor(values={"M": ["+101.325", "+0.10", "-9999.0", "+7"]}))
    channel = {
        "pressure": {"position": 1, "raw_unit": "kPa", "unit": "Pa"},
        "depth": {"position": 2, "unit": "m", "scale": 3.0, "offset": 0.1},
        "temperature": {"position": 3, "unit": "Cel", "invalid": [-9999]},
        "snr": {"position": 5, "unit": "dB"},
    }
    sample = await driver(bus, channel=channel).read()
    assert sample.values == [101325.0, 0.4, None, None]
    assert sample.reasons == {2: "invalid", 3: "no-position"}


# Faults 1 to 17, as far as they can happen on an SDI-12 line.


async def test_a_silent_sensor_is_no_value_and_comes_back(terminal: Terminal, bus: Bus) -> None:
    line = adapter(terminal, spoil=lambda *_: None)
    one = driver(bus)
    assert await failure(one) == "timeout"
    line.spoil = lambda _, answer: answer
    assert (await one.read()).values == [3.14, -2.5]


async def test_a_late_answer_is_never_given_to_the_next_command(terminal: Terminal) -> None:
    table = {"device": terminal.path, "framing": "sdi12", "timeout": "50 ms", "late": "500 ms"}
    bus = Bus("sdi", SerialBus.model_validate(table))
    late = 0.05 + bus.config.wire_time(4, 81) + 0.1

    def spoil(command: str, answer: bytes) -> bytes | None:
        if command != "0R0":
            return answer
        terminal.later(late, answer)
        return None

    adapter(terminal, Sensor(values={"R0": ["+1", "+1"], "R1": ["+2", "+2"]}), spoil=spoil)
    assert await failure(driver(bus, command="R0")) == "timeout"
    assert (await driver(bus, command="R1").read()).values == [2.0, 2.0]
    assert bus.counts.answered == 1
    await bus.close()


async def test_a_cancelled_read_leaves_nothing_for_the_next(terminal: Terminal, bus: Bus) -> None:
    def slow(_: str, answer: bytes) -> None:
        terminal.later(0.1, answer)

    sent = adapter(
        terminal, Sensor(values={"R0": ["+1", "+1"], "R1": ["+2", "+2"]}), spoil=slow
    ).commands
    first = asyncio.create_task(driver(bus, command="R0").read())
    await until(lambda: bool(sent))
    first.cancel()
    assert (await driver(bus, command="R1").read()).values == [2.0, 2.0]


async def test_noise_around_an_answer_does_not_cost_the_reading(
    terminal: Terminal, bus: Bus
) -> None:
    adapter(terminal, spoil=lambda _, answer: b"\x00\xff" + answer + b"\x00\x07")
    assert (await driver(bus).read()).values == [3.14, -2.5]


async def test_an_answer_in_pieces_is_whole(terminal: Terminal, bus: Bus) -> None:
    def pieces(_: str, answer: bytes) -> None:
        for number, byte in enumerate(answer):
            terminal.later(0.005 * number, bytes([byte]))

    adapter(terminal, spoil=pieces)
    assert (await driver(bus).read()).values == [3.14, -2.5]


async def test_a_wrong_checksum_is_asked_for_once_more(terminal: Terminal, bus: Bus) -> None:
    line = adapter(terminal)
    spoilt: list[str] = []

    def once(command: str, answer: bytes) -> bytes:
        if command == "0D0" and not spoilt:
            spoilt.append(command)
            return answer.replace(b"3.14", b"9.99")
        return answer

    line.spoil = once
    assert (await driver(bus, crc=True).read()).values == [3.14, -2.5]
    assert line.commands == ["0MC", "0D0", "0D0"]


WRONG = {
    b"0+3.1": "short",
    b"\xb0\x2b\xb3\xae\xb1\xb4\x8d\x8a": "garbled",
    b"+0" * 2000: "garbled",
    b"1+3.14-2.5\r\n": "timeout",
    b"0+3,14-2,5\r\n": "parse",
    b"0+3.14-2.5+1\r\n": "count",
    b"0+3.14\r\n": "count",
    b"0\r\n": "aborted",
}
WRONG_CHECKED = {
    b"0+3.14-2.5\r\n": "crc",
    b"0+9.99-2.5" + crc(b"0+3.14-2.5") + b"\r\n": "crc",
    b"0" + crc(b"0") + b"\r\n": "aborted",
}


def saying(said: bytes) -> Spoil:
    """Have the first data command answered so, and the others by nothing."""

    def spoil(command: str, answer: bytes) -> bytes:
        if command == "0D0":
            return said
        return b"0\r\n" if command.startswith("0D") else answer

    return spoil


@pytest.mark.parametrize(("wrong", "crc"), [(WRONG, False), (WRONG_CHECKED, True)])
async def test_a_wrong_answer_is_no_value(wrong: dict[bytes, str], crc: bool) -> None:
    async def trial(said: bytes) -> str:
        with Terminal() as terminal:
            adapter(terminal, spoil=saying(said))
            table = {"device": terminal.path, "framing": "sdi12", "timeout": "150 ms"}
            bus = Bus("sdi", SerialBus.model_validate(table))
            reason = await failure(driver(bus, crc=crc))
            await bus.close()
            return reason

    reasons = await asyncio.gather(*map(trial, wrong))
    assert dict(zip(wrong, reasons, strict=True)) == wrong


async def test_a_service_request_that_comes_late_is_no_aborted_measurement(
    terminal: Terminal, bus: Bus
) -> None:
    late = [b"0\r\n"]

    def spoil(command: str, answer: bytes) -> bytes:
        return late.pop() + answer if command == "0D0" and late else answer

    adapter(terminal, spoil=spoil)
    assert (await driver(bus).read()).values == [3.14, -2.5]


async def test_an_answer_that_comes_twice_is_taken_once(terminal: Terminal, bus: Bus) -> None:
    def twice(_: str, answer: bytes) -> bytes:
        terminal.later(0.01, answer)
        return answer

    values = [f"+{i}.12345" for i in range(1, 9)]
    adapter(terminal, Sensor(values={"M": values}), spoil=twice)
    assert (await driver(bus, count=8).read()).values == [i + 0.12345 for i in range(1, 9)]


async def test_the_adapters_echo_is_taken_off(terminal: Terminal, bus: Bus) -> None:
    adapter(terminal, echo=True)
    assert (await driver(bus).read()).values == [3.14, -2.5]


async def test_the_adapters_echo_alone_is_no_answer(terminal: Terminal, bus: Bus) -> None:
    adapter(terminal, echo=True, spoil=lambda *_: None)
    assert await failure(driver(bus)) == "timeout"


async def test_a_sensor_with_nothing_to_give_says_so(terminal: Terminal, bus: Bus) -> None:
    sent = adapter(terminal).commands
    assert await failure(driver(bus, command="M7")) == "no-data"
    assert sent == ["0M7"]
