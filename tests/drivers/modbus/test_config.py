import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

import drivers.modbus
from drivers.bus import SerialBus, bus_model
from drivers.modbus import ModbusConfig


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
