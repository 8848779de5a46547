"""What several commands take and print in the same way."""

import os
import sys
from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from agent.commission.registers import Readings

PARITY: Final = click.Choice(["none", "even", "odd"])


def duration(_: click.Context, __: click.Parameter, value: str | None) -> float | None:
    """Turn ``"5 min"`` into seconds; the callback of an option."""
    from drivers.fields import parse_duration  # noqa: PLC0415  --help needs no pydantic

    if value is None:
        return None
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: write {error}") from None


def addresses(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    """Turn ``1-32,246`` into addresses, in the order written; the callback of an option."""
    found: dict[int, None] = {}
    for part in value.split(","):
        first, _dash, last = (text.strip() for text in part.partition("-"))
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise click.BadParameter(f"{value!r}: write numbers and ranges, as 1-32,246")
        if not 1 <= int(first) <= int(last or first) <= 247:  # before a range is made of it
            raise click.BadParameter(f"{value!r}: Modbus addresses are 1 to 247, small to large")
        found.update(dict.fromkeys(range(int(first), int(last or first) + 1)))
    return tuple(found)


def live(stream: Any) -> bool:
    """Return whether a stream is a terminal on which lines may be drawn anew."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False
) -> None:
    """Print a table: drawn on a terminal, a line a row and tabs between its cells otherwise."""
    if not (sys.stderr if err else sys.stdout).isatty():
        for row in (columns, *rows):
            click.echo("\t".join(row), err=err)
        return
    from rich.console import Console  # noqa: PLC0415  a pipe doesn't need it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*columns)
    for row in rows:
        table.add_row(*map(Text, row))  # what a device says is no markup
    Console(stderr=err).print(table)


def number(value: float) -> str:
    """Return a raw number in at most twelve characters or so: a whole one whole."""
    return str(value) if isinstance(value, int) else f"{value:.7g}"


def in_json(
    readings: "Readings", within: Sequence[float] | None = None
) -> dict[str, dict[str, float | bool | None]]:
    """Return a value in all orders, with what is plausible; a NaN or an infinity is null."""
    good = readings.plausible(within)
    return {
        order: {"value": value if isfinite(value) else None, "plausible": order in good}
        for order, value in readings.values.items()
    }


def rough(seconds: float) -> str:
    """Return a duration as a person says it: ``40 s``, ``4 min 10 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    minutes = round(seconds / 60)
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
