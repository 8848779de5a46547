"""The agent: polls instruments, keeps what they said, tells the brokers.

One log, many readers: a reading is written to the store first, and everything else reads the
store from a place of its own. ``docs/architecture.md`` shows the rooms and their doors.
"""

from typing import Final

__version__: Final = "0.1.0"

BUILT: Final = 1_795_478_400.0
"""UTC, s since 1970, of this version (2026-11-24): no clock that says less is right."""
