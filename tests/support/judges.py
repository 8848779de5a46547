"""The judges of a system test: what the store holds beside what an operator received."""

from pathlib import Path

from agent.audit import Auditor, Verdict
from agent.record import Stored
from agent.store import Store
from tests.support import senml
from tests.support.operator import Heard

Identity = tuple[str, int]


async def stored(path: Path) -> dict[Identity, senml.Record]:
    """Return the records of a store that no agent has open, as they must be published."""
    records: dict[Identity, senml.Record] = {}
    store = await Store.open(path, "chu-01")
    try:
        place = 0
        while rounds := await store.read(place, 1000):
            place = rounds[-1].after
            for each in rounds:
                records |= {(each.log, r["seq"]): r for r in _records(each)}
    finally:
        await store.close()
    return records


def _records(each: Stored) -> list[senml.Record]:
    layout, found = each.round.layout, each.round
    records = []
    for column, (name, unit) in enumerate(zip(layout.names, layout.units, strict=True)):
        value, quality = found.values[column], found.qualities[column]
        reason = found.reasons.get(column)
        record: senml.Record = {
            "n": f"{each.station}/{layout.sensor}/{name}",
            "t": found.time / 1000,
            "q": quality,
            "log": each.log,
            "seq": each.first + column,
        }
        record |= {"u": unit} if unit else {}
        record |= {"vs": reason} if value is None else {"v": value}
        if value is not None and reason:
            record["why"] = reason
        records.append(record)
    return records


def audited(heard: Heard) -> Verdict:
    """Return the audit's verdict on all that an operator heard from the beginning on."""
    auditor = Auditor(whole=True)
    for message in heard.messages:
        auditor.take(f"aryk/chu-01/{message.topic}", message.payload)
    return auditor.verdict()


def caught_up(heard: Heard, since: int = 0) -> bool:
    """Say whether no number below the highest that came is lacking.

    Args:
        heard: what came.
        since: and whether at least so many records came.
    """
    highest: dict[str, int] = {}
    for log, number in heard.records:
        highest[log] = max(highest.get(log, 0), number)
    return len(heard.records) == sum(highest.values()) and len(heard.records) > since
