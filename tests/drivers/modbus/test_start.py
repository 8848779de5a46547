"""What a device says of itself, and the settings that its map depends on."""

import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pyModbusTCP.server import DataBank, ModbusServer
from structlog.testing import capture_logs

from drivers.bus import Bus, TcpBus
from drivers.modbus import ModbusConfig, ModbusDriver

SENSOR = {"driver": "modbus", "every": "1 s", "bus": "b", "address": 1}
STAGE = {"register": 0, "type": "uint16", "unit": "m", "raw_unit": "mm"}
UNIT = {"register": 60, "units": {"0": "mm", "1": "cm"}}


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def running() -> Iterator[ModbusServer]:
    server = ModbusServer("127.0.0.1", _port(), no_block=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running: ModbusServer) -> ModbusServer:
    """Return the server as a device of its own, with zeros in all registers."""
    running.data_bank = running.data_hdl.data_bank = DataBank()
    return running


@pytest.fixture
async def bus(server: ModbusServer) -> AsyncIterator[Bus]:
    bus = Bus("b", TcpBus.model_validate({"host": "127.0.0.1", "port": server.port}))
    yield bus
    await bus.close()


def driver(bus: Bus, **keys: Any) -> ModbusDriver:
    return ModbusDriver(ModbusConfig.model_validate({**SENSOR, **keys}), bus)


def refuse(server: ModbusServer, refused: range) -> list[tuple[int, int]]:
    """Let the server have no such registers; return what it will be asked."""
    bank, asked = server.data_bank, []
    answer = bank.get_holding_registers

    def get(address: int, number: int = 1, *rest: Any) -> list[int] | None:
        asked.append((address, number))
        within = set(refused) & set(range(address, address + number))
        return None if within else answer(address, number, *rest)

    bank.get_holding_registers = get
    return asked


async def test_a_text_and_a_number_become_facts_and_no_readings(
    server: ModbusServer, bus: Bus
) -> None:
    server.data_bank.set_holding_registers(10, [0x5431, 0x2D37, 0x2000, 0x4142])
    server.data_bank.set_holding_registers(20, [451])
    channels = {
        "stage": STAGE,
        "serial_number": {"register": 10, "type": "string", "length": 8},
        "firmware": {"register": 20, "type": "uint16", "about": True},
    }
    made = driver(bus, channel=channels)
    assert made.about() == {}
    assert (await made.read()).values == [0.0]
    assert made.about() == {"serial_number": "T1-7", "firmware": "451"}


async def test_the_model_is_a_fact(bus: Bus) -> None:
    assert driver(bus, model="geolux-lx80").about() == {"model": "geolux-lx80"}


@pytest.mark.parametrize(
    ("keys", "words", "text"),
    [
        ({"order": "BADC", "length": 4}, [0x4241, 0x4443], "ABCD"),
        ({"length": 3}, [0x4142, 0x4344], "ABC"),
        ({"length": 4}, [0xC384, 0x2020], "Ä"),
        ({"length": 4}, [0xFF41, 0x0742], "\N{REPLACEMENT CHARACTER}AB"),
    ],
)
async def test_a_text_is_what_can_be_read_of_it(
    server: ModbusServer, bus: Bus, keys: dict[str, object], words: list[int], text: str
) -> None:
    server.data_bank.set_holding_registers(10, words)
    name = {"register": 10, "type": "string", **keys}
    made = driver(bus, channel={"stage": STAGE, "name": name})
    await made.read()
    assert made.about() == {"name": text}


async def test_facts_are_asked_for_once(server: ModbusServer, bus: Bus) -> None:
    name = {"register": 50, "type": "string", "length": 2}
    made = driver(bus, channel={"stage": STAGE, "name": name})
    asked = refuse(server, range(0))
    await made.read()
    await made.read()
    assert asked == [(50, 1), (0, 1), (0, 1)]


async def test_a_fact_that_the_device_refuses_costs_no_reading(
    server: ModbusServer, bus: Bus
) -> None:
    server.data_bank.set_holding_registers(50, [0x4142])
    names = {
        "a": {"register": 50, "type": "string", "length": 2},
        "b": {"register": 52, "type": "string", "length": 2},
    }
    made = driver(bus, channel={"stage": STAGE, **names})
    refuse(server, range(51, 60))
    assert (await made.read()).values == [0.0]
    assert made.about() == {"a": "AB"}


async def test_a_device_set_to_another_unit_gives_no_values_until_it_is_set_right(
    server: ModbusServer, bus: Bus
) -> None:
    server.data_bank.set_holding_registers(0, [1234])
    server.data_bank.set_holding_registers(60, [1])
    made = driver(bus, channel={"stage": STAGE}, check={"unit": UNIT})
    sample = await made.read()
    assert (sample.values, sample.reasons) == ([None], {0: "unit"})
    server.data_bank.set_holding_registers(60, [0])
    sample = await made.read()
    assert (sample.values, sample.reasons) == ([1.234], {})


async def test_a_wrong_setting_is_told_once_with_what_to_do(server: ModbusServer, bus: Bus) -> None:
    server.data_bank.set_holding_registers(60, [1])
    made = driver(bus, channel={"stage": STAGE}, check={"unit": UNIT})
    with capture_logs() as logs:
        await made.read()
        await made.read()
    (said,) = (line for line in logs if line["event"] == "device set otherwise")
    assert said["channel"] == "stage"
    assert said["why"].startswith("The device measures in cm, the configuration says mm")


async def test_a_check_concerns_its_channels_alone(server: ModbusServer, bus: Bus) -> None:
    server.data_bank.set_holding_registers(0, [1234, 17])
    server.data_bank.set_holding_registers(60, [7])
    air = {"register": 1, "type": "uint16", "unit": "Cel"}
    mode = {"register": 60, "accepted": [0], "sentence": "Asleep.", "channels": ["air"]}
    made = driver(bus, channel={"stage": STAGE, "air": air}, check={"mode": mode})
    sample = await made.read()
    assert (sample.values, sample.reasons) == ([1.234, None], {1: "mode"})


@pytest.mark.parametrize("words", [[45, 0], [0, 45]])
async def test_a_number_of_unknown_word_order_is_accepted_either_way(
    server: ModbusServer, bus: Bus, words: list[int]
) -> None:
    server.data_bank.set_holding_registers(60, words)
    unit = {"register": 60, "type": "uint32", "order": "any", "units": {"45": "mm"}}
    made = driver(bus, channel={"stage": STAGE}, check={"unit": unit})
    assert (await made.read()).values == [0.0]


async def test_a_check_that_the_device_refuses_costs_no_reading(
    server: ModbusServer, bus: Bus
) -> None:
    made = driver(bus, channel={"stage": STAGE}, check={"unit": UNIT})
    refuse(server, range(60, 61))
    assert (await made.read()).values == [0.0]
