"""The agent: polls instruments, keeps what they said, tells the brokers.

One log, many readers: a reading is written to the store first, and everything else reads the
store from a place of its own. ``docs/architecture.md`` shows the rooms and their doors.
"""

from typing import Final

__version__: Final = "0.1.0"
