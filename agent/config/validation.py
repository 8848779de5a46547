"""What pydantic found wrong, in the words of :mod:`agent.config.mistakes`."""

import copy
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from agent.config.lines import KeyPath, line_of
from agent.config.mistakes import Mistake, dotted, shown, unknown

_TYPES: Final = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "list_type": "a list in brackets",
    "tuple_type": "a list in brackets",
    "datetime_type": "a time with an offset, as 2026-07-12T08:00:00+06:00",
    "timezone_aware": "a time with an offset, as 2026-07-12T08:00:00+06:00",
    "date_type": "a day, as 2026-07-12",
    "time_type": "a time of day, as 08:00:00",
}
_BOUNDS: Final = {
    "greater_than": ("more than {}", "gt"),
    "greater_than_equal": ("at least {}", "ge"),
    "less_than": ("less than {}", "lt"),
    "less_than_equal": ("at most {}", "le"),
    "multiple_of": ("a multiple of {}", "multiple_of"),
    "too_short": ("at least {} of them", "min_length"),
    "too_long": ("at most {} of them", "max_length"),
    "string_too_short": ("a text of {} or more characters", "min_length"),
    "string_too_long": ("a text of {} or fewer characters", "max_length"),
    "string_pattern_mismatch": ("a text that matches {}", "pattern"),
}
_TABLES: Final = {"model_type", "model_attributes_type", "dict_type", "mapping_type"}
_NAMES_A_KEY: Final = {"missing", "extra_forbidden"}


def from_validation(
    error: ValidationError,
    model: type[BaseModel],
    root: KeyPath,
    *,
    file: Path,
    lines: Mapping[KeyPath, int],
    data: object,
) -> Iterable[Mistake]:
    """Return what pydantic found wrong in one table, which stands at ``root``."""
    mistakes: dict[KeyPath, Mistake] = {}
    for details in error.errors(include_url=False):
        inner = _place(details, data)
        found, accepted, hint = _said(details, model, root, inner, data)
        path = root + inner
        if path in mistakes:  # of each member of a union
            accepted = f"{mistakes[path].accepted} or {accepted}"
        mistakes[path] = Mistake(file, line_of(path, lines), dotted(path), found, accepted, hint)
    return mistakes.values()


def _place(details: ErrorDetails, data: Any) -> KeyPath:
    """Leave out what pydantic adds to a place: tags of unions and names of validators."""
    path: KeyPath = ()
    for number, step in enumerate(details["loc"], 1):
        if _has(data, step):
            data = data[step]
        elif not (details["type"] in _NAMES_A_KEY and number == len(details["loc"])):
            continue
        path += (step,)
    if details["type"] == "wrong_key":
        return path + tuple(details["ctx"]["key"].split("."))
    is_short = details["type"] == "missing" and isinstance(path[-1], int)
    return path[:-1] if is_short else path


def _has(data: object, step: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _at(data: Any, path: KeyPath) -> tuple[bool, object]:
    """Return whether anything stands at a place, and what."""
    for step in path:
        if not _has(data, step):
            return False, None
        data = data[step]
    return True, data


def _said(
    details: ErrorDetails, model: type[BaseModel], root: KeyPath, inner: KeyPath, data: object
) -> tuple[str, str, str]:
    """Return found, accepted and hint."""
    if details["type"] == "missing" and details["loc"][-1] == inner[-1]:
        return "", _accepted_at_missing(model, root, inner, data), "missing"
    if details["type"] == "extra_forbidden":
        around = _model_at(model, inner[:-1])
        hint, accepted = unknown("key", str(inner[-1]), _fields(around) if around else ())
        return "", accepted, hint
    accepted = _accepted(details, model, root, inner)
    stands, value = _at(data, inner)
    if not stands:
        return "", accepted, "missing"
    if details["loc"][-1:] == ("[key]",):  # pydantic's mark: the name is wrong, not the table
        return shown(details["input"]), accepted, ""
    is_a_whole_table = isinstance(value, dict) and _model_at(model, inner) is not None
    return "" if is_a_whole_table else shown(value), accepted, ""


def _accepted(details: ErrorDetails, model: type[BaseModel], root: KeyPath, inner: KeyPath) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "missing":
            words = "a longer list"
        case "wrong_key":
            words = context["accepted"]
        case "value_error" | "assertion_error":
            words = str(context["error"])
        case "literal_error" | "enum":
            words = context["expected"].replace("'", '"')
        case kind if kind in _TABLES:
            words = _tables_at(model, root, inner) or "a table"
        case kind if kind in _BOUNDS:
            text, limit = _BOUNDS[kind]
            bound = context[limit]
            words = text.format(f"{bound:g}" if isinstance(bound, float) else bound)
        case kind:
            words = _TYPES.get(kind) or details["msg"].removeprefix("Input should be ")
    return str(words)


def _accepted_at_missing(
    model: type[BaseModel], root: KeyPath, inner: KeyPath, data: object
) -> str:
    """Return what may stand where nothing does: what the model says of an empty table there."""
    if tables := _tables_at(model, root, inner):
        return tables
    tried = copy.deepcopy(data)
    _, around = _at(tried, inner[:-1])
    if not isinstance(around, dict):
        return ""
    around[inner[-1]] = {}
    try:
        model.model_validate(tried)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            if _place(details, tried) == inner:
                return _accepted(details, model, root, inner)
    return ""


def _tables_at(model: type[BaseModel], root: KeyPath, inner: KeyPath) -> str:
    """Return how the tables that belong to a place are written; empty where none do."""
    path = dotted(root + inner)
    if _model_at(model, inner):
        return f"a table [{path}]"
    if inner and _model_at(model, (*inner, 0)):
        return f"tables [{path}.<name>]"
    return ""


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Return what describes the table at a place inside a model's, if anything does."""
    steps = deque(path)
    while steps:
        field = _fields(model).get(str(steps.popleft()))
        inner, is_one_of_many = _inner(field.annotation) if field else (None, False)
        if inner is None or (is_one_of_many and not steps):
            return None
        if is_one_of_many:
            steps.popleft()  # its name, or its place in a list
        model = inner
    return model


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inner(annotation: object) -> tuple[type[BaseModel] | None, bool]:
    """Return the model of the table, or of each of the tables, that an annotation describes."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin = get_origin(annotation)
    holds_many = isinstance(origin, type) and issubclass(origin, Collection)
    for argument in get_args(annotation):
        model, is_one_of_many = _inner(argument)
        if model is not None:
            return model, holds_many or is_one_of_many
    return None, False
