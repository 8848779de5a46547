"""``aryk run``: the station, until SIGTERM or SIGINT."""

import asyncio
import signal
from pathlib import Path
from typing import Final

import click
import structlog

from agent import control, logs
from agent.cli.shadows import shadows
from agent.clock import Clock
from agent.config import Config, find, load
from agent.station import Station
from agent.store import Store, StoreError

_log: Final = structlog.get_logger()


@click.command()
@click.option("-c", "--config", "given", type=click.Path(path_type=Path), help="Your station.toml.")
def run(given: Path | None) -> None:
    """Run the station until SIGTERM or SIGINT."""
    config = load(find(given))
    logs.configure()
    for sentence in shadows():
        _log.warning("installation mixed", detail=sentence)
    try:
        asyncio.run(_run(config))
    except StoreError as error:
        raise click.ClickException(f"{error}.") from error


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
        station = Station(config, store, clock)
        async with control.serve(control.path_of(config.store.path), station.ask):
            await station.run(stop)
    finally:
        await store.close()
