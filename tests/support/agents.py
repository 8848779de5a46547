"""The agent as a process, and what it writes to its log."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.processes import ARYK, process


class Log:
    """What an agent writes to its standard error, as JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self, event: str) -> list[dict[str, object]]:
        """Return the lines of an event that are complete."""
        text = self._path.read_text()
        found = [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]
        return [line for line in found if line["event"] == event]


@asynccontextmanager
async def running(
    config: Path, *before: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Log]]:
    """Run an agent, with a command before it that changes something of its surroundings."""
    path = config.with_suffix(".log")
    with path.open("ab") as errors:
        async with process(*before, ARYK, "run", "-c", str(config), stderr=errors) as agent:
            yield agent, Log(path)
