"""What ``aryk devices`` and ``docs/devices.md`` say of a device, as rows and text."""

from collections.abc import Iterator, Mapping
from typing import Final

from drivers.fields import format_duration
from drivers.modbus.channel import Check, ModbusChannel, Rule
from drivers.modbus.library import Device, DeviceChannel, Line
from drivers.modbus.plan import MOST

Row = tuple[str, ...]

_HEAD: Final = """# Instruments that aryk knows

Made from `config/devices/` by `make docs`; don't edit it here. `aryk devices NAME` shows the same
at the station. Registers are addresses on the wire, from 0; units are the device's and, behind the
arrow, the published one. "From code" means that the numbers come from open-source code, not from a
manual. A question mark is what only the station can know.

"""
_ASKED: Final = {
    "raw_unit": "what the device is set to",
    "order": "ABCD CDAB BADC DCBA: aryk read shows all four",
    "scale": "0.1 for one decimal, 0.01 for two",
}


def instrument(device: Device) -> str:
    """Return maker and name, with the other names it is sold under."""
    maker = "" if device.maker == "several" else f"{device.maker} "
    also = f" = {', '.join(device.also)}" if device.also else ""
    return f"{maker}{device.name}{also}"


def line(device: Device) -> Row:
    """Return line settings and address as they leave the factory, where they are known."""
    return (str(device.line), str(device.line.address)) if device.line else ("?", "?")


def settings(device: Device) -> str:
    """Return protocol, line settings and address in a sentence's part."""
    known = f"{device.line}, address {device.line.address}" if device.line else "line not stated"
    return f"{device.protocol}, {known}"


def origin(device: Device) -> str:
    """Return where a file's numbers come from."""
    return "the manual" if device.evidence == "manual" else "code"


def _register(what: ModbusChannel | Check) -> str:
    order = f" {what.order}" if what.place.count > 1 else ""
    if isinstance(what, DeviceChannel) and "order" in what.ask:
        order = " order?"
    bits = getattr(what, "bits", None)
    return f"{what.table} {what.place.start} {what.type}{order}" + (
        f" bits {bits[0]} to {bits[1]}" if bits else ""
    )


def _unit(channel: DeviceChannel) -> str:
    if channel.is_fact:
        return "(about)"
    raw = "?" if "raw_unit" in channel.ask else channel.raw_unit or channel.unit
    return str(channel.unit) if raw == channel.unit else f"{raw} → {channel.unit}"


def _rule(rule: Rule, channel: ModbusChannel) -> str:
    where = rule.channel
    if rule.register_ is not None:
        bit = "" if rule.bit is None else f" bit {rule.bit}"
        where = f"{rule.table or channel.table} {rule.register_}{bit}"
    bounds = {"is": rule.is_, "above": rule.above, "below": rule.below}
    said = " and ".join(f"{key} {value}" for key, value in bounds.items() if value is not None)
    return f"{rule.quality} {rule.why} unless {where} {said}"


def channel_rows(device: Device) -> list[Row]:
    """Return a row a channel: name, unit, register, what it is, source, what qualifies it."""
    return [
        (
            name,
            _unit(each),
            _register(each),
            each.text,
            each.source,
            "; ".join(_rule(rule, each) for rule in each.good_when),
        )
        for name, each in device.channel.items()
    ]


def check_rows(device: Device) -> list[Row]:
    """Return a row a check: name, register, what is accepted, whom it concerns, where printed."""
    rows: list[Row] = []
    for name, check in device.check.items():
        units = [f"{code} {unit}" for code, unit in check.units.items()]
        accepted = ", ".join(units or map(str, check.accepted))
        rows.append((name, _register(check), accepted, ", ".join(check.channels), check.source))
    return rows


def snippet(name: str, device: Device) -> str:
    """Return what to write into ``station.toml`` for a device, ready but for names and places."""
    factory = device.line or Line()
    plain = [key for key, each in device.channel.items() if not each.ask and not each.is_fact]
    lines = ["[bus.rs485]", 'device = "/dev/ttyUSB0"', *_settings(factory)]
    lines += ["", "[sensor.gauge]", 'driver = "modbus"', 'bus = "rs485"']
    lines += [f"address = {factory.address}", 'every = "60 s"', f'model = "{name}"']
    if plain:
        lines.append("channels = [" + ", ".join(f'"{key}"' for key in plain) + "]")
    for key, each in device.channel.items():
        if each.ask:
            mark = "# " if plain else ""
            lines += ["", f"{mark}[sensor.gauge.channel.{key}]"]
            lines += [f"{mark}{asked}" for asked in _asked(each)]
    return "\n".join(lines) + "\n"


def _settings(settings: Line) -> Iterator[str]:
    yield f"baudrate = {settings.baudrate}"
    yield f'parity = "{settings.parity}"'
    if settings.data_bits != Line().data_bits:
        yield f"data_bits = {settings.data_bits}"
    if settings.stop_bits != Line().stop_bits:
        yield f"stop_bits = {settings.stop_bits}"


def _asked(channel: DeviceChannel) -> Iterator[str]:
    values = {"raw_unit": f'"{channel.unit}"', "order": '"ABCD"', "scale": "0.01"}
    for key in channel.ask:
        yield f"{key} = {values[key]}  # {_ASKED[key]}"


def document(known: Mapping[str, Device]) -> str:
    """Return the page of the documentation that shows the whole library."""
    heads = ("model", "instrument", "measures", "protocol", "line", "address", "from")
    rows = [
        (
            f"[{name}](#{name})",
            instrument(each),
            each.quantity,
            each.protocol,
            *line(each),
            each.evidence,
        )
        for name, each in known.items()
    ]
    sections = [_section(name, device) for name, device in known.items()]
    return _HEAD + _markdown(heads, rows) + "\n" + "\n".join(sections)


def _section(name: str, device: Device) -> str:
    limits = []
    if device.limits.most != MOST:
        limits.append(f"at most {device.limits.most} registers a request")
    if device.limits.pause:
        limits.append(f"{format_duration(device.limits.pause)} of silence before each")
    text = f"## {name}\n\n{instrument(device)}: {device.quantity}. "
    text += "; ".join([settings(device), *limits]) + ".\n"
    text += f"From {origin(device)}: {device.source}.\n\n"
    text += "".join(f"- {note}\n" for note in device.notes) + ("\n" if device.notes else "")
    heads: Row = ("channel", "unit", "register", "what it is", "printed", "quality")
    text += _markdown(heads, channel_rows(device))
    if device.check:
        heads = ("check", "register", "accepted", "channels", "printed")
        text += "\n" + _markdown(heads, check_rows(device))
    return text


def _markdown(heads: Row, rows: list[Row]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines)
