import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

import drivers.modbus
from drivers.bus import SerialBus, bus_model
from drivers.modbus import ModbusConfig
from drivers.modbus.config import ModbusChannel
from drivers.modbus.values import Decoder


def test_the_sample_is_accepted() -> None:
    sample = tomllib.loads(Path(drivers.modbus.__file__).with_name("sample.toml").read_text())
    assert bus_model(sample["bus"]["rs485"]) is SerialBus
    config = ModbusConfig.model_validate(sample["sensor"]["plc"])
    assert [request.text for request in config.requests()] == ["holding 32", "holding 40"]


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


@pytest.mark.parametrize(
    ("keys", "data", "value"),
    [
        ({"type": "uint32", "order": "CDAB"}, "00020001", 65538.0),
        ({"type": "uint32", "order": "BADC"}, "01000200", 65538.0),
        ({"type": "uint32", "order": "DCBA"}, "02000100", 65538.0),
        ({"type": "int16", "scale": 0.1, "offset": 1.0}, "fffe", 0.8),
        ({"type": "uint16", "bits": [4, 7]}, "12a4", 10.0),
        ({"type": "bcd16"}, "1234", 1234.0),
        ({"type": "bcd16"}, "12a4", None),
        ({"type": "int16", "invalid": [32767]}, "7fff", None),
        ({"type": "uint16", "span": [[0, 32767], [0.0, 2.5]]}, "7fff", 2.5),
    ],
)
def test_bytes_become_exact_values(keys: dict[str, object], data: str, value: float | None) -> None:
    channel = ModbusChannel.model_validate({"register": 0, "unit": "m", **keys})
    assert Decoder(channel)(bytes.fromhex(data)) == value
