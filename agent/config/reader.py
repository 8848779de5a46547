"""A file's bytes to a TOML document, each thing that can be wrong with it told apart."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.config.lines import KeyPath, key_lines, line_of, nested_line
from agent.config.mistakes import ConfigError, Mistake, dotted, shown

_LARGEST: Final = 1_000_000
_BOM: Final = b"\xef\xbb\xbf"
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DEEP: Final = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){20}"""
)  # a key of more parts than that has no meaning, and costs tomllib their square
_DIGITS: Final = re.compile(r"(?<!\w)[0-9_]{4300}")  # of more, Python makes no number
_TOO_DEEP: Final = "tables or lists nested too deeply; take the brackets or dots away"
_SAID: Final = (
    (r"Cannot declare \(.*\) twice", "this table stands twice"),
    (r"Cannot .*", "this key stands twice"),
    (r"Duplicate .*", "this key stands twice"),
    (r"Exceeds the limit .*", "a number of too many digits"),
)
"""What tomllib says, and what that means to a person."""


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
    if deep := _DEEP.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise _wrong(file, _TOO_DEEP, line)
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise _wrong(file, _TOO_DEEP, nested_line(text, 20)) from None
    except ValueError as error:
        raise _syntax(file, text, str(error)) from None
    document = Document(file, tables, key_lines(text))
    if mistakes := list(_too_big(document)):
        raise ConfigError(mistakes)
    return document


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise _wrong(file, "no such file; name one with -c, or write it") from None
    except IsADirectoryError:
        raise _wrong(file, "a folder; name the file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong(file, f"can't be read: {reason}; check its path and rights") from None
    if len(content) > _LARGEST:
        raise _wrong(file, "longer than 1 MB, so hardly a configuration; check the path")
    content = content.removeprefix(_BOM)
    if not content.strip(b"\0\t\r\n "):
        raise _wrong(file, "empty; was it cut off while it was saved? Write it anew", 1)
    if (zero := content.find(b"\0")) >= 0:
        hint = "a zero byte: cut off while it was saved, or not UTF-8; save it anew, as UTF-8"
        raise _wrong_at(file, content[:zero].decode(errors="replace"), hint)
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        hint = "not UTF-8; save the file in that encoding"
        raise _wrong_at(file, content[: error.start].decode(), hint) from None


def _syntax(file: Path, text: str, message: str) -> ConfigError:
    place = _PLACE.search(message)
    said = f"not TOML: {_plainly(_PLACE.sub('', message))}"
    if place and place[1]:
        return _wrong(file, f"column {place[2]}: {said}", int(place[1]))
    digits = _DIGITS.search(text) if not place else None
    return _wrong_at(file, text[: digits.start()] if digits else text, said)


def _plainly(message: str) -> str:
    for pattern, words in _SAID:
        if re.fullmatch(pattern, message):
            return words
    return message[:1].lower() + message[1:]


def _too_big(document: Document) -> Iterator[Mistake]:
    """Yield the whole numbers that don't fit into 64 bits: more than TOML promises."""
    waiting: list[tuple[KeyPath, object]] = [((), document.tables)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += (((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            waiting += (((*path, index), inner) for index, inner in enumerate(value))
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            line, accepted = line_of(path, document.lines), "a whole number of at most 64 bits"
            yield Mistake(document.file, line, dotted(path), shown(value), accepted)


def _wrong_at(file: Path, before: str, hint: str) -> ConfigError:
    """Return what is wrong behind so much of the file's text."""
    column = len(before) - before.rfind("\n")
    return _wrong(file, f"column {column}: {hint}", before.count("\n") + 1)


def _wrong(file: Path, hint: str, line: int = 0) -> ConfigError:
    return ConfigError([Mistake(file, line, "", hint=hint)])
