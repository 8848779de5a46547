"""``aryk run``: the station, until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from pathlib import Path

import click

from agent import logs
from agent.clock import Clock
from agent.config import Config, find, load
from agent.station import Station
from agent.store import Store, StoreError
from drivers import registry


@click.command()
@click.option(
    "-c", "--config", "given", type=click.Path(path_type=Path), help="The station.toml to run."
)
def run(given: Path | None) -> None:
    """Run the station until SIGTERM or SIGINT."""
    config = load(find(given))
    logs.configure()
    for sentence in registry.shadows():
        click.echo(sentence, err=True)
    try:
        asyncio.run(_run(config))
    except StoreError as error:
        click.echo(f"aryk: {error}", err=True)
        sys.exit(1)


async def _run(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = Clock()
    store = await Store.open(
        Path(config.store.path),
        config.station.id,
        brokers={name: broker.start for name, broker in config.brokers.items()},
        max_size=config.store.max_size,
        clock=clock,
    )
    try:
        await Station(config, store, clock).run(stop)
    finally:
        await store.close()
