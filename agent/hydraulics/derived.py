"""A derived channel: its versions in the order of time, and what comes of readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, cast

from pydantic import AfterValidator, Field, create_model

from agent.hydraulics.method import Instant, Method, Need
from agent.hydraulics.registry import METHODS
from agent.hydraulics.result import Result, inherit, missing
from agent.hydraulics.running import Reading, Running
from drivers.fields import ChannelId, Duration, Table, format_duration
from drivers.units import PRIMARY


def _published(unit: str) -> str:
    if unit in PRIMARY:
        return unit
    raise ValueError('a primary SenML unit, as "m3/s"')


class Head(Table):
    """The keys of ``[derived.<name>]`` that are the same for each of its versions.

    Attributes:
        from_: the channel that it is computed from, and whose time it has.
        unit: what it is published in; that of the method unless said.
        max_age: how old another input may be, s; twice its own ``every`` unless said.
    """

    from_: ChannelId | None = Field(None, alias="from")
    unit: Annotated[str, AfterValidator(_published)] | None = None
    max_age: Duration | None = None


def whole(method: type[Method]) -> type[Method]:
    """Return the model of a ``[derived.<name>]`` without versions: a method's keys and a head's."""
    bases: Any = (method, Head)  # create_model takes bases of one type only, as it is typed
    model: Any = create_model(method.__name__, __base__=bases)
    return cast("type[Method]", model)


@dataclass(frozen=True, slots=True)
class Input:
    """The newest reading of a channel at a time, and how often there is one.

    Attributes:
        reading: the reading.
        every: s from one to the next.
    """

    reading: Reading
    every: float


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a derived channel: its name goes out with its readings as ``ver``."""

    name: str
    method: Method

    @property
    def since(self) -> float:
        """From when on it holds, ms UTC; a first version without ``valid_from`` always did."""
        start = self.method.valid_from
        return -inf if start is None else start.timestamp() * 1000


class Derived:
    """A derived channel with all its versions.

    Raises:
        ValueError: they don't go together; the message says what would.
    """

    def __init__(self, name: str, head: Head, versions: Mapping[str, Method]) -> None:
        """Take the checked tables; a channel without versions has one, ``1``."""
        self.name = name
        self.head = head
        self.versions = _in_order(versions)
        self.unit = _unit(head, self.versions)
        if head.from_ is None and any(each.method.has_from for each in self.versions):
            raise ValueError('from, the channel that it is computed from, as from = "radar/level"')

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any]) -> "Derived":
        """Return a derived channel from its TOML table.

        Raises:
            ValueError: something is wrong; pydantic's ``ValidationError`` is one, too.
            KeyError: there is no such method.
        """
        if "version" not in table:
            method = whole(METHODS[table["method"]]).model_validate(table)
            keys = {key: table[key] for key in ("from", "unit", "max_age") if key in table}
            return cls(name, Head.model_validate(keys), {"1": method})
        head = {key: value for key, value in table.items() if key != "version"}
        versions = {
            each: METHODS[keys["method"]].model_validate(keys)
            for each, keys in table["version"].items()
        }
        return cls(name, Head.model_validate(head), versions)

    @property
    def channels(self) -> Mapping[str, str]:
        """All channels that any version needs, and the units that they must have; "" is its own."""
        found: dict[str, str] = {}
        for version in self.versions:
            if self.head.from_ is not None and version.method.has_from:
                found[self.head.from_] = version.method.takes
            found |= {need.channel: need.unit for need in version.method.needs().values()}
        return found

    def version_at(self, time: int) -> Version | None:
        """Return the version that holds at a time, ms UTC; None before the first."""
        return next((each for each in reversed(self.versions) if each.since <= time), None)

    def needs(self, version: Version) -> Mapping[str, Need]:
        """Return what a version computes from, by role; the first gives the time."""
        needs = version.method.needs()
        if self.head.from_ is None or not version.method.has_from:
            return needs
        return {"from": Need(self.head.from_, version.method.takes), **needs}

    def compute(self, version: Version, time: int, inputs: Mapping[str, Input]) -> Result:
        """Return the value of a version at the time of ``from``, with what it inherits.

        Args:
            version: one whose method is of one instant.
            time: UTC, ms.
            inputs: by role; what is missing, or older than ``max_age``, gives no value.
        """
        assert isinstance(version.method, Instant)
        values: dict[str, float] = {}
        for role in self.needs(version):
            found = inputs.get(role)
            if found is None or found.reading.value is None or not self._fresh(found, time):
                return missing("input")
            values[role] = found.reading.value
        result = version.method.compute(time, values)
        return inherit(result, (inputs[role].reading.quality for role in values))

    def _fresh(self, found: Input, time: int) -> bool:
        most = 2 * found.every if self.head.max_age is None else self.head.max_age
        return time - found.reading.time <= most * 1000

    def content(self, version: Version) -> dict[str, Any]:
        """Return the keys of a version as they were written, for JSON: what may not change."""
        return _written(self.head) | _written(version.method)

    def about(self) -> dict[str, dict[str, Any]]:
        """Return each version with all that is needed to compute it again, for JSON."""
        age = self.head.max_age
        common = {
            "from": self.head.from_,
            "unit": self.unit,
            "max_age": None if age is None else format_duration(age),
        }
        common = {key: value for key, value in common.items() if value is not None}
        return {version.name: version.method.about() | common for version in self.versions}


def _written(table: Table) -> dict[str, Any]:
    return table.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _in_order(versions: Mapping[str, Method]) -> tuple[Version, ...]:
    made = [Version(name, method) for name, method in versions.items()]
    if not made:
        raise ValueError("a method, or tables version.<name>, each with one")
    made.sort(key=lambda version: version.since)
    if len({version.since for version in made}) < len(made):
        raise ValueError("versions with a valid_from each; only the first may be without one")
    running = {type(version.method) for version in made}
    if len(running) > 1 and any(issubclass(each, Running) for each in running):
        raise ValueError("versions of one method, where that is volume or counter")
    return tuple(made)


def _unit(head: Head, versions: Sequence[Version]) -> str:
    given = {version.method.gives for version in versions} - {""}
    if head.unit is not None:
        given.add(head.unit)
    if len(given) == 1:
        return given.pop()
    if not given:
        raise ValueError('a unit, as unit = "m3/s"')
    own = " or ".join(sorted(given - {head.unit or ""}))
    raise ValueError(f'unit = "{own}", which the method gives')
