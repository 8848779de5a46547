"""``aryk devices``: the device library, for people."""

import json
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.cli.devicetext import (
    channel_rows,
    check_rows,
    document,
    instrument,
    line,
    origin,
    settings,
    snippet,
)
from drivers.modbus import library
from drivers.modbus.library import Device


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--markdown", is_flag=True, help="Print the whole library as a page.")
def devices(name: str | None, as_json: bool, markdown: bool) -> None:
    """List the instruments that are known, or show one with its channels."""
    if name is not None and name not in library.names():
        raise click.UsageError(f"{name!r} is unknown: name {library.near(name)}")
    try:
        known = {each: library.load(each) for each in library.names()}
    except library.LibraryError as error:
        raise click.ClickException(str(error)) from error
    if markdown:
        click.echo(document(known), nl=False)
    elif as_json:
        click.echo(json.dumps(_facts(name, known), ensure_ascii=False, indent=2))
    elif name is None:
        _list(known)
    else:
        _show(name, known[name])


def _facts(name: str | None, known: dict[str, Device]) -> Any:
    if name is not None:
        return {"model": name, **_dump(known[name])}
    return [{"model": each, **_dump(device)} for each, device in known.items()]


def _dump(device: Device) -> dict[str, Any]:
    return device.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 80
    return console


def _table(*heads: tuple[str, int | None]) -> Table:
    """Return a table without lines whose columns have a width, or are never broken."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head, width in heads:
        table.add_column(head, width=width, no_wrap=width is None, overflow="fold")
    return table


def _over(first: str, second: str) -> str:
    return f"{escape(first)}\n[dim]{escape(second)}[/dim]"


def _list(known: dict[str, Device]) -> None:
    table = _table(("model", 32), ("measures", 20), ("line", None), ("addr", None), ("from", None))
    for name, device in known.items():
        cell = _over(name, instrument(device))
        table.add_row(cell, escape(device.quantity), *line(device), device.evidence)
    console = _console()
    console.print(table)
    console.print("\nOne of them, with its channels: aryk devices NAME", style="dim")


def _show(name: str, device: Device) -> None:
    console = _console()
    console.print(f"[bold]{name}[/bold]: {escape(instrument(device))}, {escape(device.quantity)}")
    console.print(f"{settings(device)}; from {origin(device)}:")
    console.print(escape(device.source), style="dim")
    for note in device.notes:
        console.print(f"- {escape(note)}")
    table = _table(("channel", 34), ("unit", 12), ("register", 30))
    for channel, unit, register, text, source, _ in channel_rows(device):
        table.add_row(_over(channel, text), escape(unit), _over(register, source))
    console.print("", table, sep="\n")
    if device.check:
        table = _table(("check", 20), ("accepted", 28), ("register", 28))
        for check, register, accepted, channels, source in check_rows(device):
            table.add_row(_over(check, channels), escape(accepted), _over(register, source))
        console.print("", table, sep="\n")
    console.print("\nFor station.toml:\n", style="dim")
    click.echo(snippet(name, device), nl=False)
