"""A driver whose table has a key of every kind, for tests of the configuration."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen, MultipleOf
from pydantic import AwareDatetime, Field, model_validator

from drivers.base import BusSensorConfig, Driver, Sample, SensorConfig
from drivers.fields import ChannelName, File, Table, wrong_key


class Test(Table):
    """A table inside a list inside a table."""

    register_: int = Field(alias="register")
    above: float = 0.0


class FakeChannel(Table):
    """A table ``[sensor.<name>.channel.<name>]``."""

    register_: Annotated[int, Ge(0), Le(65535)] = Field(alias="register")
    order: Literal["ABCD", "DCBA"] = "ABCD"
    span: Annotated[tuple[float, float], Field(strict=False)] | None = None
    good_when: list[Test] = Field(default_factory=list)


class Probe(Table):
    """A table ``[sensor.<name>.probe]``."""

    depth: Annotated[float, Gt(0), Lt(10)]


class FakeConfig(BusSensorConfig):
    """The table ``[sensor.<name>]``."""

    address: int | str
    since: AwareDatetime | None = None
    day: date | None = None
    on: bool = False
    word: Annotated[str, MinLen(2), MaxLen(4)] = "ok"
    even: Annotated[int, MultipleOf(2)] = 0
    code: Annotated[str, Field(pattern="^[A-Z]+$")] = "A"
    file: File | None = None
    list_: Annotated[list[int], MinLen(1), MaxLen(3)] = Field(alias="list", default=[1])
    probe: Probe | None = None
    channel: Annotated[Mapping[ChannelName, FakeChannel], MinLen(1)]

    @model_validator(mode="after")
    def _together(self) -> "FakeConfig":
        if self.on and self.probe is None:
            raise wrong_key("probe.depth", "a depth, where on is true")
        if self.word == "bad":
            raise ValueError("another table than this")
        return self


class FakeDriver(Driver):
    """Reads nothing."""

    Config = FakeConfig
    framings: ClassVar[frozenset[str]] = frozenset({"rtu"})

    def __init__(self, config: SensorConfig, bus: object) -> None:
        """Need neither."""

    async def read(self) -> Sample:
        """Say nothing."""
        return Sample(0.0, ())

    async def close(self) -> None:
        """Hold nothing."""


GOOD = """\
[station]
id = "chu-01"
[store]
path = "s.db"
[broker.ministry]
url = "mqtt://example.org"
[bus.rs485]
device = "/dev/ttyUSB0"
[sensor.plc]
driver = "fake"
bus = "rs485"
address = 7
every = "5 s"
[sensor.plc.channel.stage]
register = 32
"""
"""A configuration with nothing wrong in it."""

Said = Callable[[str], list[str]]
"""From a configuration to its mistakes, a line each, without the file's name."""
