"""What goes over a wire, for people (``-v``) and for ``replay`` (``--record``)."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click

from drivers.bus import Bus
from drivers.replay import Event, Recorder


class WireLog:
    """Hears buses: prints what goes over them, or records it, or both.

    Attributes:
        recorder: of the one wire that is recorded; None where none is.
    """

    def __init__(self, *, verbose: bool, recorder: Recorder | None) -> None:
        """Take whom to tell; :meth:`hear` each wire."""
        self.recorder = recorder
        self._verbose = verbose
        self._began: float | None = None

    @property
    def listens(self) -> bool:
        """Whether anybody wants to know what goes over a wire."""
        return self._verbose or self.recorder is not None

    def hear(self, bus: Bus) -> None:
        """Be told what goes over a wire from now on."""

        def tell(direction: Literal[">", "<"], data: bytes) -> None:
            if self.recorder is not None:
                self.recorder(direction, data)
            if self._verbose:
                self._print(bus.name, direction, data)

        if self.listens:
            bus.tap = tell

    def _print(self, name: str, direction: Literal[">", "<"], data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        if self._began is None:
            self._began = now
        click.echo(f"{name} {Event(now - self._began, direction, data)}", err=True)


@contextmanager
def wirelog(*, verbose: bool, record: Path | None, tables: Mapping[str, Any]) -> Iterator[WireLog]:
    """Yield a log of wires.

    Args:
        verbose: whether it prints.
        record: where it records to.
        tables: ``bus`` and ``sensor`` of what is recorded, as they stand in ``station.toml``.

    Raises:
        click.ClickException: it can't be written there.
    """
    if record is None:
        yield WireLog(verbose=verbose, recorder=None)
        return
    with _writing(record):
        out = record.open("w", encoding="utf-8")
        recorder = Recorder(out, tables)
    try:
        yield WireLog(verbose=verbose, recorder=recorder)
    finally:
        with _writing(record), out, recorder:  # what they hold back is written here
            pass


@contextmanager
def _writing(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"{file} can't be written: {error.strerror}. Name another file."
        ) from error
