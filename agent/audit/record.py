"""What a numbered record is: the published interface's "A record"."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeGuard

from agent.audit.ranges import OPEN
from agent.audit.senml import Fields, MalformedError, Pack, unpacked

_LOG: Final = re.compile(r"[a-z2-7]{8}")
_NAME: Final = re.compile(r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}/[a-z0-9_]{1,64}")
_IDENTITY: Final = frozenset(("log", "seq"))
_QUALITIES: Final = frozenset((1, 2, 3, 4, 9))
_MISSING: Final = 9  # the quality of what has no value
_FOREIGN: Final = frozenset(("s", "vb", "vd"))  # SenML's other values


class Record(NamedTuple):
    """One record.

    Attributes:
        log: the store's incarnation.
        number: its number in the log.
        content: everything else that it says, in one form for JSON and CBOR.
        event: which kind of event it is; empty for a reading.
        text: its ``vs``; empty where it has a value.
        revises: log and number of the original that it replaces.
    """

    log: str
    number: int
    content: str
    event: str
    text: str
    revises: tuple[str, int] | None


def records(payload: bytes) -> list[Record]:
    """Return the records of a payload of ``data`` or ``backfill``.

    Raises:
        MalformedError: it breaks a rule of RFC 8428 or of the interface.
    """
    try:
        return [_record(fields) for fields in _filled_up(unpacked(payload))]
    except (OverflowError, RecursionError) as error:
        raise MalformedError("a number or a structure without measure") from error


def is_log(name: object) -> TypeGuard[str]:
    """Say whether something can be the name of a log."""
    return isinstance(name, str) and _LOG.fullmatch(name) is not None


def is_number(number: object) -> TypeGuard[int]:
    """Say whether something can be a record's number."""
    return type(number) is int and 0 < number < OPEN


def _filled_up(pack: Pack) -> Iterator[Fields]:
    """Yield records with what CBOR leaves out: ``q`` where it is 1, ``log`` with ``seq``."""
    follows: Fields = {}
    for fields in pack.records:
        told = fields
        if not pack.is_json:
            told = {"q": 1, **(follows if _IDENTITY.isdisjoint(fields) else {}), **fields}
        _check_identity(told)
        follows = {"log": told["log"], "seq": told["seq"] + 1}
        yield told


def _record(fields: Fields) -> Record:
    _, sensor, channel = fields["n"].split("/")
    event = channel if sensor == "event" else ""
    _check_content(fields, event)
    log, number = fields["log"], fields["seq"]
    revises = None
    if "of" in fields:
        revises = (str(fields.get("of_log", log)), int(fields["of"]))
    return Record(log, number, _content(fields), event, fields.get("vs", ""), revises)


def _check_identity(fields: Fields) -> None:
    log, number = fields.get("log"), fields.get("seq")
    if not is_log(log) or not is_number(number):
        raise MalformedError(f"a record without an identity: log {log!r:.20}, seq {number!r:.20}")
    if not _NAME.fullmatch(fields["n"]):
        raise MalformedError(f"not station/sensor/channel: {fields['n']:.60}")
    if "of" in fields and not (is_number(fields["of"]) and is_log(fields.get("of_log", log))):
        raise MalformedError(f"of what isn't a record: {fields['of']!r:.20}")


def _check_content(fields: Fields, event: str) -> None:
    name, quality = fields["n"], fields.get("q")
    if ("v" in fields) == bool(fields.get("vs")) or not _FOREIGN.isdisjoint(fields):
        raise MalformedError(f"{name} has neither a value nor a reason, or more than one of them")
    if type(quality) is not int or quality not in _QUALITIES:
        raise MalformedError(f"{name} has no quality: {quality!r:.20}")
    if ("vs" in fields) != (quality == _MISSING):
        raise MalformedError(f"{name} has a quality that doesn't fit: {quality}")
    if not event and not fields.get("u"):
        raise MalformedError(f"{name} has no unit")


def _content(fields: Fields) -> str:
    told: dict[Any, Any] = {
        label: float(value) if type(value) is int else value
        for label, value in fields.items()
        if label not in _IDENTITY
    }
    told["t"] = round(fields["t"] * 1000)  # a base and a difference may miss the last bit
    return repr(sorted(told.items(), key=lambda item: str(item[0])))
