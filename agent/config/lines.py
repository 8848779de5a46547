"""On which line of a TOML file each key stands; :mod:`tomllib` doesn't say.

The text is known to be valid TOML, so that a scan for statements is enough: a key inside an
inline table or an array has the line on which its statement begins.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

KeyPath = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}\n]"
    r"|[^\"'#\[\]{}\n]+",
    re.DOTALL,
)
_KEY_PART: Final = re.compile(r"""\s*([A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')\s*(\.)?""")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, of each key and table; tables of an array have their index."""
    lines: dict[KeyPath, int] = {}
    arrays: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, statement in _statements(text):
        if statement.startswith("["):
            path = _key(statement.lstrip("[ \t"))
            table = _table(path, arrays, is_array=statement.startswith("[["))
            stands = table
        else:
            stands = table + _key(statement)
        for length in range(1, len(stands)):
            lines.setdefault(stands[:length], line)
        lines[stands] = line
    return lines


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int:
    """Return the line of a key, or else of the nearest table around it; 1 at the worst."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return 1


def nested_line(text: str, depth: int) -> int:
    """Return the line on which brackets first stand so deep inside others; 1 where none do."""
    line, now = 1, 0
    for match in _TOKEN.finditer(text):
        now += (match[0] in "[{") - (match[0] in "]}")
        if now == depth:
            return line
        line += match[0].count("\n")
    return 1


def _statements(text: str) -> Iterator[tuple[int, str]]:
    line = begins = 1
    depth = 0
    pieces: list[str] = []
    for match in _TOKEN.finditer(text + "\n"):
        piece = match[0]
        if piece == "\n" and depth == 0:
            if statement := "".join(pieces).strip():
                yield begins, statement
            pieces, begins = [], line + 1
        elif not piece.startswith("#"):
            depth += (piece in "[{") - (piece in "]}")
            pieces.append(piece)
        line += piece.count("\n")


def _key(statement: str) -> tuple[str, ...]:
    parts: list[str] = []
    position = 0
    while match := _KEY_PART.match(statement, position):
        part = match[1]
        parts.append(tomllib.loads(f"k = {part}")["k"] if part[0] in "\"'" else part)
        position = match.end()
        if not match[2]:
            break
    return tuple(parts)


def _table(path: tuple[str, ...], arrays: dict[KeyPath, int], *, is_array: bool) -> KeyPath:
    resolved: KeyPath = ()
    for number, part in enumerate(path, 1):
        resolved += (part,)
        if is_array and number == len(path):
            arrays[resolved] = arrays.get(resolved, -1) + 1
        if resolved in arrays:
            resolved += (arrays[resolved],)
    return resolved
