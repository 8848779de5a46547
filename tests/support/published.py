"""What a consumer makes of a payload: RFC 8428, then the extensions of the published interface."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

from tests.support import senml

_FIELDS = {"n", "u", "t", "v", "vs", "q", "why", "log", "seq"}


def records(payload: bytes) -> list[senml.Record]:
    """Return the records of a payload of any form, resolved; fail where a rule is broken."""
    if payload[0] == 0x78:
        payload = zlib.decompress(payload)
    if payload[0] == ord("["):
        found = senml.from_json(payload)
        assert all({"q", "log", "seq"} <= record.keys() for record in found)
        assert all(b'"v":%d,' % record["v"] not in payload for record in found if "v" in record)
    else:
        assert 0x80 <= payload[0] < 0xA0
        found = list(_filled_up(senml.from_cbor(payload)))
    resolved = senml.resolve(found)
    senml.check_resolved(resolved)
    for record in resolved:
        _check(record)
    return resolved


class HasPayload(Protocol):
    """A message, whoever received it."""

    @property
    def payload(self) -> bytes:
        """What it says."""


def numbers(messages: Iterable[HasPayload]) -> list[int]:
    """Return the numbers of all records, in the order and as often as they came in."""
    return [record["seq"] for each in messages for record in records(each.payload)]


def _filled_up(found: list[senml.Record]) -> Iterator[senml.Record]:
    """Yield records with what CBOR leaves out: ``q`` where it is 1, ``log`` with ``seq``."""
    log, seq = None, 0
    for record in found:
        assert ("log" in record) == ("seq" in record)
        assert record.get("q") != 1, "left out where it is 1"
        assert (record.get("log"), record.get("seq")) != (log, seq + 1), "left out where it follows"
        log, seq = record.get("log", log), record.get("seq", seq + 1)
        assert log is not None, "the first record has both"
        yield {"q": 1, **record, "log": log, "seq": seq}


def _check(record: senml.Record) -> None:
    assert record.keys() <= _FIELDS, record
    event = record["n"].split("/")[1] == "event"
    assert bool(record.get("u")) != event, "u stands, but for events"
    assert ("u" in record) != event
    assert isinstance(record["log"], str)
    assert record["seq"] >= 1
    assert round(record["t"], 3) == record["t"], "to the ms"
    if "vs" in record:
        assert record["q"] == 9
        assert record["vs"]
    else:
        assert record["q"] in {1, 2, 3, 4}
    assert ("why" in record) <= (record["q"] in {3, 4})
