"""``aryk scan``: which devices are on this line, at which settings."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Final

import click

from agent import control, logs
from agent.cli.options import PARITY, addresses, duration, live, print_table, rough, say
from agent.commission.dialects import dialect
from agent.commission.hints import hints
from agent.commission.library import LibraryError, factories, known
from agent.commission.piece import piece
from agent.commission.scan import Found, Scan
from agent.commission.search import Search, Wire, plan, written
from agent.commission.target import Target, TargetError, resolve

_RUNS: Final = (
    "The agent runs and holds this wire: stop it first (sudo systemctl stop aryk), and start it "
    "again afterwards."
)
_COLUMNS: Final = ("address", "settings", "what", "answers in")
_TICK: Final = 0.2  # s from one picture to the next


@click.command()
@click.argument("target", required=False, metavar="[PORT|BUS|HOST:PORT]")
@click.option(
    "--within",
    callback=duration,
    metavar="DURATION",
    default="5 min",
    show_default=True,
    help="At most.",
)
@click.option(
    "--baudrate",
    "speeds",
    type=click.IntRange(min=50),
    multiple=True,
    help="Only this speed; may be given again.  [default: 1200 to 115200]",
)
@click.option(
    "--parity",
    "parities",
    type=PARITY,
    multiple=True,
    help="Only this parity; may be given again.  [default: all]",
)
@click.option(
    "--address",
    "wanted",
    metavar="LIST",
    help="Only these, as 1-32,246.  [default: all]",
)
@click.option(
    "--framing",
    type=click.Choice(["rtu", "ascii", "tcp", "sdi12"]),
    help="What the devices speak.  [default: rtu on a port, tcp at a host]",
)
@click.option(
    "--timeout",
    callback=duration,
    metavar="DURATION",
    help='How long an address has to answer.  [default: "200 ms"; "2 s" at a host]',
)
@click.option("-c", "--config", "given", type=click.Path(path_type=Path), help="station.toml")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def scan(
    *,
    target: str | None,
    within: float,
    speeds: tuple[int, ...],
    parities: tuple[Any, ...],
    wanted: str | None,
    framing: str | None,
    timeout: float | None,
    given: Path | None,
    as_json: bool,
) -> None:
    """Find the devices on a line: their addresses, speed and parity, and what they are.

    PORT is a serial port (/dev/ttyUSB0), HOST:PORT a Modbus TCP gateway, BUS a [bus] of
    station.toml. Without any, the only one there is.

    The likely comes first: how devices leave the factory, then addresses 1 to 10, then the rest.
    Ctrl-C ends the search and keeps what was found. Nothing is written to any device. At the end
    stands a piece of station.toml; only that goes to standard output.
    """  # fmt: skip
    logs.silence()
    where = _where(target, given, framing)
    try:
        models = known()
    except LibraryError as error:
        raise click.ClickException(str(error)) from error
    speech = dialect(where.line, models)
    speech.timeout = timeout or speech.timeout
    search = plan(
        where.line,
        addresses=addresses(wanted, speech.addresses),
        speeds=speeds,
        parities=parities,
        own=where.sensors,
        factory=factories(models),
    )
    work = Scan(search, speech)
    _say_beforehand(where, search, speech.timeout, within)
    asyncio.run(_run(work, within))
    text = piece(where, work.found)
    if as_json:
        click.echo(json.dumps(_document(work, text), ensure_ascii=False, indent=2))
    else:
        _report(work, where.line)
        if text and sys.stdout.isatty():
            click.echo("\nFor station.toml:\n", err=True)
        click.echo(text, nl=False)
    sys.exit(0 if work.found else 1)


def _where(target: str | None, given: Path | None, framing: str | None) -> Target:
    """Return the wire that is meant, if no agent holds it."""
    try:
        where = resolve(target, given, framing=framing)
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    if where.station is not None:
        path = control.path_of(where.station.store.path)
        if asyncio.run(control.runs(path)):
            raise click.ClickException(_RUNS)
    return where


def _say_beforehand(where: Target, search: Search, patience: float, within: float) -> None:
    lines, seconds = search.lines(), search.seconds(patience)
    speeds = f" at {len(lines)} speeds and parities" if len(lines) > 1 else ""
    say(f"Searching {where.line.endpoint}: {search.left} tries{speeds}, the likely ones first.")
    if seconds > within:
        say(
            f"All of them would take {rough(seconds)}; it ends after {rough(within)} "
            '(more with --within "30 min", fewer tries with --baudrate, --parity, --address).'
        )
    else:
        say(f"It takes {rough(seconds)} at most.")
    say("Ctrl-C ends it and keeps what was found. Nothing is written to any device.")


async def _run(work: Scan, within: float) -> None:
    """Search, and show how far it is; the first Ctrl-C ends it in order, the second at once."""
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        work.stop()

    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, work.stop)
    searching = asyncio.create_task(work.run(within), name="scan")
    try:
        await (_draw if live(sys.stderr) else _tell)(work, searching)
    finally:
        searching.cancel()
        await asyncio.wait({searching})
    searching.result()


async def _tell(work: Scan, searching: "asyncio.Task[None]") -> None:
    """Write a line for each device, when it is found."""
    told = 0
    while told < len(work.found) or not searching.done():
        for each in work.found[told:]:
            say(" ".join(_row(each)))
            told += 1
        await asyncio.wait({searching}, timeout=_TICK)


async def _draw(work: Scan, searching: "asyncio.Task[None]") -> None:
    """Draw a bar, the time left and what was found, over and over."""
    from rich.console import Console  # noqa: PLC0415  a pipe doesn't need it
    from rich.live import Live  # noqa: PLC0415

    from agent.cli.picture import picture  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    began = loop.time()
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as screen:
        while not searching.done():
            rows = [_row(each) for each in work.found]
            screen.update(picture(work, loop.time() - began, _COLUMNS, rows), refresh=True)
            await asyncio.wait({searching}, timeout=_TICK)


def _row(each: Found) -> tuple[str, str, str, str]:
    what = each.who.title or "a device that says nothing of itself"
    if each.who.by == "registers":
        what += " (by its registers)"
    elif each.who.candidates:
        what += "?"
    elif each.hit.says.startswith("exception"):
        what += f" ({each.hit.says})"
    return (str(each.hit.address), written(each.line), what, f"{each.seconds * 1000:.0f} ms")


def _report(work: Scan, where: Wire) -> None:
    if work.found:
        print_table(_COLUMNS, [_row(each) for each in work.found], err=True)
    for sentence in hints(work, where):
        say(sentence)


def _document(work: Scan, text: str) -> dict[str, Any]:
    """Return what was found, for programs."""
    return {
        "found": [_facts(each) for each in work.found],
        "damaged": [
            {"address": address, **_line(line), "reason": how}
            for (line, address), how in work.damaged.items()
        ],
        "noise": [{**_line(line), "bytes": count} for line, count in work.noise.items()],
        "tried": work.tried,
        "left": work.search.left,
        "ended": work.ended or None,
        "station_toml": text,
    }


def _facts(each: Found) -> dict[str, Any]:
    model = each.who.model
    return {
        "address": each.hit.address,
        **_line(each.line),
        "says": each.hit.says,
        "texts": dict(each.who.texts),
        "model": model.name if model else None,
        "candidates": [other.name for other in each.who.candidates],
        "seconds": round(each.seconds, 3),
        "hints": list(each.hit.hints),
        "also": [_line(line) for line in each.also],
    }


def _line(line: Wire) -> dict[str, Any]:
    keys = {"device", "baudrate", "parity", "data_bits", "stop_bits", "host", "port", "framing"}
    return line.model_dump(include=keys)
