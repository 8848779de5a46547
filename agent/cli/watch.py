"""``aryk watch``: what a broker's subscribers receive, live."""

import asyncio
from urllib.parse import urlsplit

import aiomqtt
import click
from rich.console import Console
from rich.live import Live

from agent.cli.table import Received


async def _watch(url: str, root: str, protocol: str) -> None:
    parts, received, console = urlsplit(url), Received(), Console()
    version = aiomqtt.ProtocolVersion.V5 if protocol == "5" else aiomqtt.ProtocolVersion.V311
    async with aiomqtt.Client(
        parts.hostname or "localhost",
        parts.port or 1883,
        username=parts.username,
        password=parts.password,
        protocol=version,
    ) as client:
        await client.subscribe(f"{root}/+/data", qos=1)
        with Live(console=console, auto_refresh=False) as live:
            async for message in client.messages:
                lines = received.take(bytes(message.payload))
                if console.is_terminal:
                    live.update(received.table(), refresh=True)
                else:
                    click.echo("\n".join(lines))


@click.command()
@click.argument("url", default="mqtt://localhost")
@click.option("--root", default="aryk", help="The first level of the topics.")
@click.option("--protocol", type=click.Choice(["3", "5"]), default="5", help="3 is MQTT 3.1.1.")
def watch(url: str, root: str, protocol: str) -> None:
    """Show the readings of all stations of a broker as they come in."""
    if urlsplit(url).scheme != "mqtt":
        raise click.UsageError(f"{url}: write mqtt://host:port; other schemes aren't supported.")
    try:
        asyncio.run(_watch(url, root, protocol))
    except aiomqtt.MqttError as error:
        raise click.ClickException(f"{url}: {error}. Is the broker there?") from error
