"""The store: the station's log, and what each broker lacks of it.

What it promises (each is a test by its number):

- S1. A record is stored when its commit with fsync has returned; nothing that isn't is numbered,
  read out or told to listeners. A commit takes whatever waits when the writer is free: a poll round
  at least, never a row at a time; what the brokers acknowledged rides along.
- S2. After a power cut or a kill at any moment, what was stored is there, and the store opens by
  itself; also where recovery, a migration or a checkpoint was cut off.
- S3. Numbers go up by one from 1, with no hole, in a log; each has one content for ever, and is
  never given out twice. A high-water mark beside the database, synced before its numbers are read
  out, the machine's fingerprint, and a broker's word (:meth:`Store.seen`) tell an older copy,
  another machine's copy, or a database that lost something. Then a new log begins. A file that is
  damaged, foreign or empty is moved aside and kept, and what can be read of it is taken over; a
  sound one goes on being used: what it holds is sent under its old numbers. What can't be read, and
  what was given out and isn't there, is a gap with a record.
- S4. All files together stay within ``max_size``. What every configured broker has goes first,
  oldest first; then the oldest files moved aside; then the oldest readings become hourly summaries
  where that wins room; then the oldest records are dropped. What somebody lacked has a gap record,
  which stays until all have it. With no broker nothing counts as acknowledged; a removed one holds
  nothing back. A database that has grown keeps its size, and uses it again.
- S5. A disk that is full, read-only, faulty or stalled never stops polling: rounds wait in memory,
  bounded; what even that couldn't hold is a gap record. After an fsync error or an unclean end
  nothing is read out until a checkpoint has succeeded. It recovers by itself.
- S6. One process writes. A second one is refused with a sentence that names the first.
- S7. Acknowledged records stay until room is needed: a broker can be sent everything again.

Two things it can't promise: a card that lies about having written may lose what was stored last,
which the mark then tells, unless the mark was lied about as well; and a record that was damaged is
noticed when it is read, not before.

An event is a record like any other: a round of one column (:func:`agent.record.event`).
"""

from agent.store.errors import StoreError
from agent.store.ledger import Entry
from agent.store.places import OPEN, Ranges, overlap, without
from agent.store.store import Start, Store

__all__ = ["OPEN", "Entry", "Ranges", "Start", "Store", "StoreError", "overlap", "without"]
