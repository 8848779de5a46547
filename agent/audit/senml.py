"""SenML packs (RFC 8428), JSON and CBOR, plain or compressed, to resolved records.

Written from the RFC and the published interface alone: it judges what the publisher makes, and
knows nothing of how that is made.
"""

import json
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from agent.audit import cbor

Fields = dict[str, Any]
"""A resolved record: each field by its JSON label."""

_LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a pack after decompression; the station's own limit is far below."""

_VERSION: Final = 10  # section 4.1
_RELATIVE_BELOW: Final = 2**28  # section 4.5.3

# Table 4: what CBOR has as an integer.
_LABELS: Final = {
    -6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_OF_THE_RFC: Final = frozenset(_LABELS.values())
_NUMBERS: Final = frozenset(("bs", "bv", "bt", "v", "s", "t", "ut"))
_TEXTS: Final = frozenset(("bn", "bu", "n", "u", "vs"))
_BASES: Final = frozenset(("bn", "bt", "bu", "bv", "bs", "bver"))
_VALUES: Final = frozenset(("v", "vs", "vb", "vd"))
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")  # section 4.5.1


class MalformedError(ValueError):
    """A payload that breaks a rule; the message says which."""


class Pack(NamedTuple):
    """A pack's records, and whether they came as JSON; otherwise as CBOR."""

    is_json: bool
    records: list[Fields]


def unpacked(payload: bytes) -> Pack:
    """Return a pack of any form, with base fields applied (section 4.6).

    Raises:
        MalformedError: it isn't a pack, or breaks a rule of the RFC.
    """
    if payload[:1] == b"\x78":
        payload = _decompressed(payload)
    is_json = payload[:1] == b"["
    if not is_json and not (payload and 0x80 <= payload[0] < 0xA0):
        raise MalformedError("neither JSON nor CBOR nor zlib")
    found = _from_json(payload) if is_json else _from_cbor(payload)
    if not found:
        raise MalformedError("an empty pack")
    try:
        return Pack(is_json, _resolved(found))
    except OverflowError as error:
        raise MalformedError("a number that is too large") from error


def _decompressed(payload: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        pack = unpacker.decompress(payload, _LARGEST)
    except zlib.error as error:
        raise MalformedError("not zlib") from error
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedError("zlib that doesn't end with the payload, or is too large")
    return pack


def _from_json(payload: bytes) -> list[Any]:
    try:
        found: list[Any] = json.loads(
            payload.decode(),
            parse_constant=_refuse,
            parse_float=_lower_case,
            object_pairs_hook=_once,
        )
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    return found


def _refuse(constant: str) -> float:
    raise MalformedError(f"{constant} is no JSON")


def _lower_case(number: str) -> float:
    if "E" in number:
        raise MalformedError("the e of an exponent must be in lower case")  # section 5
    return float(number)


def _once(pairs: list[tuple[str, Any]]) -> Fields:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise MalformedError("a label stands twice in a record")
    return record


def _from_cbor(payload: bytes) -> list[Any]:
    try:
        found = cbor.decode(payload)
    except cbor.CborError as error:
        raise MalformedError(f"not CBOR: {error}") from error
    return [_labelled(record) for record in found]


def _labelled(record: object) -> object:
    """Return a record of CBOR with the labels of JSON (section 6)."""
    if not isinstance(record, dict):
        return record
    if not _OF_THE_RFC.isdisjoint(record):
        raise MalformedError("a text label that CBOR has as an integer")
    return {_LABELS.get(label, label): value for label, value in record.items()}


def _resolved(found: Sequence[Any]) -> list[Fields]:
    base: Fields = {"bn": "", "bt": 0}
    records: list[Fields] = []
    time = -math.inf
    for record in found:
        if not isinstance(record, dict):
            raise MalformedError("a record that is no object")
        _check(record)
        base.update((label, record[label]) for label in _BASES & record.keys())
        one = _applied(base, record)
        if one["t"] < time:
            raise MalformedError("time goes back in a pack")
        time = one["t"]
        records.append(one)
    return records


def _check(record: Mapping[Any, Any]) -> None:
    """Hold a record's fields to their types (table 1)."""
    for label, value in record.items():
        if label in _NUMBERS:
            right = type(value) in (int, float) and math.isfinite(value)
        elif label in _TEXTS:
            right = isinstance(value, str)
        elif label == "bver":
            right = type(value) is int and 0 < value <= _VERSION
        else:
            right = not str(label).endswith("_")  # section 4.4: "must understand"
        if not right:
            raise MalformedError(f"{label!r:.24} can't be {value!r:.40}")


def _applied(base: Fields, record: Fields) -> Fields:
    one = {label: value for label, value in record.items() if label not in _BASES}
    one["n"] = base["bn"] + one.get("n", "")
    one["t"] = base["bt"] + one.get("t", 0)
    if "bu" in base:
        one.setdefault("u", base["bu"])
    for label, added in (("v", "bv"), ("s", "bs")):
        if added in base and (label in one or one.keys().isdisjoint(_VALUES)):
            one[label] = base[added] + one.get(label, 0)
    if not _NAME.fullmatch(one["n"]):
        raise MalformedError(f"not a name: {one['n']!r:.60}")
    if one["t"] < _RELATIVE_BELOW:
        raise MalformedError("a time that is relative")
    return one
