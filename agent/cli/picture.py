"""What ``aryk scan`` shows while it searches."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.cli.options import rough
from agent.commission.scan import Scan
from agent.commission.search import written


def picture(
    work: Scan, seconds: float, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> RenderableType:
    """Return a bar with the time left, and below it what was found so far.

    Args:
        work: the search.
        seconds: since it began.
        columns: of the table.
        rows: of what was found.
    """
    left = work.seconds_left()
    grid = Table.grid(padding=(0, 1))
    grid.add_row(
        Text(written(work.now) if work.now is not None else ""),
        ProgressBar(total=seconds + left, completed=seconds, width=24),
        Text(f"{rough(left)} left, {work.tried} tried, {len(work.found)} found"),
    )
    if not rows:
        return grid
    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    return Group(table, grid)
