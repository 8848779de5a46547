"""Simulated Modbus instruments: the canal's water in registers, over TCP or a pseudo-terminal.

Registers, counted from 0, the same as holding and as input registers: 0 level, mm, uint16; 1 and 2
level, m, float32, high word first; 3 velocity, mm/s, int16; 4 temperature, 0.01 degC, int16.
"""

import asyncio
import os
import struct
import time
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.simulator.canal import canal

_WORDS: Final = 5
_LOOPBACK: Final = "127.0.0.1"


def registers(seed: int, at: float) -> list[int]:
    """Return the registers as they stand at a time, s."""
    water = canal(seed, at)
    packed = struct.pack(
        ">Hfhh",
        round(water.level * 1000),
        water.level,
        round(water.velocity * 1000),
        round(water.temperature * 100),
    )
    return list(struct.unpack(f">{_WORDS}H", packed))


def _device(seed: int, unit: int) -> SimDevice:
    async def refresh(
        _function: int,
        _start: int,
        _address: int,
        _count: int,
        current: list[int],
        _written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        current[:_WORDS] = registers(seed, time.time())
        return None

    block = SimData(0, values=0, count=_WORDS, datatype=DataType.REGISTERS)
    return SimDevice(unit, simdata=block, action=refresh)


def _nobody() -> SimDevice:
    """Return what answers for all other units, as a gateway does: there is no such device."""

    async def absent(*_: object) -> ExcCodes:
        return ExcCodes.GATEWAY_NO_RESPONSE

    block = SimData(0, values=0, count=_WORDS, datatype=DataType.REGISTERS)
    return SimDevice(0, simdata=block, action=absent)


@asynccontextmanager
async def tcp(port: int = 0, seed: int = 0, unit: int = 1) -> AsyncIterator[tuple[str, int]]:
    """Serve Modbus TCP on the loopback interface; yield host and port."""
    devices = [_device(seed, unit), _nobody()]
    server = ModbusTcpServer(devices, address=(_LOOPBACK, port))
    await server.serve_forever(background=True)
    try:
        listening = server.transport
        assert isinstance(listening, asyncio.Server)
        yield _LOOPBACK, listening.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus has no type here


@asynccontextmanager
async def rtu(
    seed: int = 0, unit: int = 1, joined: Callable[[], bool] = lambda: True
) -> AsyncIterator[str]:
    """Serve Modbus RTU on a pseudo-terminal; yield the path to open.

    Where the line isn't ``joined``, what is said on it is lost.
    """
    async with _line(unit, joined) as (ours, theirs):
        server = ModbusSerialServer(_device(seed, unit), framer=FramerType.RTU, port=ours)
        await server.serve_forever(background=True)
        try:
            yield theirs
        finally:
            await server.shutdown()  # type: ignore[no-untyped-call]  # pymodbus has no type here


@asynccontextmanager
async def _line(unit: int, joined: Callable[[], bool]) -> AsyncIterator[tuple[str, str]]:
    """Join two pseudo-terminals to a line; yield the paths of its two ends.

    What is asked of another unit isn't carried: pymodbus's server would answer for it.
    Both ends are held open here too, so that a user may close and open his again.
    """
    loop = asyncio.get_running_loop()
    (near, near_end), (far, far_end) = os.openpty(), os.openpty()
    for end in (near_end, far_end):
        tty.setraw(end)

    def carry(source: int, target: int) -> None:
        said = os.read(source, 1024)
        if joined() and (source == near or said[:1] == bytes([unit])):
            os.write(target, said)

    loop.add_reader(near, carry, near, far)
    loop.add_reader(far, carry, far, near)
    try:
        yield os.ttyname(near_end), os.ttyname(far_end)
    finally:
        loop.remove_reader(near)
        loop.remove_reader(far)
        for descriptor in (near, near_end, far, far_end):
            os.close(descriptor)
