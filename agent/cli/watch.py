"""``aryk watch``: what a broker's subscribers receive, live."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import aiomqtt
import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from agent.cli.options import ask_password
from agent.cli.table import Received, is_live

_REDRAWN = 0.5  # s


@click.command()
@click.argument("url", default="mqtt://localhost")
@click.option("--root", default="aryk", help="The first level of the topics.")
@click.option("--username", help="Who you are to the broker.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    help="The file that holds the password; asked for if left out.",
)
@click.option("--protocol", type=click.Choice(["3", "5"]), default="5", help="3 is MQTT 3.1.1.")
def watch(
    url: str, root: str, username: str | None, password_file: Path | None, protocol: str
) -> None:
    """Show the readings of all stations of a broker as they come in."""
    parts = _parts(url)
    if {"#", "\0"} & set(root):
        raise click.UsageError("--root takes levels of a topic, without # in them.")
    password = ask_password(username, password_file)
    version = aiomqtt.ProtocolVersion.V5 if protocol == "5" else aiomqtt.ProtocolVersion.V311

    async def run() -> None:
        async with aiomqtt.Client(
            parts.hostname or "",
            parts.port or 1883,
            username=username,
            password=password,
            protocol=version,
        ) as client:
            await client.subscribe(f"{root}/+/data", qos=1)
            await client.subscribe(f"{root}/+/backfill", qos=1)
            await _watch(client, url)

    try:
        with contextlib.suppress(KeyboardInterrupt):  # its end
            asyncio.run(run())
    except aiomqtt.MqttError as error:
        said = str(error).partition("] ")[2] or str(error)  # without the system's number for it
        raise click.ClickException(f"{url}: {said}. Is the broker there?") from error


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "mqtt" or not parts.hostname or port == 0:
        raise click.UsageError(
            "Write mqtt://host:port, with a port from 1 to 65535; no other scheme is supported."
        )
    if parts.username is not None:  # a command line is seen by everybody on the machine
        raise click.UsageError("Write --username and --password-file instead of a user in the URL.")
    return parts


async def _watch(client: aiomqtt.Client, url: str) -> None:
    received, console = Received(), Console()
    if not is_live(console):
        async for message in client.messages:
            for reading in received.take(message.payload):
                click.echo(str(reading))
        return
    listening = asyncio.create_task(_listen(client, received))
    try:
        with Live(console=console, auto_refresh=False) as live:
            while not listening.done():
                live.update(Group(*_screen(received, url)), refresh=True)
                await asyncio.wait({listening}, timeout=_REDRAWN)
    finally:
        listening.cancel()
        await asyncio.wait({listening})
    await listening


async def _listen(client: aiomqtt.Client, received: Received) -> None:
    async for message in client.messages:
        received.take(message.payload)


def _screen(received: Received, url: str) -> Iterator[RenderableType]:
    yield Text(f"aryk watch {url}", "bold")
    yield received.table()
    foot = f"{len(received.rows)} channels. Ctrl-C ends it."
    if received.unreadable:
        foot += f" {received.unreadable} messages were no readings in JSON."
    yield Text(foot, "dim")
