"""What was found, as a piece of ``station.toml``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Final

from agent.commission.identify import Who
from agent.commission.scan import Found
from agent.commission.search import Wire, written
from agent.commission.target import Target
from drivers.bus import SerialBus
from drivers.fields import format_duration

_SLOW: Final = 0.25
"""Seconds; who takes longer gets a timeout of its own, twice as long as it took."""
_EVERY: Final = 'every = "60 s"'
_REGISTER: Final = 'channel.register_0 = { register = 0, type = "uint16", unit = "/" }'
_UNKNOWN: Final = """\
# {who}
# Register 0 only shows that it answers. Its manual says what stands where; aryk read with
# --address {address} and the settings above shows any register."""
_BY_REGISTERS: Final = ", by what its registers hold: compare with its type plate"
_INCOMPLETE: Final = """\
# What it is set to can't be read: `aryk devices {model}` says which keys its channels need."""


def piece(target: Target, found: Sequence[Found]) -> str:
    """Return the tables of a line and of the devices on it; where nothing was found, nothing.

    It can be loaded as it is, behind a ``[station]``. What can't be used is in its comments.
    """
    if not found:
        return ""
    line = _main(found)
    known = target.sensors or {}
    names = _names(found, known)
    parts = [_bus(target, line, [each for each in found if each.line == line])]
    for each in found:
        if (name := known.get(each.hit.address)) is not None:
            parts.append(f"# Address {each.hit.address} stands there already: sensor.{name}.")
        elif not _fits(each.line, line):
            parts.append(_apart(each, line))
        else:
            parts.append("\n".join(_sensor(each, names[id(each)], target.name, line)))
    return "\n\n".join(parts) + "\n"


def _main(found: Sequence[Found]) -> Wire:
    """Return the settings of most devices."""
    return Counter(each.line for each in found).most_common(1)[0][0]


def _fits(own: Wire, line: Wire) -> bool:
    """Return whether a device can share a line: a sensor may have a parity of its own."""
    if isinstance(own, SerialBus) and isinstance(line, SerialBus):
        return (own.baudrate, own.data_bits) == (line.baudrate, line.data_bits)
    return True


def _names(found: Sequence[Found], taken: Mapping[int, str]) -> dict[int, str]:
    """Return a name for each device, by its ``id()``."""
    bare = [
        (each.who.model.name if each.who.model else "") or f"device-{each.hit.address}"
        for each in found
    ]
    often = Counter([*bare, *taken.values()])
    return {
        id(each): name if often[name] == 1 else f"{name}-{each.hit.address}"
        for each, name in zip(found, bare, strict=True)
    }


def _bus(target: Target, line: Wire, found: Sequence[Found]) -> str:
    lines = [f"[bus.{target.name}]"]
    if isinstance(line, SerialBus):
        lines += [
            f"device = {_text(line.device)}",
            f"baudrate = {line.baudrate}",
            f'parity = "{line.parity}"',
        ]
        lines += [f"data_bits = {line.data_bits}"] if line.data_bits != 8 else []
        lines += [f"stop_bits = {line.stop_bits}"] if line.stop_bits != 1 else []
        lines += ["rs485 = true"] if line.rs485 else []
    else:
        lines += [f"host = {_text(line.host)}", f"port = {line.port}"]
    if line.framing not in ("rtu" if isinstance(line, SerialBus) else "tcp"):
        lines.append(f'framing = "{line.framing}"')
    slowest = max(each.seconds for each in found)
    if slowest > _SLOW:
        timeout = format_duration(ceil(20 * slowest) / 10)
        lines.append(f'timeout = "{timeout}"  # the slowest took {slowest * 1000:.0f} ms')
    return "\n".join(lines)


def _sensor(each: Found, name: str, bus: str, line: Wire) -> Iterator[str]:
    yield from (f"# {hint}" for hint in each.hit.hints)
    model = each.who.model
    keys = [
        f"[sensor.{name}]",
        'driver = "modbus"',
        f'bus = "{bus}"',
        f"address = {each.hit.address}",
    ]
    if isinstance(each.line, SerialBus) and each.line != line:
        keys.append(f'parity = "{each.line.parity}"')
    keys.append(_EVERY)
    if model is None:
        yield from _UNKNOWN.format(who=_who(each.who), address=each.hit.address).splitlines()
        yield from (*keys, _REGISTER)
        return
    yield f"# {model.title}" + _BY_REGISTERS * (each.who.by == "registers")
    keys.append(f'model = "{model.name}"')
    if model.complete:
        yield from keys
    else:
        yield _INCOMPLETE.format(model=model.name)
        yield from (f"# {key}" for key in keys)


def _who(who: Who) -> str:
    if who.candidates:
        return f"It may be {who.title}: then write model instead of channel."
    if who.texts:
        return f"It says: {who.title}. The device library doesn't have it."
    return "It doesn't say what it is."


def _apart(each: Found, line: Wire) -> str:
    who = each.who.title or "A device"
    return (
        f"# {who} with address {each.hit.address} speaks {written(each.line)}. A line has one "
        f"speed, this one {written(line)}:\n# change the speed of the device, with the maker's "
        "tool, or give it a port of its own."
    )


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
