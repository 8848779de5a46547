"""``aryk address``: give a device another address. The one command that writes to a device."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Final

import click

from agent import control, logs
from agent.commission.readdress import Change, ReaddressError, subject
from agent.commission.search import Address, written
from agent.commission.target import Target, TargetError, of_bus
from agent.config import find, load
from drivers.bus import SerialBus
from drivers.replay.toml import inline

_SDI12: Final = re.compile("[0-9A-Za-z]")
_RUNS: Final = (
    "The agent runs, and would go on asking the old address: stop it first "
    "(sudo systemctl stop aryk), and start it when station.toml has the new one."
)


@click.command()
@click.argument("sensor")
@click.argument("new", metavar="NEW")
@click.option("-c", "--config", "given", type=click.Path(path_type=Path), help="station.toml")
@click.option(
    "--register",
    type=click.IntRange(0, 65535),
    help="The holding register of its address, from 0, where the device library doesn't say.",
)
@click.option("--yes", is_flag=True, help="Don't ask: for a script whose author answers for it.")
def address(sensor: str, new: str, given: Path | None, register: int | None, yes: bool) -> None:
    """Give the device of SENSOR the address NEW: look, ask, write, read back.

    It is written only if the device answers at its old address, nobody answers at the new one, and
    you say yes. station.toml isn't changed: what to change there is said at the end.
    """
    logs.silence()
    config = load(find(given))
    if sensor not in config.sensors:
        known = ", ".join(config.sensors)
        raise click.UsageError(f"{config.file} has no sensor {sensor}. Its sensors: {known}.")
    try:
        device = subject(config.sensors[sensor].config, register)
        target = of_bus(config, config.sensors[sensor].bus or "")
    except (TargetError, ReaddressError) as error:
        raise click.ClickException(str(error)) from error
    change = Change(target.line, device, _wanted(new, device.address, target))
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Nobody is there to be asked: type it at a terminal, or give --yes.")
    if asyncio.run(control.runs(control.path_of(config.store.path))):
        raise click.ClickException(_RUNS)
    try:
        asyncio.run(change.check())
        _say_what(sensor, target, change)
        if not yes and not click.confirm("Write it?", err=True):
            click.echo("Nothing was written.", err=True)
            sys.exit(1)
        asyncio.run(change.carry_out())
    except ReaddressError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"It answers at address {change.new} now.")
    click.echo(f"In {config.file}, [sensor.{sensor}] still has the old one; write there:")
    click.echo(f"address = {inline(change.new)}")


def _say_what(sensor: str, target: Target, change: Change) -> None:
    line, new = target.line, change.new
    where = line.endpoint
    if isinstance(line, SerialBus):
        where += f", {written(line)}"
    click.echo(
        f"{sensor} answers at address {change.old} on bus {target.name} ({where}), and nobody at "
        f"{new}.\nIts address becomes {new}, through {change.subject.how}.",
        err=True,
    )


def _wanted(new: str, old: Address, target: Target) -> Address:
    """Return the new address, checked as far as that can be done without asking the wire."""
    wanted: Address = new
    if isinstance(old, int):
        if not new.isdecimal() or not 1 <= int(new) <= 247:
            raise click.UsageError(f"{new} is no Modbus address: take one from 1 to 247.")
        wanted = int(new)
    elif not _SDI12.fullmatch(new):
        raise click.UsageError(f"{new} is no SDI-12 address: take one of 0-9, A-Z, a-z.")
    if wanted == old:
        raise click.UsageError(f"{new} is its address already.")
    if (other := (target.sensors or {}).get(wanted)) is not None:
        raise click.UsageError(f"{new} is the address of sensor.{other}: take a free one.")
    return wanted
