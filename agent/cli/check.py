"""``aryk check``: is the configuration right, and what will be asked of whom."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from agent.config import Config, Sensor, find, load
from drivers.bus import SerialBus
from drivers.fields import format_duration

_COLUMNS = ("bus", "sensor", "every", "request")


@click.command()
@click.option("-c", "--config", "given", type=click.Path(path_type=Path), help="station.toml")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def check(given: Path | None, as_json: bool) -> None:
    """Validate the configuration and print the read plan."""
    config = load(find(given))
    rows, needs = list(_rows(config)), list(_needs(config))
    if as_json:
        brokers = {name: list(map(str, broker.url)) for name, broker in config.brokers.items()}
        plan = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
        document = {
            "station": config.station.id,
            "store": config.store.path,
            "brokers": brokers,
            "plan": plan,
            "buses": {name: {"busy": busy} for name, busy, _ in needs},
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    _print_rows(rows)
    for name, _, text in needs:
        click.echo(f"{name}: {text}")
    for name, broker in config.brokers.items():
        click.echo(f"broker {name}: {', '.join(map(str, broker.url))}")
    click.echo(f"store: {config.store.path}")
    click.echo(f"{config.file} is right: station {config.station.id} can start.")


def _rows(config: Config) -> Iterator[tuple[str, str, str, str]]:
    ordered = sorted(config.sensors.values(), key=lambda sensor: (_bus(sensor), sensor.name))
    for sensor in ordered:
        for text in [request.text for request in sensor.config.requests()] or [""]:
            yield _bus(sensor), sensor.name, format_duration(sensor.config.every), text


def _bus(sensor: Sensor) -> str:
    return str(getattr(sensor.config, "bus", ""))


def _needs(config: Config) -> Iterator[tuple[str, float, str]]:
    """Yield each bus with the busy share of its time, and a sentence on it."""
    for name, bus in config.buses.items():
        polls = [sensor.config for sensor in config.sensors.values() if _bus(sensor) == name]
        busy = sum(
            bus.wire_time(request.sent, request.received) / poll.every
            for poll in polls
            for request in poll.requests()
        )
        if not polls:
            yield name, 0.0, "no sensor hangs on it"
            continue
        period = max(poll.every for poll in polls)
        speed = f" at {bus.baudrate} baud" if isinstance(bus, SerialBus) else ""
        time = f"{busy * period:.2f} s of each {format_duration(period)}{speed}"
        yield name, busy, f"{time}, {busy:.0%} busy"


def _print_rows(rows: list[tuple[str, str, str, str]]) -> None:
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415  a pipe doesn't need it
    from rich.table import Table  # noqa: PLC0415

    table = Table(*_COLUMNS)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
