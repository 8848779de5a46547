"""``aryk check``: is the configuration right, and what will be asked of whom."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from agent.config import Budget, Config, budget, find, load
from drivers.fields import format_duration


@click.command()
@click.option("-c", "--config", "given", type=click.Path(path_type=Path), help="Your station.toml.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def check(given: Path | None, as_json: bool) -> None:
    """Validate the configuration and print the read plan."""
    config = load(find(given))
    if as_json:
        click.echo(json.dumps(_document(config), ensure_ascii=False, indent=2))
        return
    _print_plan(list(_plan(config)))
    for name, need in _needs(config):
        click.echo(f"bus {name}: {_said(need)}")
    for name, broker in config.brokers.items():
        click.echo(f"broker {name}: {', '.join(map(str, broker.url))}")
    if not config.brokers:
        click.echo("broker: none, so readings are stored and stay here")
    click.echo(f"store: {config.store.path}")
    click.echo(f"{config.file} is right: station {config.station.id} can start.")


class _Asked(NamedTuple):
    """One request of a sensor's poll; without a wire a poll has none."""

    bus: str | None
    sensor: str
    every: float
    request: str | None


def _plan(config: Config) -> Iterator[_Asked]:
    for sensor in sorted(config.sensors.values(), key=lambda each: (each.bus or "", each.name)):
        texts: list[str | None] = [request.text for request in sensor.config.requests()]
        for text in texts or [None]:
            yield _Asked(sensor.bus, sensor.name, sensor.config.every, text)


def _needs(config: Config) -> Iterator[tuple[str, Budget | None]]:
    for name, bus in config.buses.items():
        polls = [sensor.config for sensor in config.sensors.values() if sensor.bus == name]
        yield name, budget(bus, polls)


def _said(need: Budget | None) -> str:
    if need is None:
        return "no sensor hangs on it"
    if need.needed == 0:
        return f"{need}; the gateway decides how long they take"
    share = f"{need.share:.1%}" if need.share < 0.1 else f"{need.share:.0%}"
    return f"{need}, {share} busy"


def _document(config: Config) -> Mapping[str, Any]:
    return {
        "file": str(config.file),
        "station": config.station.id,
        "store": config.store.path,
        "brokers": {name: list(map(str, each.url)) for name, each in config.brokers.items()},
        "plan": [asked._asdict() for asked in _plan(config)],
        "buses": {name: _facts(need) for name, need in _needs(config)},
    }


def _facts(need: Budget | None) -> dict[str, float]:
    if need is None:
        return {"busy": 0.0}
    return {
        "busy": need.share,
        "requests": need.requests,
        "needed": need.needed,
        "period": need.period,
    }


def _print_plan(plan: list[_Asked]) -> None:
    rows = [
        (each.bus or "-", each.sensor, format_duration(each.every), each.request or "-")
        for each in plan
    ]
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  a pipe doesn't need them
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table("bus", "sensor", "every", "asks for", box=SIMPLE_HEAD, pad_edge=False)
    for before, row in zip([*rows[:1], *rows], rows, strict=False):
        if row[0] != before[0]:
            table.add_section()
        table.add_row(*row)
    Console(highlight=False).print(table, markup=False)
