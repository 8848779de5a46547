"""A file's bytes to a TOML document, each thing that can be wrong with it told apart."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.config.lines import KeyPath, key_lines
from agent.config.mistakes import ConfigError, Mistake

_LARGEST: Final = 1_000_000
_BOM: Final = b"\xef\xbb\xbf"
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file that was read: its tables, and the line of each key."""

    file: Path
    tables: dict[str, Any]
    lines: dict[KeyPath, int]


def read(file: Path) -> Document:
    """Read a TOML file of at most 1 MB; a byte-order mark and Windows line ends are accepted.

    Raises:
        ConfigError: it can't be read, or isn't TOML in UTF-8.
    """
    text = _text(file)
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise _wrong(file, "tables or lists nested too deeply") from None
    except ValueError as error:
        raise _syntax(file, text, str(error)) from None
    return Document(file, tables, key_lines(text))


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        raise _wrong(file, "no such file; name one with -c, or write it") from None
    except IsADirectoryError:
        raise _wrong(file, "a folder; name the file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(file, f"can't be read: {reason}; check its path and rights") from None
    if len(content) > _LARGEST:
        raise _wrong(file, "longer than 1 MB, so hardly a configuration; check the path")
    content = content.removeprefix(_BOM)
    if not content.strip():
        raise _wrong(file, "empty; was it cut off while it was saved?")
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        hint = f"column {column}: not UTF-8; save the file in that encoding"
        raise _wrong(file, hint, line) from None


def _syntax(file: Path, text: str, message: str) -> ConfigError:
    place = _PLACE.search(message)
    said = _PLACE.sub("", message)
    if place and place[1]:
        return _wrong(file, f"column {place[2]}: not TOML: {said}", int(place[1]))
    column = len(text) - text.rfind("\n")
    return _wrong(file, f"column {column}: not TOML: {said}", text.count("\n") + 1)


def _wrong(file: Path, hint: str, line: int = 1) -> ConfigError:
    return ConfigError([Mistake(file, line, "", hint=hint)])
