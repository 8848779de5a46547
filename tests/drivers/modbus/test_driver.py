import socket
from collections.abc import Iterator

import pytest
from pyModbusTCP.server import ModbusServer

from agent.acquire import layout_of, round_of
from drivers.base import DeviceError
from drivers.bus import Bus, TcpBus
from drivers.modbus import ModbusConfig, ModbusDriver


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _config(register: int) -> ModbusConfig:
    stage = {"register": register, "type": "int16", "unit": "m", "raw_unit": "mm"}
    return ModbusConfig.model_validate(
        {"driver": "modbus", "every": "1 s", "bus": "b", "address": 1, "channel": {"stage": stage}}
    )


def _bus(port: int) -> Bus:
    return Bus("b", TcpBus.model_validate({"host": "127.0.0.1", "port": port}))


@pytest.fixture
def server() -> Iterator[ModbusServer]:
    server = ModbusServer("127.0.0.1", _port(), no_block=True)
    server.start()
    yield server
    server.stop()


async def test_a_value_of_a_tcp_server_arrives_in_its_published_unit(server: ModbusServer) -> None:
    server.data_bank.set_holding_registers(32, [1234])
    bus = _bus(server.port)
    assert (await ModbusDriver(_config(32), bus).read()).values == [1.234]
    await bus.close()


async def test_a_gateway_that_is_not_there_is_a_device_error() -> None:
    with pytest.raises(DeviceError) as caught:
        await ModbusDriver(_config(0), _bus(_port())).read()
    assert caught.value.reason == "no-connection"


async def test_an_exception_of_the_device_has_its_number(server: ModbusServer) -> None:
    bus = _bus(server.port)
    driver = ModbusDriver(_config(65535), bus)
    bank = server.data_bank
    bank.get_holding_registers = lambda *_, **__: None
    with pytest.raises(DeviceError, match="check the register numbers") as caught:
        await driver.read()
    assert caught.value.reason == "exception-2"
    await bus.close()


async def test_what_a_sleeper_says_first_is_old_and_is_thrown_away(server: ModbusServer) -> None:
    answers = iter([[1000], [1001], [1002], [1003]])
    server.data_bank.get_holding_registers = lambda *_, **__: next(answers)
    bus = _bus(server.port)
    sleepy = _config(0).model_copy(update={"stale_after": 0.2, "settle": 0.01})
    driver = ModbusDriver(sleepy, bus)
    assert list((await driver.read()).values) == [1.001]
    assert list((await driver.read()).values) == [1.002]
    await bus.close()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        pytest.param((0x7FC0, 0), None, id="18 NaN"),
        pytest.param((0x7F80, 0), None, id="18 infinity"),
        pytest.param((0xFFFF, 0xFFFF), None, id="18 all ones"),
        pytest.param((0x4B00, 0), "invalid", id="18 a sentinel"),
    ],
)
async def test_18_what_is_no_value_is_never_one(
    server: ModbusServer, words: tuple[int, int], reason: str | None
) -> None:
    server.data_bank.set_holding_registers(0, list(words))
    bus = _bus(server.port)
    flow = {"register": 0, "type": "float32", "unit": "m3/s", "invalid": [8388608.0]}
    table = {"driver": "modbus", "every": "1 s", "bus": "b", "address": 1}
    config = ModbusConfig.model_validate({**table, "channel": {"flow": flow}})
    sample = await ModbusDriver(config, bus).read()
    layout = layout_of("plc", config.channel_list())
    made = round_of(layout, sample, 1000)
    assert (made.values, made.reasons) == ((None,), {0: reason or "not-finite"})
    await bus.close()


async def test_20_a_value_of_two_registers_is_never_torn_over_two_reads() -> None:
    asked: list[tuple[int, int]] = []
    channels = {
        f"c{number}": {"register": 124 + 2 * number, "type": "uint32", "unit": "m"}
        for number in range(130)
    }
    table = {"driver": "modbus", "every": "1 s", "bus": "b", "address": 1, "channel": channels}
    for request in ModbusConfig.model_validate(table).blocks:
        asked.append((request.start, request.count))
        for channel in channels.values():
            first = int(str(channel["register"]))
            within = request.start <= first < request.start + request.count
            assert not within or first + 2 <= request.start + request.count
    assert sum(count for _, count in asked) == 260
