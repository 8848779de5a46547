import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import aiomqtt

from agent.board import Board
from agent.config.model import Broker, Station
from agent.mqtt.publisher import Publisher
from agent.record import Layout, Round, Stored

LAYOUT = Layout("radar", ("distance",), ("m",))


class Memory:
    def __init__(self, count: int) -> None:
        self.count, self.at = count, 1
        self.end = count + 1

    async def read(self, place: int, readings: int) -> list[Stored]:
        numbers = range(place, min(place + readings, self.count + 1))
        return [
            Stored("chu-01", "k3f7q2xa", n, Round(LAYOUT, 1_795_466_700_000, (1.5,), b"\1", {}), n)
            for n in numbers
        ]

    def place(self, broker: str) -> int:
        return self.at

    def move(self, broker: str, place: int) -> None:
        self.at = place

    def waiting(self, broker: str) -> int:
        return self.count + 1 - self.at

    async def open_session(self) -> int:
        return 17

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


async def test_all_that_waits_arrives_once_the_broker_is_there_and_stop_says_so(
    tmp_path: Path,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = Memory(1200)
    config = Broker.model_validate({"url": f"mqtt://127.0.0.1:{port}"})
    station = Station.model_validate({"id": "chu-01"})
    board = Board({"radar": LAYOUT})
    publisher = Publisher("ministry", config, station, store, board, about=dict, status=dict)
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    task = asyncio.create_task(publisher.run())
    while publisher.facts()["reason"] is None:  # noqa: ASYNC110 - a condition with a deadline
        await asyncio.sleep(0.02)
    broker = await asyncio.create_subprocess_exec(
        "/usr/sbin/mosquitto", "-c", str(conf), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(15):
            while store.waiting("ministry"):  # noqa: ASYNC110 - a condition with a deadline
                await asyncio.sleep(0.02)
        await publisher.stop(2.0)
        async with asyncio.timeout(5), aiomqtt.Client("127.0.0.1", port) as client:
            await client.subscribe("aryk/chu-01/status")
            message = await anext(client.messages)
            assert json.loads(message.payload)["state"] == "stopped"
    finally:
        broker.terminate()
        await broker.wait()
        await task
