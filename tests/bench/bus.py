"""``make bench``, the bus: transactions beside pymodbus's client, the wire's limit, the read plan.

Every figure is a ratio of two things measured in this run, in turn, on the same server.
"""

import asyncio
import multiprocessing
import os
import random
import socket
import statistics
import struct
import sys
import threading
import time
import tty
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from pymodbus.client import AsyncModbusTcpClient

from drivers.bus import Bus, SerialBus, TcpBus
from drivers.modbus.device import Device
from drivers.modbus.framing import crc
from drivers.modbus.plan import HOLE, Extent, plan

REGISTERS = 40
TRANSACTIONS = 4000
ROUNDS = 5

Spent = tuple[float, float]


def _answer(connection: socket.socket) -> None:
    """Answer any read of registers at once, with as little work as can be."""
    while request := connection.recv(512):
        count = request[11]
        head = request[:4] + struct.pack(">HBBB", 2 * count + 3, request[6], request[7], 2 * count)
        connection.sendall(head + bytes(2 * count))


def _serve(port: "multiprocessing.Queue[int]", core: int) -> None:
    os.sched_setaffinity(0, {core})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port.put(listener.getsockname()[1])
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


@contextmanager
def _server(core: int) -> Iterator[int]:
    queue: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_serve, args=(queue, core), daemon=True)
    process.start()
    try:
        yield queue.get(timeout=10)
    finally:
        process.kill()
        process.join()


async def _timed(transaction: Callable[[], Awaitable[object]], callers: int) -> Spent:
    """Return wall and CPU seconds of all transactions, by so many callers that share the wire."""

    async def caller(count: int) -> None:
        for _ in range(count):
            await transaction()

    async def all_callers(count: int) -> None:
        await asyncio.gather(*(caller(count // callers) for _ in range(callers)))

    await all_callers(200)
    wall, cpu = time.perf_counter(), time.process_time()
    await all_callers(TRANSACTIONS)
    return time.perf_counter() - wall, time.process_time() - cpu


async def _beside_pymodbus(port: int, callers: int) -> tuple[float, float, float]:
    """Return the medians of: how many times as fast, share of the CPU, our transactions a s."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    bus = Bus("bench", TcpBus.model_validate({"host": "127.0.0.1", "port": port}))
    device = Device(bus, 1)

    def ours() -> Awaitable[object]:
        return device.read("holding", 0, REGISTERS)

    def theirs() -> Awaitable[object]:
        return client.read_holding_registers(0, count=REGISTERS, device_id=1)

    pairs = []
    for _ in range(ROUNDS):
        a, b = await _timed(ours, callers), await _timed(theirs, callers)
        pairs.append((b[0] / a[0], a[1] / b[1], TRANSACTIONS / a[0]))
    await bus.close()
    client.close()
    faster, cheaper, rate = zip(*pairs, strict=True)
    return statistics.median(faster), statistics.median(cheaper), statistics.median(rate)


class _Paced:
    """A slave on a pseudo-terminal that takes the time a real line would take, each way."""

    def __init__(self, baudrate: int) -> None:
        self.character = 10 / baudrate
        self.master, self.end = os.openpty()
        tty.setraw(self.end)
        self.path = os.ttyname(self.end)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self.master, 256)
            except OSError:
                return
            now = time.perf_counter()
            count = int.from_bytes(request[4:6])
            body = request[:2] + bytes([2 * count]) + bytes(2 * count)
            frame = body + crc(body)
            self._until(now + (len(request) + len(frame)) * self.character)
            os.write(self.master, frame)

    @staticmethod
    def _until(at: float) -> None:
        while (left := at - time.perf_counter()) > 0:
            if left > 0.002:
                time.sleep(left - 0.002)

    def close(self) -> None:
        for fd in (self.end, self.master):
            os.close(fd)


async def _share_of_the_wire(baudrate: int) -> float:
    """Return the time that the bytes and silences need, of the time that was taken."""
    slave = _Paced(baudrate)
    bus = Bus("bench", SerialBus.model_validate({"device": slave.path, "baudrate": baudrate}))
    device = Device(bus, 1)
    config = bus.config
    assert isinstance(config, SerialBus)
    sent = received = exchanges = 0

    def tap(direction: str, data: bytes) -> None:
        nonlocal sent, received, exchanges
        if direction == ">":
            sent, exchanges = sent + len(data), exchanges + 1
        else:
            received += len(data)

    await device.read("holding", 0, REGISTERS)
    bus.tap = tap
    began = time.perf_counter()
    while time.perf_counter() - began < 3.0:
        await device.read("holding", 0, REGISTERS)
    taken = time.perf_counter() - began
    await bus.close()
    slave.close()
    return ((sent + received) * config.character + exchanges * config.silence) / taken


def _requests() -> tuple[int, int]:
    """Return how many requests 200 scattered values need, merged and one each."""
    dice = random.Random(42)
    starts = sorted(dice.sample(range(0, 4000, 2), 200))
    extents = [Extent("holding", start, 2) for start in starts]
    return len(plan(extents, hole=HOLE)), len(extents)


def main() -> None:
    """Print the figures of the bus."""
    cores = sorted(os.sched_getaffinity(0))
    for name, ours, theirs in (
        ("both ends on one core", cores[0], cores[0]),
        ("each end on a core of its own", cores[0], cores[-1]),
    ):
        os.sched_setaffinity(0, {ours})
        for callers in (1, 10):
            with _server(theirs) as port:
                faster, cheaper, rate = asyncio.run(_beside_pymodbus(port, callers))
            print(
                f"Modbus TCP, {REGISTERS} registers, {name}, {callers} sensors on the wire: "
                f"{faster:.2f} x as fast as pymodbus's client, {cheaper:.2f} of its CPU "
                f"({rate:,.0f} transactions a second)"
            )
    os.sched_setaffinity(0, set(cores))
    for baudrate in (9600, 115200):
        share = asyncio.run(_share_of_the_wire(baudrate))
        print(
            f"RTU at {baudrate} baud, {REGISTERS} registers: {share:.1%} of what the wire carries"
        )
    merged, single = _requests()
    print(f"200 values of 2 registers scattered over 4,000: {merged} requests instead of {single}")


if __name__ == "__main__":
    sys.exit(main())
