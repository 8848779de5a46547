"""The published coefficients, as they stand in ``data/``: each row with its source."""

import csv
from functools import cache
from importlib.resources import files
from typing import Final, Literal

FOOT: Final = 0.3048
"""m, exactly."""

INCH: Final = 0.0254
"""m, exactly."""


@cache
def rows(table: Literal["parshall", "cutthroat", "kindsvater_carter"]) -> list[dict[str, str]]:
    """Return the rows of a table as texts by column."""
    text = (files(__package__) / "data" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
