"""Tables as TOML, for the head of a trace (TOML v1.0.0); the standard library only reads it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def dumps(tables: Mapping[str, Any]) -> str:
    """Return tables as :func:`tomllib.loads` reads them back.

    Raises:
        TypeError: there is something in them that TOML has no word for.
    """
    return "\n".join(_lines((), tables)).lstrip("\n")


def inline(value: object) -> str:
    """Return a value as it stands behind a key.

    Raises:
        TypeError: TOML has no word for it.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    raise TypeError(f"TOML has no word for {value!r}")


def _text(text: str) -> str:
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # a pattern, as a person writes it
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _lines(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if path and (plain or not table):
        yield ""
        yield "[" + ".".join(map(_key, path)) + "]"
    for key, value in plain.items():
        yield f"{_key(key)} = {inline(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines((*path, key), value)
