"""Stored rounds as SenML packs (RFC 8428), JSON or CBOR."""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from agent.mqtt import cbor
from agent.record import EVENT, Layout, Quality, Stored

CONTENT_TYPES: Final = {"json": "application/senml+json", "cbor": "application/senml+cbor"}
_FRAME: Final = 16  # bytes kept for a pack's brackets and zlib's own frame

# RFC 8428, table 4: integer labels of CBOR.
_BASE_NAME, _BASE_TIME, _BASE_UNIT = cbor.integer(-2), cbor.integer(-3), cbor.integer(-4)
_NAME, _UNIT, _VALUE, _TEXT, _TIME = (cbor.integer(label) for label in (0, 1, 2, 3, 6))
_QUALITY, _WHY, _LOG, _SEQ = (cbor.text(label) for label in ("q", "why", "log", "seq"))


@dataclass(frozen=True, slots=True)
class Pack:
    """One message: its payload, the place behind its last reading, the count of its readings."""

    payload: bytes
    place_after: int
    readings: int


def number(value: float) -> str:
    """Return a finite number as JSON, always with a decimal point."""
    text = repr(float(value))
    return text if "." in text else text.replace("e", ".0e")


@lru_cache(maxsize=1024)
def _heads(station: str, layout: Layout) -> tuple[str, ...]:
    return tuple(
        f'{{"n":{json.dumps(f"{station}/{layout.sensor}/{name}")},'
        + (f'"u":{json.dumps(unit)},' if unit else "")
        + '"t":'
        for name, unit in zip(layout.names, layout.units, strict=True)
    )


def _json_records(stored: Stored) -> Iterator[bytes]:
    found = stored.round
    when, log, reasons = repr(found.time / 1000), stored.log, found.reasons
    columns = zip(_heads(stored.station, found.layout), found.values, found.qualities, strict=True)
    for column, (head, value, quality) in enumerate(columns):
        said = f'"vs":{json.dumps(reasons[column])}' if value is None else f'"v":{number(value)}'
        why = ""
        if quality in (Quality.SUSPECT, Quality.FAIL) and value is not None and column in reasons:
            why = f',"why":{json.dumps(reasons[column])}'
        yield (
            f'{head}{when},{said},"q":{quality}{why},"log":"{log}","seq":{stored.first + column}}}'
        ).encode()


class _Cbor:
    """Encodes the records of one pack, each against the pack's first and the one before."""

    def __init__(self) -> None:
        self._base: tuple[str, int, str] | None = None
        self._before = ("", 0)

    def records(self, stored: Stored) -> Iterator[bytes]:
        for column in range(len(stored.round)):
            yield self._record(stored, column)

    def _record(self, stored: Stored, column: int) -> bytes:
        found, layout = stored.round, stored.round.layout
        fields: list[bytes] = []
        name, unit = f"{layout.sensor}/{layout.names[column]}", layout.units[column]
        if self._base is None:
            self._base = (f"{stored.station}/", found.time // 1000, unit)
            fields += [_BASE_NAME + cbor.text(self._base[0])]
            fields += [_BASE_TIME + cbor.integer(self._base[1])]
            fields += [_BASE_UNIT + cbor.text(unit)] if unit else []
        fields.append(_NAME + cbor.text(name))
        if unit != self._base[2]:
            fields.append(_UNIT + cbor.text(unit))
        # Both are multiples of the last bit of the time, so base and difference give it exactly.
        if later := found.time / 1000 - self._base[1]:
            fields.append(
                _TIME + (cbor.integer(int(later)) if later % 1 == 0 else cbor.real(later))
            )
        fields += _said(stored, column)
        identity = (stored.log, stored.first + column)
        if identity != (self._before[0], self._before[1] + 1):
            fields += [_LOG + cbor.text(identity[0]), _SEQ + cbor.integer(identity[1])]
        self._before = identity
        return cbor.head(5, len(fields)) + b"".join(fields)


def _said(stored: Stored, column: int) -> list[bytes]:
    found = stored.round
    value, quality, reason = (
        found.values[column],
        found.qualities[column],
        found.reasons.get(column),
    )
    fields = [_TEXT + cbor.text(reason or "") if value is None else _VALUE + cbor.real(value)]
    if quality != Quality.GOOD:
        fields.append(_QUALITY + cbor.integer(quality))
    if value is not None and reason and quality in (Quality.SUSPECT, Quality.FAIL):
        fields.append(_WHY + cbor.text(reason))
    return fields


class Packer:
    """Makes packs.

    Args:
        form: ``json`` or ``cbor``.
        compress: zlib over the pack.
    """

    def __init__(self, form: Literal["json", "cbor"], *, compress: bool = False) -> None:
        """Take the format."""
        self._form = form
        self._compress = compress

    @property
    def content_type(self) -> str:
        """What MQTT 5 says of the payload."""
        return CONTENT_TYPES[self._form]

    def pack(self, stored: Sequence[Stored], room: int = 64_000, most: int = 500) -> Pack:
        """Return a pack of as much of ``stored`` (one round at least) as one may hold.

        It ends where time would go back, where another station's id begins, between readings and
        events, and at its limits.

        Args:
            stored: rounds in the order of their places.
            room: bytes before compression; a single reading is never refused for it.
            most: records.
        """
        records: list[bytes] = []
        size, place = 0, stored[0].place
        for record in self._records(stored):
            size += len(record) + 1
            if records and (size > room - _FRAME or len(records) == most):
                break
            records.append(record)
            place += 1
        if self._form == "json":
            payload = b"[" + b",".join(records) + b"]"
        else:
            payload = cbor.head(4, len(records)) + b"".join(records)
        return Pack(zlib.compress(payload) if self._compress else payload, place, len(records))

    def _records(self, stored: Sequence[Stored]) -> Iterator[bytes]:
        encode: Callable[[Stored], Iterator[bytes]] = _json_records
        if self._form == "cbor":
            encode = _Cbor().records
        time, station, place = stored[0].round.time, stored[0].station, stored[0].place
        events = stored[0].round.layout.sensor == EVENT
        for each in stored:
            if each.round.time < time or each.station != station or each.place != place:
                return
            if (each.round.layout.sensor == EVENT) != events:
                return  # they have no unit, and a pack's base unit would become theirs
            yield from encode(each)
            time, place = each.round.time, each.after
