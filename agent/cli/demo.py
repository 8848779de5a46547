"""``aryk demo``: the whole product in one command, on this machine alone.

Two simulated instruments and the agent run in processes of their own; the broker is embedded.
What the table shows has gone the whole way: instrument, wire, driver, store, broker,
subscription.
"""

import asyncio
import contextlib
import json
import logging
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import aiomqtt
import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from agent.cli.table import Received

_STATION: Final = """\
[station]
id = "demo-canal"
name = "A simulated canal"
timezone = "Asia/Bishkek"

[store]
path = "station.db"

[broker.demo]
url = "mqtt://127.0.0.1:{broker}"
protocol = 3                         # the embedded broker speaks 3.1.1 only
latest = "1 s"

[bus.gateway]
host = "127.0.0.1"
port = {gateway}

[bus.rs485]
device = "{line}"

[sensor.headworks]
driver = "modbus"
bus = "gateway"
address = 1
every = "1 s"
{channels}
[sensor.offtake]
driver = "modbus"
bus = "rs485"
address = 1
every = "1 s"
{channels}"""

_CHANNELS: Final = """\
channel.stage = { register = 0, type = "uint16", raw_unit = "mm", unit = "m" }
channel.velocity = { register = 3, type = "int16", raw_unit = "mm/s", unit = "m/s" }
channel.temperature = { register = 4, type = "int16", scale = 0.01, unit = "Cel" }
"""

_STATION_ID: Final = "demo-canal"
_PATIENCE: Final = 15.0
"""Seconds that a part may take to start or to end."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Records, counted at four places on their way.

    Attributes:
        asked: handed to the store, events among them, as the agent says.
        stored: in the database, counted from outside.
        acknowledged: by the broker, as the agent says.
        received: different numbers that the subscription got.
    """

    asked: int
    stored: int
    acknowledged: int
    received: int

    @property
    def complete(self) -> bool:
        """Whether every reading went the whole way."""
        return len(set(astuple(self))) == 1 and self.asked > 0


class _Part:
    """A process of the demonstration."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def first_line(self) -> str:
        """Return what the process says once it is ready."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            return (await self._process.stdout.readline()).decode().strip()

    async def ended(self) -> int:
        """Return the exit status, when the process has ended."""
        return await self._process.wait()

    async def stop(self) -> int:
        """End the process in order, or at last by force; return its exit status."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._process.wait()
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()


@asynccontextmanager
async def _part(log: Path, *arguments: str) -> AsyncIterator[_Part]:
    """Run ``aryk`` with arguments; away from the terminal's Ctrl-C, which ends us in order."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("aryk")),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    part = _Part(process)
    try:
        yield part
    finally:
        await part.stop()


@asynccontextmanager
async def _broker() -> AsyncIterator[int]:
    """Run the embedded broker on a free port of the loopback interface; yield the port."""
    from amqtt.broker import Broker  # noqa: PLC0415 - an extra: its absence gets a sentence

    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {}},
        }
    )
    await broker.start()
    try:
        yield port
    finally:
        await broker.shutdown()


class _Operator:
    """An operator's subscription, and what it shows."""

    def __init__(self, console: Console) -> None:
        self.received = Received()
        self.stopped: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._console = console

    async def listen(self, port: int, subscribed: asyncio.Event) -> None:
        """Take in what is published, until cancelled."""
        version = aiomqtt.ProtocolVersion.V311
        async with aiomqtt.Client("127.0.0.1", port, protocol=version) as client:
            await client.subscribe(f"aryk/{_STATION_ID}/#", qos=1)
            subscribed.set()
            with Live(console=self._console, auto_refresh=False, transient=True) as live:
                async for message in client.messages:
                    self._take(str(message.topic), bytes(message.payload))
                    if self._console.is_terminal:
                        live.update(self.received.table(), refresh=True)

    def _take(self, topic: str, payload: bytes) -> None:
        if topic.endswith("/data"):
            self.received.take(payload)
        elif topic.endswith("/status"):
            status = json.loads(payload)
            if status["state"] == "stopped" and not self.stopped.done():
                self.stopped.set_result(status)


async def _first_of(
    *awaited: Coroutine[Any, Any, Any] | asyncio.Task[Any], within: float | None
) -> None:
    """Return when one of several things has happened, or after ``within`` seconds."""
    tasks = [asyncio.ensure_future(each) for each in awaited]
    await asyncio.wait(tasks, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for task, each in zip(tasks, awaited, strict=True):
        if task is not each:  # a task of the caller's goes on
            task.cancel()


async def _demonstrate(folder: Path, seconds: float | None, console: Console) -> Summary:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(_broker())
        gateway = await stack.enter_async_context(_part(folder / "gateway.log", "simulate", "tcp"))
        line = await stack.enter_async_context(
            _part(folder / "line.log", "simulate", "rtu", "--seed", "7")
        )
        config = folder / "station.toml"
        config.write_text(
            _STATION.format(
                broker=port,
                gateway=(await gateway.first_line()).rpartition(":")[2],
                line=await line.first_line(),
                channels=_CHANNELS,
            )
        )
        operator, subscribed = _Operator(console), asyncio.Event()
        listening = asyncio.create_task(operator.listen(port, subscribed), name="operator")
        await asyncio.wait_for(subscribed.wait(), _PATIENCE)
        async with _part(folder / "agent.log", "run", "--config", str(config)) as agent:
            await _first_of(ended.wait(), agent.ended(), listening, within=seconds)
            status = await agent.stop()
        try:
            if status != 0:
                last = (folder / "agent.log").read_text().strip().rpartition("\n")[2]
                raise click.ClickException(f"The agent ended with status {status}: {last}")
            said = await asyncio.wait_for(operator.stopped, _PATIENCE)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
    console.print(operator.received.table())
    return _count(said, folder / "station.db", operator.received.distinct)


def _count(stopped: dict[str, Any], database: Path, received: int) -> Summary:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as outside:
        stored = outside.execute("SELECT coalesce(sum(count), 0) FROM round").fetchone()[0]
    return Summary(
        asked=stopped["store"]["appended"],
        stored=stored,
        acknowledged=stopped["brokers"]["demo"]["acknowledged"],
        received=received,
    )


def _summary(summary: Summary) -> Table:
    table = Table("readings", "", title=None)
    for name in ("asked", "stored", "acknowledged", "received"):
        table.add_row(name, str(getattr(summary, name)))
    return table


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="End by itself after so long.")
def demo(seconds: float | None) -> None:
    """Show the whole product with a simulated station; Ctrl-C ends it."""
    console = Console()
    console.print("Two simulated instruments, the agent, a broker; this table is a subscription.")
    try:
        with tempfile.TemporaryDirectory(prefix="aryk-demo-") as folder:
            summary = asyncio.run(_demonstrate(Path(folder), seconds, console))
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"The demonstration needs the package {error.name}: install aryk with its extra "
            '"demo", or type make demo.'
        ) from error
    console.print(_summary(summary))
    if not summary.complete:
        raise click.ClickException("The figures disagree: readings were lost on their way.")
