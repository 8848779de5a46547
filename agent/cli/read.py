"""``aryk read``: what do the sensors say now, and what goes over the wire meanwhile."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import click

from agent import logs
from agent.cli.options import PARITY, duration, in_json, number, print_table, say
from agent.cli.wirelog import WireLog, wirelog
from agent.clock import iso
from agent.commission.reading import Agent, Answer, Wires, asking
from agent.commission.registers import JUDGED, ORDERS, verdict
from agent.config import Config, find, load
from agent.config.reader import read as read_document
from agent.control import ControlError
from agent.record import Quality

_COLUMNS: Final = ("sensor", "channel", "value", "unit", "quality", "reason")
_TABLES: Final = click.Choice(["holding", "input", "coil", "discrete"])
_DIRECT: Final = ("port", "host", "bus", "address", "register")
"""Who gives one of these wants registers, not sensors."""


@click.command()
@click.argument("sensors", nargs=-1, metavar="[SENSOR]...")
@click.option("-c", "--config", "given", type=click.Path(path_type=Path), help="station.toml")
@click.option("-v", "--verbose", is_flag=True, help="Show each byte on the wire, with its time.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what goes over the wire into a file; the driver replay runs it again.",
)
@click.option("--every", callback=duration, metavar="DURATION", help="Again and again.")
@click.option("--times", type=click.IntRange(min=1), help="With --every: only so often.")
@click.option("--port", help="Registers of a device on this port, as /dev/ttyUSB0.")
@click.option("--host", help="Registers of a device behind a gateway, as 192.0.2.10:502.")
@click.option("--bus", help="Registers of a device on this [bus] of station.toml.")
@click.option("--baudrate", type=click.IntRange(min=50), help="Of the port.  [default: 9600]")
@click.option("--parity", type=PARITY, help="Of the port.  [default: none]")
@click.option("--framing", type=click.Choice(["rtu", "ascii", "tcp"]), help="Of the wire.")
@click.option("--timeout", callback=duration, metavar="DURATION", help='[default: "500 ms"]')
@click.option("--address", type=click.IntRange(0, 255), help="Of the device.")
@click.option("--table", type=_TABLES, default="holding", show_default=True)
@click.option("--register", type=click.IntRange(0, 65535), help="The first, counted from 0.")
@click.option("--count", type=click.IntRange(1, 125), default=2, show_default=True)
@click.option(
    "--between", type=(float, float), metavar="LOW HIGH", help="What the value can be, about."
)
def read(
    *,
    sensors: tuple[str, ...],
    given: Path | None,
    verbose: bool,
    as_json: bool,
    record: Path | None,
    every: float | None,
    times: int | None,
    **direct: Any,
) -> None:
    """Ask the sensors of station.toml once; all of them, if none is named.

    With --port, --host or --bus, --address and --register: show registers of any Modbus device as
    they are, in all types and orders, with their neighbours.

    Nothing is written to any device. Exit status 1: nothing answered.
    """
    logs.silence()
    if times is not None and every is None:
        raise click.UsageError("--times goes with --every.")
    if any(direct[key] is not None for key in _DIRECT):
        if sensors or every is not None:
            raise click.UsageError("Either sensors of station.toml, or registers with --address.")
        from agent.cli.registers import show  # noqa: PLC0415  its own half of the command

        show(given, verbose=verbose, as_json=as_json, record=record, **direct)
        return
    config = load(find(given))
    names = _chosen(config, sensors)
    tables = _recorded(config, names) if record is not None else {}
    with wirelog(verbose=verbose, record=record, tables=tables) as log:
        try:
            reading = _read(config, names, log, as_json=as_json, every=every, times=times)
            answered = asyncio.run(reading)
        except ControlError as error:
            raise click.ClickException(str(error)) from error
    sys.exit(0 if answered else 1)


def _chosen(config: Config, sensors: Sequence[str]) -> list[str]:
    for name in sensors:
        if name not in config.sensors:
            known = ", ".join(config.sensors)
            raise click.UsageError(f"{config.file} has no sensor {name}. Its sensors: {known}.")
    return list(dict.fromkeys(sensors or config.sensors))


def _recorded(config: Config, names: Sequence[str]) -> Mapping[str, Any]:
    """Return the tables of one wire and of the sensors on it, as they stand in the file."""
    tables = read_document(config.file).tables
    bus, *others = {config.sensors[name].bus for name in names}
    if bus is None or others:
        raise click.UsageError("A record is of one wire: name sensors of one bus.")
    return {
        "bus": {bus: tables["bus"][bus]},
        "sensor": {name: tables["sensor"][name] for name in names},
    }


async def _read(
    config: Config,
    names: Sequence[str],
    log: WireLog,
    *,
    as_json: bool,
    every: float | None,
    times: int | None,
) -> bool:
    """Ask and print; return whether anybody answered."""
    answered = False
    orders = log.recorder is None  # a recording holds what the driver asks, and nothing else
    async with asking(config, names, bare=log.listens, orders=orders) as asked:
        if isinstance(asked, Wires):
            for bus in asked.buses.values():
                log.hear(bus)
        elif not as_json:
            click.echo("The running agent asked:", err=True)
        async for answers in _rounds(asked, every, times):
            _record(config, log, answers)
            answered |= any(not each.sentence for each in answers)
            _print(answers, as_json, lines=every is not None)
    return answered


async def _rounds(
    asked: Agent | Wires, every: float | None, times: int | None
) -> AsyncIterator[list[Answer]]:
    """Yield what the sensors say, once or over and over until Ctrl-C."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    if every is not None:
        loop.add_signal_handler(signal.SIGINT, stop.set)
    due, number = loop.time(), 0
    while not stop.is_set():
        yield await asked.ask()
        number += 1
        if every is None or number == times:
            return
        due = max(due + every, loop.time())
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await stop.wait()


def _record(config: Config, log: WireLog, answers: Sequence[Answer]) -> None:
    if log.recorder is None:
        return
    for each in answers:
        if each.sample is None:
            log.recorder.failure(each.sensor, each.round.reasons[0])
        else:
            channels = config.sensors[each.sensor].config.channel_list()
            log.recorder.reading(each.sensor, channels, each.sample)


def _print(answers: Sequence[Answer], as_json: bool, lines: bool) -> None:
    if as_json:
        document = [_facts(each) for each in answers]
        click.echo(json.dumps(document, ensure_ascii=False, indent=None if lines else 2))
        return
    rows = [row for each in answers for row in _rows(each)]
    print_table(_COLUMNS, rows)
    orders = [row for each in answers for row in _order_rows(each)]
    if orders:
        click.echo("Nobody has said in which order the bytes of these come:")
        print_table(("sensor", "channel", *ORDERS), orders)
        say(JUDGED.format(within=""), err=False)
    for each in answers:
        if each.sentence:
            say(f"{each.sensor}: {each.sentence}")
        for name, readings in each.orders.items():
            if said := verdict(readings):
                say(f"{each.sensor}/{name}: {said}", err=False)


def _rows(answer: Answer) -> Iterator[tuple[str, ...]]:
    said = answer.round
    for index, name in enumerate(said.layout.names):
        value = said.values[index]
        quality = Quality(said.qualities[index])
        yield (
            answer.sensor,
            name,
            "" if value is None else f"{value:.12g}",
            said.layout.units[index],
            f"{quality.value} {quality.name.replace('_', ' ').lower()}",
            said.reasons.get(index, ""),
        )


def _order_rows(answer: Answer) -> Iterator[tuple[str, ...]]:
    for name, readings in answer.orders.items():
        good = readings.plausible()
        values = (number(readings.values[o]) + " ✓" * (o in good) for o in ORDERS)
        yield (answer.sensor, name, *values)


def _facts(answer: Answer) -> dict[str, Any]:
    said = answer.round
    return {
        "sensor": answer.sensor,
        "time": iso(said.time),
        "sentence": answer.sentence or None,
        "channels": {
            name: {
                "value": said.values[index],
                "unit": said.layout.units[index],
                "quality": said.qualities[index],
                "reason": said.reasons.get(index),
                **({"orders": in_json(answer.orders[name])} if name in answer.orders else {}),
            }
            for index, name in enumerate(said.layout.names)
        },
    }
