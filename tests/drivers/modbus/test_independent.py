"""The driver beside slaves that nobody here wrote: modbus-tk and pymodbus over pseudo-terminals."""

import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import serial
from modbus_tk import defines, modbus_rtu
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus
from drivers.modbus import ModbusConfig, ModbusDriver
from tests.support.ptys import line

pytestmark = pytest.mark.filterwarnings(  # modbus-tk's own
    "ignore:isSet\\(\\) is deprecated:DeprecationWarning"
)

PI = struct.unpack(">2H", struct.pack(">f", 3.14159274))

CHANNELS = {
    "stage": {"register": 0, "type": "int16", "raw_unit": "mm", "unit": "m"},
    "flow": {"register": 1, "type": "float32", "unit": "m3/s"},
    "swapped": {"register": 3, "type": "float32", "order": "CDAB", "unit": "m3/s"},
    "total": {"table": "input", "register": 10, "type": "uint32", "unit": "m3"},
    "pump": {"table": "coil", "register": 3, "type": "bool", "unit": "/"},
    "door": {"table": "discrete", "register": 9, "type": "bool", "unit": "/"},
}
EXPECTED = [-0.123, 3.1415927, 3.1415927, 70000.0, 1.0, 1.0]


def driver(bus: Bus, channels: dict[str, dict[str, object]]) -> ModbusDriver:
    table = {"driver": "modbus", "bus": "b", "address": 5, "every": "1 s", "channel": channels}
    return ModbusDriver(ModbusConfig.model_validate(table), bus)


@asynccontextmanager
async def opened(path: str, **keys: object) -> AsyncIterator[Bus]:
    bus = Bus("b", SerialBus.model_validate({"device": path, "timeout": "1 s", **keys}))
    try:
        yield bus
    finally:
        await bus.close()


@contextmanager
def modbus_tk_slave() -> Iterator[str]:
    with line() as (ours, theirs):
        server = modbus_rtu.RtuServer(serial.Serial(theirs, 115200))
        server.set_timeout(0.02)
        slave = server.add_slave(5)
        for name, kind, first, words in (
            ("h", defines.HOLDING_REGISTERS, 0, [0x10000 - 123, *PI, *reversed(PI)]),
            ("i", defines.ANALOG_INPUTS, 10, [1, 4464]),
            ("c", defines.COILS, 0, [0, 0, 0, 1]),
            ("d", defines.DISCRETE_INPUTS, 8, [0, 1]),
        ):
            slave.add_block(name, kind, first, len(words))
            slave.set_values(name, first, words)
        server.start()
        try:
            yield ours
        finally:
            server.stop()


async def test_a_modbus_tk_slave_on_a_serial_line_is_read_in_all_four_tables() -> None:
    with modbus_tk_slave() as path:
        async with opened(path, baudrate=115200) as bus:
            sensor = driver(bus, CHANNELS)
            for _ in range(3):
                sample = await sensor.read()
                assert (list(sample.values), dict(sample.reasons)) == (EXPECTED, {})


async def test_a_slave_that_refuses_a_hole_is_asked_around_it_from_then_on() -> None:
    with modbus_tk_slave() as path:
        async with opened(path, baudrate=115200) as bus:
            there = {"register": 0, "type": "uint16", "unit": "m"}
            beyond = {"register": 8, "type": "uint16", "unit": "m"}
            sensor = driver(bus, {"there": there, "beyond": beyond})
            for _ in range(2):
                sample = await sensor.read()
                assert sample.values[0] == 0x10000 - 123
                assert dict(sample.reasons) == {1: "exception-2"}
            asked = bus.counts.asked
            await sensor.read()
            assert bus.counts.asked - asked == 2


async def test_an_address_that_nobody_has_is_a_timeout() -> None:
    with modbus_tk_slave() as path:
        async with opened(path, baudrate=115200, timeout="100 ms") as bus:
            table = {"driver": "modbus", "bus": "b", "address": 6, "every": "1 s"}
            channel = {"x": {"register": 0, "type": "uint16", "unit": "m"}}
            other = ModbusDriver(ModbusConfig.model_validate({**table, "channel": channel}), bus)
            with pytest.raises(DeviceError, match="No answer from address 6"):
                await other.read()


async def test_a_pymodbus_server_is_read_in_ascii_framing() -> None:
    with line() as (ours, theirs):
        words = [0x10000 - 123, *PI, *reversed(PI)]
        block = SimData(0, values=words, datatype=DataType.REGISTERS)
        server = ModbusSerialServer(
            SimDevice(5, simdata=block), framer=FramerType.ASCII, port=theirs, baudrate=19200
        )
        await server.serve_forever(background=True)
        try:
            async with opened(ours, framing="ascii", baudrate=19200) as bus:
                holding = {name: CHANNELS[name] for name in ("stage", "flow", "swapped")}
                sample = await driver(bus, holding).read()
                assert list(sample.values) == EXPECTED[:3]
        finally:
            await server.shutdown()
