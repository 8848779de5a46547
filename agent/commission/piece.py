"""What was found, as a piece of ``station.toml``."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

from agent.commission.identify import Who
from agent.commission.scan import Found
from agent.commission.search import Address, Wire, written
from agent.commission.target import Target
from drivers.bus import SerialBus, TcpBus
from drivers.fields import format_duration
from drivers.replay.toml import inline

_SLOW: Final = 0.25
"""Seconds; who takes longer gets a timeout of its own, twice as long as it took."""
_EVERY: Final = 'every = "60 s"'
_REGISTER: Final = 'channel.register_0 = { register = 0, type = "uint16", unit = "/" }'
_VALUE: Final = 'channel.value_1 = { position = 1, unit = "/" }'
_UNKNOWN_VALUE: Final = """\
# {who}
# Its manual says what its values are, and which command gives them."""
_UNKNOWN_REGISTER: Final = """\
# {who}
# Register 0 only shows that it answers: its manual says what stands where,
# and aryk read --address {address} --register N shows it."""
_BY_REGISTERS: Final = ", by what its registers hold: compare with its type plate"
_INCOMPLETE: Final = """\
# How it is set can't be read: aryk devices {model} says which keys
# its channels need."""
_OTHER_SPEED: Final = """\
# {who} with address {address} speaks {own}, and a wire has one speed,
# this one {line}: change the device's speed with its maker's tool, or give
# it a port of its own."""
_SAME_ADDRESS: Final = """\
# {who} with address {address} speaks {own}, but another device on this
# wire has its address, too: connect it alone, give it another one with
# aryk address, and scan again."""


def piece(target: Target, found: Sequence[Found]) -> str:
    """Return the tables of a wire and of the devices on it; where nothing was found, nothing.

    It can be loaded as it is: behind a ``[station]``, or in the ``station.toml`` that has the bus
    already. What can't be used as it is stands in comments.
    """
    if not found:
        return ""
    line = Counter(each.line for each in found).most_common(1)[0][0]  # that of most devices
    parts = [_bus(target, line, [each for each in found if each.line == line])]
    known = dict(target.sensors or {})
    taken = [*known.values()]
    for each in sorted(found, key=lambda each: each.line != line):
        address = each.hit.address
        if (name := known.get(address)) is not None and name not in taken:
            parts.append(_aside(_SAME_ADDRESS, each, line))
        elif name is not None:
            parts.append(f"# Address {address} stands there already: sensor.{name}.")
        elif not _fits(each.line, line):
            parts.append(_aside(_OTHER_SPEED, each, line))
        else:
            known[address] = _name(each, {*known.values()})
            parts.append("\n".join(_sensor(each, known[address], target.name, line)))
    return "\n\n".join(parts) + "\n"


def _fits(own: Wire, line: Wire) -> bool:
    """Return whether a device can share a wire: a sensor may have a parity of its own."""
    if isinstance(own, SerialBus) and isinstance(line, SerialBus):
        return (own.baudrate, own.data_bits) == (line.baudrate, line.data_bits)
    return True


def _name(each: Found, taken: set[str]) -> str:
    if each.who.model is not None and each.who.model.name not in taken:
        return each.who.model.name
    stem = each.who.model.name if each.who.model else "device"
    return f"{stem}-{_lower(each.hit.address)}"


def _lower(address: Address) -> str:
    """Return an address as a part of a name, which has no capitals."""
    text = str(address)
    return text if text == text.lower() else f"capital-{text.lower()}"


def _bus(target: Target, line: Wire, found: Sequence[Found]) -> str:
    table = "\n".join(_keys(target, line, found))
    if target.sensors is None:
        return table
    if line.endpoint == target.line.endpoint and written(line) == written(target.line):
        return f"# [bus.{target.name}] stands there already."
    other = f"# [bus.{target.name}] stands there with {written(target.line)}; this is right:"
    return "\n# ".join([other, *table.split("\n")])


def _keys(target: Target, line: Wire, found: Sequence[Found]) -> Iterator[str]:
    yield f"[bus.{target.name}]"
    if isinstance(line, TcpBus):
        yield f"host = {inline(line.host)}"
        yield f"port = {line.port}"
    else:
        yield f"device = {inline(line.device)}"
        yield f"baudrate = {line.baudrate}"
        yield f'parity = "{line.parity}"'
        for key in ("data_bits", "stop_bits", "rs485"):
            if (value := getattr(line, key)) != type(line).model_fields[key].default:
                yield f"{key} = {inline(value)}"
    if line.framing != type(line).model_fields["framing"].default:
        yield f'framing = "{line.framing}"'
    slowest = max(each.seconds for each in found)
    if slowest > _SLOW:
        timeout = format_duration(ceil(20 * slowest) / 10)
        yield f'timeout = "{timeout}"  # the slowest took {slowest * 1000:.0f} ms'


def _sensor(each: Found, name: str, bus: str, line: Wire) -> Iterator[str]:
    yield from (f"# {hint}" for hint in each.hit.hints)
    model, address = each.who.model, each.hit.address
    sdi12 = line.framing == "sdi12"
    keys = [
        f"[sensor.{name}]",
        f'driver = "{"sdi12" if sdi12 else "modbus"}"',
        f'bus = "{bus}"',
        f"address = {inline(address)}",
    ]
    if isinstance(each.line, SerialBus) and each.line != line:
        keys.append(f'parity = "{each.line.parity}"')
    keys.append(_EVERY)
    if model is None:
        unknown = _UNKNOWN_VALUE if sdi12 else _UNKNOWN_REGISTER
        yield from unknown.format(who=_who(each.who), address=address).splitlines()
        yield from (*keys, _VALUE if sdi12 else _REGISTER)
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
        return f"It says: {who.title}."
    return "It doesn't say what it is."


def _aside(sentence: str, each: Found, line: Wire) -> str:
    return sentence.format(
        who=each.who.title or "A device",
        address=each.hit.address,
        own=written(each.line),
        line=written(line),
    )
