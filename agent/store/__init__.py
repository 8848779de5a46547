"""The store: the station's log, and where each broker stands in it.

What it promises:

- A round is stored when its commit with fsync has returned; nothing that isn't is numbered, read
  out or told to listeners. A commit takes whatever waits when the writer is free: a poll round at
  least, never a row at a time; the brokers' places ride along.
- After a power cut or a kill at any moment, what was stored is there, and the store opens by
  itself. Nothing is read out before what the last run left in the WAL is synced to the database.
- Numbers go up by one from 1, with no hole, in a log; each has one content for ever. A store
  opened for another station begins a new log; the old one keeps its station's id.
- One process writes. A second one is refused with a sentence that names the first.
- A disk that fails never stops polling: rounds wait in memory, bounded and counted, and are
  stored when it recovers.
- A row that was altered, moved or swapped on the disk is noticed, never read out.
"""

from agent.store.errors import StoreError
from agent.store.ledger import Entry
from agent.store.places import OPEN, Ranges, overlap, without
from agent.store.store import Start, Store

__all__ = ["OPEN", "Entry", "Ranges", "Start", "Store", "StoreError", "overlap", "without"]
