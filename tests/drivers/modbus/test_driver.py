import socket
from collections.abc import Iterator

import pytest
from pyModbusTCP.server import ModbusServer

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
