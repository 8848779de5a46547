"""What a station publishes, made by hand from the published interface alone."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

LOG = "k3f7q2xa"
NOON = 1_795_435_200.0

Waiting = Sequence[tuple[int, int]]
Gaps = Sequence[tuple[int, int, str]]


def reading(number: int, *, log: str = LOG, **fields: Any) -> dict[str, Any]:
    """Return a reading whose value tells its number; a field that is None is left out."""
    made = {"n": "chu-01/radar/distance", "u": "m", "t": NOON, "v": number / 1000, "q": 2}
    made |= {"log": log, "seq": number, **fields}
    return {label: value for label, value in made.items() if value is not None}


def event(number: int, kind: str, content: Any, *, log: str = LOG) -> dict[str, Any]:
    """Return an event."""
    name = f"chu-01/event/{kind}"
    return reading(number, log=log, n=name, u="", v=None, q=9, vs=json.dumps(content))


def pack(*records: dict[str, Any]) -> bytes:
    """Return a JSON pack."""
    return json.dumps(records).encode()


def readings(numbers: Iterable[int], log: str = LOG) -> bytes:
    """Return a JSON pack of readings."""
    return pack(*(reading(number, log=log) for number in numbers))


def entry(following: int, waiting: Waiting = (), gaps: Gaps = (), log: str = LOG) -> dict[str, Any]:
    """Return what a ledger says of one log."""
    return {"log": log, "first": 1, "next": following, "waiting": waiting, "gaps": gaps}


def ledger(second: int, *entries: dict[str, Any], session: int = 1) -> bytes:
    """Return the ledger of a second after noon."""
    time = datetime.fromtimestamp(NOON + second, UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"time": time, "session": session, "logs": entries}).encode()
