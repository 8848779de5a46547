"""SenML as RFC 8428 has it: a decoder written from the RFC alone, whose errors are its rules.

It is the judge of what the agent publishes, so it knows nothing of how that is made.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

import cbor2

Record = dict[str, Any]

VERSION: Final = 10  # section 4.1
RELATIVE_BELOW: Final = 2**28  # section 4.5.3

# Section 4.3, table 1; the integer labels are section 6's.
LABELS: Final = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
_TEXTS: Final = ("bn", "bu", "n", "u", "vs")
_NUMBERS: Final = ("bt", "bv", "bs", "v", "s", "t", "ut")
_VALUES: Final = ("v", "vs", "vb", "vd")
_BASES: Final = ("bn", "bt", "bu", "bv", "bs")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*")  # section 4.5.1


class SenmlError(ValueError):
    """A pack breaks a rule of the RFC."""


def from_json(payload: bytes) -> list[Record]:
    """Return the records of a JSON pack, as they stand (section 5)."""
    try:
        found = json.loads(
            payload.decode("utf-8"),
            parse_constant=_refuse,
            parse_float=_lower_case,
            object_pairs_hook=_once,
        )
    except ValueError as error:
        raise SenmlError(str(error)) from error
    return _checked(found, data=str)


def from_cbor(payload: bytes) -> list[Record]:
    """Return the records of a CBOR pack, as they stand, with the labels of JSON (section 6)."""
    if not payload or payload[0] >> 5 != 4 or payload[0] == 0x9F:
        raise SenmlError("not an array of definite length")
    source = BytesIO(payload)
    found = cbor2.CBORDecoder(source).decode()
    if source.read():
        raise SenmlError("something follows the pack")
    return _checked([_labelled(record) for record in found], data=bytes)


def resolve(records: Sequence[Record]) -> list[Record]:
    """Apply the base fields (section 4.6). A time that would be relative is an error here."""
    base: Record = {"bn": "", "bt": 0}
    resolved = []
    for record in records:
        base.update({label: record[label] for label in _BASES if label in record})
        one = {label: value for label, value in record.items() if label not in _BASES}
        one["n"] = base["bn"] + one.get("n", "")
        one["t"] = base["bt"] + one.get("t", 0)
        if "u" not in one and "bu" in base:
            one["u"] = base["bu"]
        for label, added in (("v", "bv"), ("s", "bs")):
            if added in base and (label in one or not set(_VALUES) & set(one)):
                one[label] = base[added] + one.get(label, 0)
        _check_resolved(one)
        resolved.append(one)
    return resolved


def check_resolved(records: Sequence[Record]) -> None:
    """Hold a pack to section 4.6's "resolved": no base fields, absolute times, in their order."""
    for record in records:
        if set(_BASES) & set(record):
            raise SenmlError("a base field in a resolved record")
        _check_resolved(record)
    times = [record["t"] for record in records]
    if times != sorted(times):
        raise SenmlError("not in chronological order")


def _refuse(constant: str) -> float:
    raise SenmlError(f"{constant} is no JSON")


def _lower_case(number: str) -> float:
    if "E" in number:
        raise SenmlError("the e of an exponent must be in lower case")
    return float(number)


def _once(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise SenmlError("a label stands twice in a record")
    return record


def _labelled(record: object) -> object:
    if not isinstance(record, Mapping):
        return record
    named = {}
    for label, value in record.items():
        if label in LABELS.values() or (isinstance(label, int) and label not in LABELS):
            raise SenmlError(f"label {label!r} isn't CBOR's")
        named[LABELS.get(label, label)] = float(value) if isinstance(value, Decimal) else value
    return named


def _checked(found: object, data: type) -> list[Record]:
    if not isinstance(found, list) or not found:
        raise SenmlError("a pack is an array of one record or more")
    for record in found:
        if not isinstance(record, dict):
            raise SenmlError("a record is an object")
        _check_types(record, data)
    versions = {record.get("bver", VERSION) for record in found if "bver" in record}
    if versions - {VERSION} or any(type(version) is not int for version in versions):
        raise SenmlError("a version that this decoder doesn't know")
    return found


def _check_types(record: Record, data: type) -> None:
    for label, value in record.items():
        if not isinstance(label, str):
            raise SenmlError(f"label {label!r} isn't text")
        if label in LABELS.values():
            right = (
                (label in _TEXTS and isinstance(value, str))
                or (label in _NUMBERS and _is_number(value))
                or (label == "vb" and isinstance(value, bool))
                or (label == "vd" and isinstance(value, data))
                or label == "bver"
            )
            if not right:
                raise SenmlError(f"{label} can't be {value!r}")
        elif label.endswith("_"):
            raise SenmlError(f"{label} must be understood, and isn't")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_resolved(record: Record) -> None:
    if not _NAME.fullmatch(record.get("n", "")):
        raise SenmlError(f"not a name: {record.get('n')!r}")
    values = sum(label in record for label in _VALUES)
    if values > 1 or (values == 0 and "s" not in record):
        raise SenmlError("a record has exactly one value, or a sum")
    if record.get("t", 0) < RELATIVE_BELOW:
        raise SenmlError(f"time {record.get('t')} is relative")
