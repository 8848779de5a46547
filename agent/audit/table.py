"""A verdict for people: a table on a terminal, lines elsewhere."""

from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.audit.verdict import LogVerdict, State, StationVerdict, Verdict, spoken

_STYLES: Final = {
    State.BROKEN: "bold white on red",
    State.INCOMPLETE: "bold red",
    State.WAITING: "yellow",
    State.UNPROVED: "dim",
    State.COMPLETE: "green",
}


def screen(verdict: Verdict) -> RenderableType:
    """Return the table, with what else is to be said below it."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head in ("station", "log", "judged", "arrived"):
        table.add_column(
            head, no_wrap=head != "judged", justify="right" if head == "arrived" else "left"
        )
    table.add_column("how it stands", overflow="fold")
    for station in verdict.stations:
        for log in station.logs:
            table.add_row(*_cells(station, log))
        if not station.logs:
            table.add_row(Text(_name(station)), "", "", "", Text("nothing heard of any log", "dim"))
    return Group(table, *(Text(line, "dim") for line in _foot(verdict)))


def lines(verdict: Verdict) -> Iterator[str]:
    """Yield the same as plain lines, with tabs."""
    for station in verdict.stations:
        for log in station.logs:
            for said in (log.sentence, *log.notes):
                yield f"{station.station}\t{log.log}\t{said}"
    yield from _foot(verdict)


def _cells(station: StationVerdict, log: LogVerdict) -> tuple[Text, ...]:
    said = Text(log.sentence, _STYLES[log.state])
    for note in log.notes:
        said.append(f"\n{note}", "not bold not dim default on default")
    judged = spoken(log.judged) or "nothing yet"
    return Text(_name(station)), Text(log.log), Text(judged), Text(str(log.arrived)), said


def _name(station: StationVerdict) -> str:
    if station.status in (None, "online"):
        return station.station
    return f"{station.station} ({station.status})"


def _foot(verdict: Verdict) -> Iterator[str]:
    if not verdict.stations:
        yield "No station heard."
    for station in verdict.stations:
        if station.unnumbered:
            yield f"{station.station}: {station.unnumbered} gaps of what never had a number"
    if verdict.interruptions:
        yield f"interrupted {verdict.interruptions} times: what passed by in between isn't judged"
    for what, count in verdict.malformed.items():
        yield f"can't be read, {count} times: {what}"
