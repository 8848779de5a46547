"""``aryk simulate``: a simulated instrument, for trying a station without hardware."""

import asyncio
import logging
import signal

import click


async def _until_told() -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()


@click.group()
def simulate() -> None:
    """Serve a simulated instrument until it is told to end."""


@simulate.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--seed", default=0, help="Which canal.")
def tcp(port: int, seed: int) -> None:
    """Answer Modbus TCP on the loopback interface; print host and port."""
    from drivers.simulator import instruments  # noqa: PLC0415 - only this command needs pymodbus

    async def serve() -> None:
        async with instruments.tcp(port, seed) as (host, taken):
            click.echo(f"{host}:{taken}")
            await _until_told()

    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the sentence below is enough
    try:
        asyncio.run(serve())
    except (OSError, RuntimeError) as error:  # pymodbus hides why
        raise click.ClickException(
            f"Port {port} can't be served: another program may have it. Take another; 0 takes a "
            "free one."
        ) from error


@simulate.command()
@click.option("--seed", default=0, help="Which canal.")
def rtu(seed: int) -> None:
    """Answer Modbus RTU on a pseudo-terminal; print its path."""
    from drivers.simulator import instruments  # noqa: PLC0415 - only this command needs pymodbus

    async def serve() -> None:
        async with instruments.rtu(seed) as path:
            click.echo(path)
            await _until_told()

    asyncio.run(serve())
