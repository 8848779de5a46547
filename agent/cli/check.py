"""``aryk check``: is the configuration right, and what will be asked of whom."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from agent.config import Budget, Config, Sensor, budget, find, load
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
            "buses": {name: _facts(need) for name, need in needs},
        }
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    _print_rows(rows)
    for name, need in needs:
        busy = "no sensor hangs on it" if need is None else f"{need}, {need.share:.0%} busy"
        click.echo(f"{name}: {busy}")
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
    return sensor.bus or ""


def _needs(config: Config) -> Iterator[tuple[str, Budget | None]]:
    for name, bus in config.buses.items():
        polls = [sensor.config for sensor in config.sensors.values() if sensor.bus == name]
        yield name, budget(bus, polls)


def _facts(need: Budget | None) -> dict[str, float]:
    if need is None:
        return {"busy": 0.0}
    return {
        "busy": need.share,
        "requests": need.requests,
        "needed": need.needed,
        "period": need.period,
    }


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
