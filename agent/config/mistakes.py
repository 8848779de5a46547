"""What is wrong in a configuration, in sentences for the person who edits it."""

import datetime as dt
import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.config.lines import KeyPath

_LONGEST: Final = 60  # characters of a value that are shown
_MOST: Final = 50  # mistakes that are printed
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, and where it stands.

    Attributes:
        file: the file, as it was named.
        line: from 1; 0 where there is none, as in a file that isn't there.
        key: with dots, as ``bus.rs485.baudrate``; empty where the whole file is meant.
        found: what stands there, as written in TOML; empty where nothing does.
        accepted: what may stand there.
        hint: what is wrong or what to do, where found and accepted don't say it.
    """

    file: Path
    line: int
    key: str
    found: str = ""
    accepted: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        clauses = [self.hint] if self.hint else []
        if self.found:
            clauses.append(f"found {self.found}")
        if self.accepted and not self.hint.endswith("?"):
            clauses.append(f"accepted is {self.accepted}")
        places = [str(self.file), *([str(self.line)] if self.line else [])]
        said = [":".join(places), *([self.key] if self.key else []), "; ".join(clauses)]
        return ": ".join(said)


class ConfigError(Exception):
    """The configuration can't be used; the start stops. ``mistakes`` has all, in line order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        """Take the mistakes and put them in the order of the file."""
        self.mistakes = sorted(mistakes, key=lambda mistake: mistake.line)
        lines = [str(mistake) for mistake in self.mistakes[:_MOST]]
        if more := len(self.mistakes) - len(lines):
            lines.append(f"… and {more} more mistakes: mend these first")
        super().__init__("\n".join(lines))


def dotted(path: KeyPath) -> str:
    """Return a key as TOML writes it; a place in a list stands in brackets, from 0."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            part = step if _BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False)
            text += f".{part}" if text else part
    return text


def shown(value: object) -> str:
    """Return a value as TOML writes it, cut where it is long.

    What stands before an @ isn't shown, nor what is in a table: it may be a password.
    """
    text = _toml(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _toml(value: object) -> str:
    match value:
        case dict():
            text = "a table"
        case [dict(), *_]:
            text = "an array of tables"
        case list():
            inner = ("…" if isinstance(item, list | dict) else _toml(item) for item in value)
            text = f"[{', '.join(inner)}]"
        case str():
            text = json.dumps(re.sub(r"(?s).*@", "…@", value), ensure_ascii=False)
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > 64:
            text = hex(value)  # Python writes no decimal number of so many digits
        case dt.date() | dt.time():
            text = value.isoformat()
        case _:
            text = str(value)
    return text


def unknown(what: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return hint and accepted for a name that isn't one of those known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"unknown {what}; did you mean {near[0]}?" if near else f"unknown {what}"
    return hint, ", ".join(names) or "none"
