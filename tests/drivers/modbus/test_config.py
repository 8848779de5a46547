import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import drivers.modbus
from drivers.bus import SerialBus, bus_model
from drivers.modbus import ModbusConfig, library


def test_the_sample_is_accepted() -> None:
    sample = tomllib.loads(Path(drivers.modbus.__file__).with_name("sample.toml").read_text())
    assert bus_model(sample["bus"]["rs485"]) is SerialBus
    config = ModbusConfig.model_validate(sample["sensor"]["plc"])
    assert [request.text for request in config.requests()] == ["holding 32 to 40"]


def test_importing_the_driver_does_not_import_pymodbus() -> None:
    code = "import sys, drivers.modbus; sys.exit('pymodbus' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_partly_overlapping_channels_are_refused_by_name() -> None:
    channels = {
        "a": {"register": 1, "type": "uint32", "unit": "m"},
        "b": {"register": 2, "type": "uint16", "unit": "m"},
    }
    table = {"driver": "modbus", "every": "1 s", "bus": "b", "address": 1, "channel": channels}
    with pytest.raises(ValidationError, match="a and b"):
        ModbusConfig.model_validate(table)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
keys = st.sampled_from(
    ["distance", "flow", "pressure", "register", "type", "unit", "raw_unit", "order", "good_when"]
)
garbage = st.recursive(
    scalars | st.sampled_from(["distance", "flow", "uint16", "m"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(library.names()),
    st.dictionaries(st.sampled_from(["channels", "channel", "check", "most"]), garbage),
)
def test_whatever_stands_beside_a_model_is_right_or_a_mistake(
    model: str, beside: dict[str, object]
) -> None:
    table = {"driver": "modbus", "every": "1 s", "bus": "b", "address": 1, "model": model}
    try:
        config = ModbusConfig.model_validate({**table, **beside})
    except ValidationError:
        return
    assert config.blocks
    assert config.channel_list()
