"""What is wrong in a configuration, in sentences for the person who edits it."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from agent.config.lines import KeyPath, line_of

_LONGEST: Final = 60
_TYPES: Final = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "model_type": "a table",
    "dict_type": "a table",
    "mapping_type": "a table",
    "list_type": "a list in brackets",
    "tuple_type": "a list in brackets",
    "datetime_type": "a time with an offset",
    "timezone_aware": "a time with an offset",
}
_BOUNDS: Final = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
    "too_short": ("a length of at least", "min_length"),
    "too_long": ("a length of at most", "max_length"),
    "string_too_short": ("a length of at least", "min_length"),
    "string_too_long": ("a length of at most", "max_length"),
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, and where it stands.

    Attributes:
        file: the file, as it was named.
        line: from 1.
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
        where = f"{self.file}:{self.line}: "
        return where + (f"{self.key}: " if self.key else "") + "; ".join(clauses)


class ConfigError(Exception):
    """The configuration can't be used; the start stops. ``mistakes`` has all, in line order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        """Take the mistakes and put them in the order of the file."""
        self.mistakes = sorted(mistakes, key=lambda mistake: mistake.line)
        super().__init__("\n".join(map(str, self.mistakes)))


def shown(value: object) -> str:
    """Return a value as TOML writes it, cut where it is long."""
    if isinstance(value, str | bool | int | float | list | dict):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def unknown(what: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return hint and accepted for a name that isn't one of those known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"unknown {what}; did you mean {near[0]}?" if near else f"unknown {what}"
    return hint, ", ".join(names) or "none"


def from_validation(
    error: ValidationError,
    model: type[BaseModel],
    root: KeyPath,
    *,
    file: Path,
    lines: Mapping[KeyPath, int],
    data: object,
) -> Iterator[Mistake]:
    """Yield what pydantic found wrong in one table, which stands at ``root``."""
    for details in error.errors(include_url=False):
        inner = _inside(details["loc"], data, is_name=details["type"] in _NAMES_A_KEY)
        found, accepted, hint = _said(details, _keys(model, inner[:-1]))
        path = root + inner
        yield Mistake(file, line_of(path, lines), ".".join(map(str, path)), found, accepted, hint)


_NAMES_A_KEY: Final = {"missing", "extra_forbidden"}


def _inside(loc: KeyPath, data: Any, *, is_name: bool) -> KeyPath:
    """Leave out what pydantic adds to a place: tags of unions and names of validators."""
    path: KeyPath = ()
    for number, step in enumerate(loc, 1):
        if _has(data, step):
            data = data[step]
        elif not (is_name and number == len(loc)):
            continue
        path += (step,)
    return path


def _has(data: object, step: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _keys(model: type[BaseModel], tables: KeyPath) -> list[str]:
    """Return the keys of the table that stands so deep inside a model's."""
    for step in tables:
        field = model.model_fields.get(str(step))
        inner = _models(field.annotation) if field else []
        if inner:
            model = inner[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _said(details: ErrorDetails, keys: list[str]) -> tuple[str, str, str]:
    kind, context = details["type"], details.get("ctx", {})
    found = shown(details["input"])
    if kind == "missing":
        return "", "", "missing"
    if kind == "extra_forbidden":
        hint, accepted = unknown("key", str(details["loc"][-1]), keys)
        return "", accepted, hint
    if kind in {"literal_error", "enum"}:
        return found, str(context["expected"]).replace("'", '"'), ""
    if kind == "value_error":
        is_table = isinstance(details["input"], dict)
        return "" if is_table else found, str(context["error"]), ""
    if kind in _BOUNDS:
        words, limit = _BOUNDS[kind]
        return found, f"{words} {context[limit]}", ""
    return found, _TYPES.get(kind, details["msg"]), ""
