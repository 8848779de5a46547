"""What several commands take and print in the same way."""

import os
import shutil
import sys
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
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
        seconds = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: write {error}") from None
    if seconds == 0:
        raise click.BadParameter(f"{value!r}: write more than nothing")
    return seconds


def addresses(wanted: str | None, known: Sequence[int | str]) -> list[int | str]:
    """Return the addresses of a list as ``1-32,246`` or ``0-9,a``, in the order written.

    Args:
        wanted: the list; None for all.
        known: all that there are.

    Raises:
        click.UsageError: it isn't such a list, or has others than there are.
    """
    if wanted is None:
        return list(known)
    known = [each for each in known if each != "?"]
    by_text = {str(each): number for number, each in enumerate(known)}
    chosen: dict[int | str, None] = {}
    for part in wanted.split(","):
        first, _, last = (text.strip() for text in part.partition("-"))
        begin, end = by_text.get(first), by_text.get(last or first)
        if begin is None or end is None or begin > end:
            raise click.UsageError(
                f"--address {wanted}: write addresses from {known[0]} to {known[-1]} and ranges "
                "of them, with commas between."
            )
        chosen.update(dict.fromkeys(known[begin : end + 1]))
    return list(chosen)


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
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  a pipe doesn't need them
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # what a device says is no markup
    plain = "NO_COLOR" in os.environ
    Console(stderr=err, color_system=None if plain else "auto").print(table)


def number(value: float) -> str:
    """Return a raw number in few characters: a whole one whole, a strange one roughly."""
    text = str(value) if isinstance(value, int) else f"{value:.6g}"
    return f"{value:.2e}" if "e" in text else text


def in_json(
    readings: "Readings", within: Sequence[float] | None = None
) -> dict[str, dict[str, float | bool | None]]:
    """Return a value in all orders, with what is plausible; a NaN or an infinity is null."""
    good = readings.plausible(within)
    return {
        order: {"value": value if isfinite(value) else None, "plausible": order in good}
        for order, value in readings.values.items()
    }


def ask_password(username: str | None, file: Path | None) -> str | None:
    """Return the password of a user of a broker, from its file or from the terminal."""
    if username is None:
        if file is not None:
            raise click.UsageError("--password-file goes with --username.")
        return None
    if file is None:
        password: str = click.prompt("Password", hide_input=True, err=True)
        return password
    try:
        return file.read_text().rstrip("\n")
    except OSError as error:
        raise click.ClickException(
            f"{file} can't be read: {error.strerror}. Check its path and rights."
        ) from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} isn't UTF-8. Save it as such.") from error


def say(text: str, *, err: bool = True) -> None:
    """Write a sentence for people; on a terminal its lines end between words."""
    if (sys.stderr if err else sys.stdout).isatty():
        text = click.wrap_text(text, shutil.get_terminal_size().columns, preserve_paragraphs=True)
    click.echo(text, err=err)


def rough(seconds: float) -> str:
    """Return a duration as a person says it: ``40 s``, ``4 min 10 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 and whole < 600 else "")
    minutes = round(seconds / 60)
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
