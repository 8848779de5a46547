import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient

from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus, TcpBus
from drivers.modbus.device import Device
from drivers.simulator import instruments

_COMMAND = [sys.executable, "-c", "from agent.cli.simulate import simulate; simulate()"]


@contextmanager
def simulated(kind: str, sign: signal.Signals) -> Iterator[str]:
    with subprocess.Popen([*_COMMAND, kind], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
            process.send_signal(sign)
            assert process.wait(5) == 0
        finally:
            process.kill()


def check(client: ModbusTcpClient | ModbusSerialClient) -> None:
    assert client.connect()
    for read in (client.read_holding_registers, client.read_input_registers):
        answer = read(0, count=5, device_id=1).registers
        metres = client.convert_from_registers(answer[1:3], client.DATATYPE.FLOAT32)
        assert answer[0] / 1000 == pytest.approx(metres, abs=0.001)
        assert 0.7 < metres < 1.7
        assert 1000 < answer[4] < 2200
    assert client.read_holding_registers(2, count=2, device_id=1).registers[1] == pytest.approx(
        800, abs=400
    )
    client.close()


def test_a_tcp_instrument_answers_where_it_says_and_ends_when_told() -> None:
    with simulated("tcp", signal.SIGTERM) as address:
        host, port = address.split(":")
        assert host == "127.0.0.1"
        check(ModbusTcpClient(host, port=int(port)))


def test_an_rtu_instrument_answers_where_it_says_each_time_it_is_opened() -> None:
    with simulated("rtu", signal.SIGINT) as path:
        check(ModbusSerialClient(path, baudrate=19200))
        check(ModbusSerialClient(path, baudrate=19200))


def test_a_port_in_use_is_refused_with_a_sentence() -> None:
    with simulated("tcp", signal.SIGTERM) as address:
        port = address.split(":")[1]
        second = [*_COMMAND, "tcp", "--port", port]
        ended = subprocess.run(second, capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: Port {port} can't be served: another program may have it. Take another; 0 takes a "
        "free one.\n"
    )


async def test_a_simulated_instrument_answers_for_itself_alone() -> None:
    async with instruments.rtu(unit=3) as path:
        line = Bus("line", SerialBus.model_validate({"device": path, "timeout": "300 ms"}))
        with pytest.raises(DeviceError, match="No answer from address 2"):
            await Device(line, 2).read("holding", 0, 1)
        assert len(await Device(line, 3).read("holding", 0, 1)) == 2
        await line.close()
    async with instruments.tcp(unit=3) as (host, port):
        gateway = Bus("gateway", TcpBus.model_validate({"host": host, "port": port}))
        with pytest.raises(DeviceError, match="exception 11"):
            await Device(gateway, 2).read("holding", 0, 1)
        assert len(await Device(gateway, 3).read("holding", 0, 1)) == 2
        await gateway.close()
