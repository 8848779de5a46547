"""What the driver is tried on: a folder with two files, which are there or aren't."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drivers.bench import Bench


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Yield a table of two channels, and how to take their files away."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("temp", "volt")]

        def silence() -> None:
            for file in files:
                file.unlink()

        def revive() -> None:
            for file in files:
                file.write_text("21500\n", "ascii")

        revive()
        channels = {
            "temperature": {"file": str(files[0]), "scale": 0.001, "unit": "Cel"},
            "voltage": {"file": str(files[1]), "scale": 0.001, "unit": "V"},
        }
        table = {"driver": "sysfs", "every": "1 s", "channel": channels}
        yield Bench(table, silence=silence, revive=revive)
