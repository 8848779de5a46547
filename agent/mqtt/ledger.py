"""The topic ``ledger``: what one broker can hold the station to, log by log."""

import json
from collections.abc import Mapping
from typing import Any, Final

from agent.clock import iso
from agent.store import Store

_LARGEST: Final = 1_000_000  # bytes of a ledger that is believed


def content(store: Store, broker: str, *, session: int, now: int) -> Mapping[str, Any]:
    """Return the ledger of a broker, as of ``now``, ms UTC."""
    return {
        "time": iso(now),
        "session": session,
        "logs": [
            {
                "log": entry.log,
                "first": entry.first,
                "next": entry.next,
                "waiting": entry.waiting,
                "gaps": entry.gaps,
                "gaps_from": entry.gaps_from,
            }
            for entry in store.ledger(broker)
        ],
    }


async def heed(store: Store, broker: str, retained: bytes) -> None:
    """Let the store know which numbers a broker has seen: if it never gave them, it is a copy.

    What isn't a ledger is passed over: it may come from anybody who may write there.
    """
    try:
        logs = json.loads(retained)["logs"] if len(retained) <= _LARGEST else ()
        seen = [(str(each["log"]), int(each["next"])) for each in logs]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    for log, following in seen:
        await store.seen(broker, log, following)
