"""``aryk demo``: the whole product in one command, on this machine alone.

Two simulated instruments and the agent run in processes of their own; the broker is embedded.
What the table shows has gone the whole way: instrument, wire, driver, store, broker,
subscription.
"""

import asyncio
import signal
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import astuple, dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, Final

import aiomqtt
import click
from rich.console import Console
from rich.table import Table

from agent.cli.demo.operator import Operator, Screen, counted
from agent.cli.demo.parts import Part, PartError, broker, part
from agent.cli.table import Reading, is_live

_INTRODUCTION: Final = """\
Two simulated instruments, the agent with its store, and a broker are started.
What you see is an operator's subscription: each reading has gone the whole way.

"""


@dataclass(frozen=True, slots=True)
class Summary:
    """Readings, counted at four places on their way.

    Attributes:
        asked: handed to the store by the sensors' loops, as the agent says.
        stored: in the database, counted from outside.
        acknowledged: by the broker, as the agent says.
        received: different numbers that the subscription got.
    """

    asked: int
    stored: int
    acknowledged: int
    received: int

    @property
    def agrees(self) -> bool:
        """Whether every reading went the whole way."""
        return len(set(astuple(self))) == 1

    def table(self) -> Table:
        """Return it for people."""
        table = Table.grid(padding=(0, 2))
        table.add_column()
        table.add_column(justify="right")
        table.add_column(style="dim")
        table.add_row("asked", str(self.asked), "by the agent: polled, and its own events")
        table.add_row("stored", str(self.stored), "in its database, counted from outside")
        table.add_row("acknowledged", str(self.acknowledged), "by the broker, as the agent says")
        table.add_row("received", str(self.received), "by the subscription, each number once")
        return table


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="End by itself after so long.")
def demo(seconds: float | None) -> None:
    """Show the whole product with a simulated station; Ctrl-C ends it."""
    console = Console(highlight=False)
    console.print(_INTRODUCTION, end="")
    try:
        summary = asyncio.run(_demonstrate(seconds, console))
    except PartError as error:
        raise click.ClickException(str(error)) from error
    console.print(summary.table())
    if not summary.agrees:
        raise click.ClickException("The figures disagree: readings were lost on their way.")
    if seconds and not summary.asked:
        raise click.ClickException("There was no reading in this time. Try a longer one.")


async def _demonstrate(seconds: float | None, console: Console) -> Summary:
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)

    def plainly(reading: Reading) -> None:
        if not is_live(console):
            click.echo(str(reading))

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aryk-demo-")))
        port = await stack.enter_async_context(broker())
        tcp = part(folder, "The simulated instrument on TCP", "simulate", "tcp")
        rtu = part(folder, "The simulated instrument on RTU", "simulate", "rtu", "--seed", "7")
        gateway = await stack.enter_async_context(tcp)
        line = await stack.enter_async_context(rtu)
        config = _station(folder, port, gateway=await gateway.ready(), line=await line.ready())
        operator = Operator(port, plainly)
        await stack.enter_async_context(operator.subscribed())
        running = part(folder, "The agent", "run", "--config", str(config))
        agent = await stack.enter_async_context(running)
        screen = Screen(console, operator, folder / "station.db")
        showing = [asyncio.create_task(screen.show())] if is_live(console) else []
        try:
            await _until(ended, (gateway, line, agent), [operator.listening, *showing], seconds)
        finally:
            for task in showing:
                task.cancel()
                await asyncio.wait({task})
        await agent.stop()
        said = await operator.stopped()
        console.print(screen.table())
        stored, _ = await asyncio.to_thread(counted, folder / "station.db")
    return _summary(said, stored, len(operator.numbers))


def _station(folder: Path, broker: int, *, gateway: str, line: str) -> Path:
    """Write the station's configuration for the parts that run, and return where it is."""
    template = Template(resources.files(__package__).joinpath("station.toml").read_text("utf-8"))
    config = folder / "station.toml"
    port = gateway.rpartition(":")[2]
    config.write_text(template.substitute(broker=broker, gateway=port, line=line))
    return config


async def _until(
    ended: asyncio.Event,
    parts: Sequence[Part],
    tasks: Sequence[asyncio.Task[None]],
    seconds: float | None,
) -> None:
    """Return when it is told to end, or the time is over.

    Raises:
        PartError: a part ended before.
    """
    told = asyncio.create_task(ended.wait())
    waits = [asyncio.create_task(each.ended()) for each in parts]
    mine: list[asyncio.Task[Any]] = [told, *waits]
    try:
        await asyncio.wait([*mine, *tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            if wait.done():
                raise wait.result()
        for task in tasks:
            if task.done():
                await _why(task)
    finally:
        for each in mine:
            each.cancel()


async def _why(task: asyncio.Task[None]) -> None:
    try:
        await task
    except aiomqtt.MqttError as error:
        raise PartError(f"The broker or the subscription to it ended: {error}") from error


def _summary(stopped: dict[str, Any], stored: int, received: int) -> Summary:
    return Summary(
        asked=stopped["store"]["appended"],
        stored=stored,
        acknowledged=stopped["brokers"]["demo"]["acknowledged"],
        received=received,
    )
