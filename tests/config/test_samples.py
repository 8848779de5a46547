import re
import tomllib
from pathlib import Path

import pytest

from agent.config.model import Broker, Station, StoreTable
from drivers.bus import SerialBus, TcpBus
from drivers.fields import Table

SAMPLE = Path(__file__).parents[2] / "config" / "station.toml"
TABLES = [
    (("station",), Station),
    (("store",), StoreTable),
    (("broker", "ministry"), Broker),
    (("bus", "rs485"), SerialBus),
    (("bus", "weir"), TcpBus),
]


def table(text: str, path: tuple[str, ...]) -> dict[str, object]:
    found = tomllib.loads(text)
    for step in path:
        found = found[step]
    return found


@pytest.mark.parametrize(("path", "model"), TABLES)
def test_every_key_stands_in_the_sample_with_its_default(
    path: tuple[str, ...], model: type[Table]
) -> None:
    text = SAMPLE.read_text()
    whole = table(re.sub(r"(?m)^# (\w+ = )", r"\1", text), path)
    assert whole.keys() == model.model_fields.keys()
    said = table(text, path)
    plain, full = model.model_validate(said), model.model_validate(whole)
    assert plain == full
