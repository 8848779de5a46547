"""The samples are held against the code's own models, found by walking them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from agent.config import load
from agent.config.model import Broker, Station, StoreTable
from drivers import registry
from drivers.bus import ReplayBus, SerialBus, TcpBus, bus_model

ROOT = Path(__file__).parents[2]
SAMPLES = [
    *ROOT.glob("config/*.toml"),
    *ROOT.glob("drivers/*/sample.toml"),
    *ROOT.glob("drivers/*/samples/*.toml"),
]
DRIVERS = ["line", "modbus", "sdi12", "simulator"]
WHOLE = ROOT / "config" / "station.toml"
COMMENTED = re.compile(r"(?m)^# (?=\w+ = )")

each_sample = pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda file: str(file.relative_to(ROOT))
)


def as_station(text: str) -> str:
    """Return a driver's sample as a whole file."""
    return text if "[station]" in text else '[station]\nid = "sample"\n' + text


def inner_models(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each key of a model behind which tables lie, and their model."""

    def models(annotation: object) -> Iterator[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        for argument in get_args(annotation):
            yield from models(argument)

    for name, field in model.model_fields.items():
        yield from ((field.alias or name, found) for found in models(field.annotation))


def tables(document: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    """Yield the path of each table of a document that a model of the code describes."""
    yield ("station",), Station
    if "store" in document:
        yield ("store",), StoreTable
    for name in document.get("broker", {}):
        yield ("broker", name), Broker
    for name, table in document.get("bus", {}).items():
        yield ("bus", name), bus_model(table)
    for name, table in document.get("sensor", {}).items():
        model = registry.load(table["driver"]).Config
        yield ("sensor", name), model
        for key, inner in inner_models(model):
            for each in table.get(key, {}):
                yield ("sensor", name, key, each), inner


def at(document: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    for step in path:
        document = document[step]
    return document


def keys(model: type[BaseModel]) -> dict[str, str]:
    """Return the names of a model's fields by the keys of the file."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


@each_sample
def test_a_sample_is_a_right_configuration_as_it_stands(sample: Path, tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(as_station(sample.read_text()))
    assert load(file).sensors


@each_sample
def test_every_commented_out_key_may_be_uncommented(sample: Path, tmp_path: Path) -> None:
    file = tmp_path / "station.toml"
    file.write_text(as_station(COMMENTED.sub("", sample.read_text())))
    assert load(file).sensors


@each_sample
def test_what_is_commented_out_is_the_default(sample: Path) -> None:
    text = as_station(sample.read_text())
    plain, whole = tomllib.loads(text), tomllib.loads(COMMENTED.sub("", text))
    for path, model in tables(plain):
        said, all_said = at(plain, path), at(whole, path)
        for key in all_said.keys() - said.keys():
            name = keys(model)[key]
            default = getattr(model.model_validate(said), name)
            if default is None or default in ((), "", {}):
                continue  # it has none: the sample shows how it is written
            written = getattr(model.model_validate(all_said), name)
            assert written == default, f"{'.'.join(path)}.{key}"


def missing(text: str, wanted: set[type[BaseModel]]) -> set[str]:
    """Return the keys of models that a sample doesn't mention, commented out or not."""
    document = tomllib.loads(COMMENTED.sub("", text))
    lacking = {(model, key) for model in wanted for key in keys(model)}
    for path, model in tables(document):
        lacking -= {(model, key) for key in at(document, path)}
    return {f"{model.__name__}.{key}" for model, key in lacking}


def of_driver(name: str) -> set[type[BaseModel]]:
    model = registry.load(name).Config
    return {model, *(inner for _, inner in inner_models(model))}


def test_no_key_of_the_code_is_missing_in_the_station() -> None:
    wanted: set[type[BaseModel]] = {Station, StoreTable, Broker, SerialBus, TcpBus, ReplayBus}
    for name in DRIVERS:
        wanted |= of_driver(name)
    assert missing(WHOLE.read_text(), wanted) == set()


@pytest.mark.parametrize("name", DRIVERS)
def test_no_key_of_a_driver_is_missing_in_its_sample(name: str) -> None:
    text = (ROOT / "drivers" / name / "sample.toml").read_text()
    assert missing(as_station(text), of_driver(name)) == set()


def test_a_key_that_is_missing_would_be_found() -> None:
    text = WHOLE.read_text().replace("# latest = ", "# later = ")
    text = re.sub(r"(?m)^register = .*\n", "", text)
    wanted = {Broker, *of_driver("modbus")}
    assert missing(text, wanted) == {"Broker.latest", "ModbusChannel.register", "Check.register"}
