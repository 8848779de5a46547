"""The demonstration's operator: a subscription, and the screen that shows it."""

import asyncio
import contextlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiomqtt
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agent.cli.demo.parts import PATIENCE, PartError
from agent.cli.table import Reading, Received

STATION: Final = "demo-canal"
_REDRAWN: Final = 0.5  # s


class Operator:
    """Subscribes to the station.

    Attributes:
        received: what came in, for the table.
        numbers: the identities of the records that came in, however often each.
        listening: the task that takes in; it ends only when something is wrong.
    """

    listening: asyncio.Task[None]

    def __init__(self, port: int, heard: Callable[[Reading], None]) -> None:
        """Take the broker's port, and who wants to hear of each reading."""
        self.received = Received()
        self.numbers: set[tuple[str, int]] = set()
        self._port, self._heard = port, heard
        self._stopped: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def subscribed(self) -> AsyncIterator[None]:
        """Take in what is published, from the time of entering on."""
        version = aiomqtt.ProtocolVersion.V311
        async with aiomqtt.Client("127.0.0.1", self._port, protocol=version) as client:
            await client.subscribe(f"aryk/{STATION}/#", qos=1)
            self.listening = asyncio.create_task(self._listen(client), name="operator")
            try:
                yield
            finally:
                self.listening.cancel()
                await asyncio.wait({self.listening})

    async def stopped(self) -> dict[str, Any]:
        """Return the status with which the station said that it stopped.

        Raises:
            PartError: it never did.
        """
        try:
            return await asyncio.wait_for(self._stopped, PATIENCE)
        except TimeoutError:
            raise PartError("The agent ended, but nobody heard it say that it stopped.") from None

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            self._take(str(message.topic), message.payload)

    def _take(self, topic: str, payload: bytes) -> None:
        if topic.endswith(("/data", "/backfill")):
            for reading in self.received.take(payload):
                self.numbers.add((reading.log, reading.number))
                self._heard(reading)
        elif topic.endswith("/status"):
            status = json.loads(payload)
            if status["state"] == "stopped" and not self._stopped.done():
                self._stopped.set_result(status)


class Screen:
    """The live table, with a head that says what it is and a foot that counts."""

    def __init__(self, console: Console, operator: Operator, database: Path) -> None:
        """Take where to draw, whose table, and the store to count in."""
        self._console, self._operator, self._database = console, operator, database
        self._began = time.monotonic()

    async def show(self) -> None:
        """Redraw until cancelled; then the table is gone."""
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            while True:
                counts = await asyncio.to_thread(counted, self._database)
                live.update(Group(self._head(), self.table(), self._foot(*counts)), refresh=True)
                await asyncio.sleep(_REDRAWN)

    def table(self) -> Table:
        """Return the table as it stands."""
        return self._operator.received.table()

    def _head(self) -> Table:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        head = Table.grid(expand=True)
        head.add_column()
        head.add_column(justify="right")
        head.add_row(
            Text("aryk demo: a simulated canal station", "bold"),
            Text(f"{minutes}:{seconds:02}, Ctrl-C ends it", "dim"),
        )
        return head

    def _foot(self, stored: int, acknowledged: int) -> Text:
        received = len(self._operator.numbers)
        return Text(
            f"records: {stored} stored, {acknowledged} acknowledged by the broker, "
            f"{received} received here",
            "dim",
        )


def counted(database: Path) -> tuple[int, int]:
    """Return how many records a store holds, and how many its broker has, counted from outside."""
    with contextlib.suppress(sqlite3.OperationalError):  # it isn't made yet
        outside = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        with contextlib.closing(outside):
            [(stored, end)] = outside.execute("SELECT sum(count), max(place + count) FROM round")
            broker = "SELECT CAST(substr(body, 5) AS TEXT) FROM state WHERE key = 'broker/demo'"
            for (state,) in outside.execute(broker):
                waiting = json.loads(state)["waiting"]
                lacked = sum(max(0, min(stop, end) - start) for start, stop in waiting)
                return stored, stored - lacked
            return stored or 0, 0
    return 0, 0
