"""A round as a blob: columns, with a checksum that covers where they stand.

Little-endian: CRC-32 of all that follows (4 bytes), version (1), flags (1), time in ms (8), the
values as doubles (NaN where there is none), the qualities (one byte if all are the same), then,
if there are any, the reasons: each text once, with the columns that it is said of. The checksum
begins with the heading, the place and the count, so that a row that was moved, or got another's
heading, is noticed as well as a flipped bit.
"""

import struct
from collections.abc import Mapping
from typing import Final
from zlib import crc32

from agent.record import Layout, Round
from agent.store.errors import StoreError

_VERSION: Final = 1
_MISSING: Final = 1  # some values are NaN: no value
_UNIFORM: Final = 2  # one quality stands for all
_REASONS: Final = 4  # reasons follow
_KNOWN: Final = _MISSING | _UNIFORM | _REASONS

_HEAD: Final = struct.Struct("<BBq")
_CHECKSUM: Final = struct.Struct("<I")
_WHERE: Final = struct.Struct("<QI")
_REASON: Final = struct.Struct("<HH")
_NAN: Final = float("nan")


def encode(round_: Round, place: int, heading: int) -> bytes:
    """Return the blob of a round.

    Args:
        round_: at most 65,535 columns.
        place: where it will stand.
        heading: the checksum of its stored heading.
    """
    values, qualities, reasons = round_.values, round_.qualities, round_.reasons
    flags = 0
    numbers = values
    if None in values:
        flags |= _MISSING
        numbers = tuple(_NAN if value is None else value for value in values)
    if qualities.count(qualities[:1]) == len(qualities):
        flags |= _UNIFORM
        qualities = qualities[:1]
    if reasons:
        flags |= _REASONS
    body = b"".join(
        (
            _HEAD.pack(_VERSION, flags, round_.time),
            struct.pack(f"<{len(values)}d", *numbers),
            qualities,
            _pack_reasons(reasons) if reasons else b"",
        )
    )
    return _CHECKSUM.pack(_checksum(body, place, len(values), heading)) + body


def decode(blob: bytes, layout: Layout, place: int, count: int, heading: int) -> Round:
    """Return the round of a blob that was read at a place.

    Raises:
        StoreError: it isn't what was written there, or a newer version wrote it.
    """
    body = blob[_CHECKSUM.size :]
    sound = count == len(layout.names) and isinstance(
        blob, bytes
    )  # a flipped bit changes types, too
    if not sound or blob[: _CHECKSUM.size] != _CHECKSUM.pack(
        _checksum(body, place, count, heading)
    ):
        raise StoreError(
            f"the record at place {place} is damaged: its checksum doesn't fit. "
            "Check the disk or memory card, and keep a copy of the store"
        )
    version, flags, time = _HEAD.unpack_from(body)
    if version != _VERSION or flags & ~_KNOWN:
        raise StoreError(
            f"the record at place {place} was written by a newer version of aryk. Install that one"
        )
    at = _HEAD.size
    values: tuple[float | None, ...] = struct.unpack_from(f"<{count}d", body, at)
    if flags & _MISSING:
        values = tuple(None if value != value else value for value in values)  # noqa: PLR0124 -- only NaN differs from itself
    at += 8 * count
    if flags & _UNIFORM:
        qualities, at = body[at : at + 1] * count, at + 1
    else:
        qualities, at = body[at : at + count], at + count
    reasons = _unpack_reasons(body, at) if flags & _REASONS else {}
    return Round(layout, time, values, qualities, reasons)


def heading_checksum(sensor: str, columns: str) -> int:
    """Return the checksum of a stored heading; ``columns`` is its JSON."""
    return crc32(f"{sensor}\n{columns}".encode())


def time_of(blob: bytes) -> int:
    """Return the time of a blob's round, ms UTC, unchecked."""
    return int(_HEAD.unpack_from(blob, _CHECKSUM.size)[2])


def _checksum(body: bytes, place: int, count: int, heading: int) -> int:
    return crc32(body, crc32(_WHERE.pack(place, count), heading))


def _pack_reasons(reasons: Mapping[int, str]) -> bytes:
    columns: dict[str, list[int]] = {}
    for column, reason in reasons.items():
        columns.setdefault(reason, []).append(column)
    packed = bytearray()
    for reason, said_of in columns.items():
        text = reason.encode()
        packed += _REASON.pack(len(text), len(said_of)) + text
        packed += struct.pack(f"<{len(said_of)}H", *said_of)
    return bytes(packed)


def _unpack_reasons(body: bytes, at: int) -> dict[int, str]:
    reasons: dict[int, str] = {}
    while at < len(body):
        length, count = _REASON.unpack_from(body, at)
        at += _REASON.size
        text = body[at : at + length].decode()
        at += length
        reasons.update(dict.fromkeys(struct.unpack_from(f"<{count}H", body, at), text))
        at += 2 * count
    return reasons
