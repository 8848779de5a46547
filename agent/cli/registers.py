"""``aryk read --address``: registers as they are, in every way in which they can be read."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Any, Final

import click

from agent.cli.options import in_json, number, print_table, say
from agent.cli.wirelog import WireLog, wirelog
from agent.commission.registers import JUDGED, ORDERS, verdict
from agent.commission.search import written
from agent.commission.target import Target, TargetError, changed, of_bus, of_host, of_port, resolve
from agent.commission.window import Window, look
from agent.config import find, load
from drivers.base import DeviceError
from drivers.bus import Bus, SerialBus

_ONE_OFF: Final = (
    "Registers are counted from 0, as they go over the wire. Where a manual counts from 1, its "
    "number is one more; 40001 or 4x0001 is holding register 0, 30001 input register 0."
)
_NEIGHBOUR: Final = "Register {register} is there: does the manual count from 1?"


def show(
    given: Path | None,
    *,
    verbose: bool,
    as_json: bool,
    record: Path | None,
    between: tuple[float, float] | None,
    **keys: Any,
) -> None:
    """Read registers of one device and print them; end the process."""
    if keys["address"] is None or keys["register"] is None:
        raise click.UsageError("Name the device with --address and its register with --register.")
    if between is not None and not -inf < between[0] < between[1] < inf:
        raise click.UsageError("--between takes the lower value first, as --between 0.2 4.5.")
    try:
        target = _target(given, keys)
    except TargetError as error:
        raise click.UsageError(str(error)) from error
    line = target.line.model_dump(exclude_defaults=True, exclude_none=True)
    tables = {"bus": {target.name: line}}
    with wirelog(verbose=verbose, record=record, tables=tables) as log:
        try:
            window = asyncio.run(_look(target, log, keys))
        except DeviceError as error:
            say(str(error))
            sys.exit(1)
    if as_json:
        click.echo(json.dumps(_document(window, keys, between), indent=2))
    else:
        where = f"address {keys['address']}, {target.line.endpoint}"
        if isinstance(target.line, SerialBus):
            where += f", {written(target.line)}"
        _print(window, where, between)
    sys.exit(1 if window.refusal else 0)


def _target(given: Path | None, keys: Mapping[str, Any]) -> Target:
    places = [key for key in ("port", "host", "bus") if keys[key] is not None]
    if len(places) > 1:
        raise TargetError(f"Either --{places[0]} or --{places[1]}.")
    settings = {key: keys[key] for key in ("baudrate", "parity", "framing", "timeout")}
    if keys["port"] is not None:
        return of_port(keys["port"], **settings)
    if keys["host"] is not None:
        return of_host(keys["host"], **settings)
    named = keys["bus"]
    target = resolve(None, given) if named is None else of_bus(load(find(given)), named)
    return Target(target.name, changed(target.line, **settings))


async def _look(target: Target, log: WireLog, keys: Mapping[str, Any]) -> Window:
    from drivers.modbus.device import Device  # noqa: PLC0415  # pymodbus only where it is asked

    bus = Bus(target.name, target.line)
    log.hear(bus)
    try:
        device = Device(bus, keys["address"])
        return await look(device, keys["table"], keys["register"], keys["count"])
    finally:
        await bus.close()


def _print(window: Window, where: str, between: tuple[float, float] | None) -> None:
    click.echo(f"{window.table} of {where}")
    if window.table in ("coil", "discrete"):
        bits = [(_mark(window, bit), str(bit), str(window.values[bit])) for bit in _order(window)]
        print_table(("", "bit", "value"), bits)
    else:
        rows = [_register(window, register) for register in _order(window)]
        print_table(("", "register", "hex", "uint16", "int16", "bits", "text"), rows)
        _print_values(window, between)
    if window.refusal:
        say(window.refusal)
        if window.start - 1 in window.values:
            say(_NEIGHBOUR.format(register=window.start - 1))
    say(_ONE_OFF, err=False)


def _print_values(window: Window, between: tuple[float, float] | None) -> None:
    """Print two and four registers together, and what is plausible."""
    shown = False
    for size in (2, 4):
        if size <= window.count or size == 2:
            rows = list(_values(window, size, between))
            if rows:
                print_table(("", "registers", "type", *ORDERS), rows)
                shown = True
    if not shown:
        return
    within = "" if between is None else f", and from {between[0]:g} to {between[1]:g}"
    say(JUDGED.format(within=within), err=False)
    asked = window.together(window.count).get(window.start, []) if window.count in (2, 4) else []
    for readings in asked[:1]:  # the float; one of the whole numbers is nearly always plausible
        if said := verdict(readings, between):
            say(f"As {readings.type}: {said}", err=False)


def _order(window: Window) -> list[int]:
    return sorted(window.values)


def _mark(window: Window, first: int, size: int = 1) -> str:
    asked = window.is_asked(first) and window.is_asked(first + size - 1)
    return "▸" if asked else ""


def _register(window: Window, register: int) -> tuple[str, ...]:
    word = window.values[register]
    high, low = divmod(word, 256)
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in (high, low))
    signed = word - 0x10000 if word & 0x8000 else word
    bits = f"{high:08b} {low:08b}"
    mark = _mark(window, register)
    return (mark, str(register), f"{word:04X}", str(word), str(signed), bits, text)


def _span(first: int, size: int) -> str:
    return f"{first}, {first + 1}" if size == 2 else f"{first} to {first + size - 1}"


def _values(
    window: Window, size: int, between: tuple[float, float] | None
) -> Iterator[tuple[str, ...]]:
    for first, kinds in window.together(size).items():
        head = (_mark(window, first, size), _span(first, size))
        for readings in kinds:
            good = readings.plausible(between)
            values = (number(readings.values[o]) + " ✓" * (o in good) for o in ORDERS)
            yield (*head, readings.type, *values)
            head = ("", "")


def _document(
    window: Window, keys: Mapping[str, Any], between: tuple[float, float] | None
) -> dict[str, Any]:
    return {
        "address": keys["address"],
        "table": window.table,
        "asked": [window.start, window.start + window.count - 1],
        "refusal": window.refusal or None,
        "values": {str(register): window.values[register] for register in _order(window)},
        "together": [
            {
                "registers": [first, first + size - 1],
                **{readings.type: in_json(readings, between) for readings in kinds},
            }
            for size in (2, 4)
            for first, kinds in window.together(size).items()
        ],
    }
