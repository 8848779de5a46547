import pytest
from pydantic import ValidationError

from drivers.bus import SerialBus, bus_model
from drivers.modbus import ModbusConfig


def test_an_sdi12_exchange_takes_the_time_of_the_line_behind_the_adapter() -> None:
    fast = SerialBus.model_validate({"device": "p", "baudrate": 115200, "framing": "sdi12"})
    # 81 characters, the longest answer to a data command, and the 4 of the command
    assert fast.wire_time(4, 81) == pytest.approx(0.885, abs=0.001)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"host": "a..b"}, "host"),
        ({"host": ""}, "host"),
        ({"device": "/dev/tty\0"}, "device"),
        ({"device": "/dev/ttyS0", "baudrate": 123_456_789_012}, "baudrate"),
        ({"device": "/dev/ttyS0", "baudrate": 0}, "baudrate"),
    ],
)
def test_what_no_wire_can_be_is_a_mistake(table: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        bus_model(table).model_validate(table)
    assert [error["loc"] for error in caught.value.errors()] == [(key,)]


@pytest.mark.parametrize("address", [0, 248, 255])
def test_some_addresses_are_devices_behind_a_gateway_alone(address: int) -> None:
    channel = {"x": {"register": 0, "type": "uint16", "unit": "m"}}
    table = {"driver": "modbus", "every": "1 s", "bus": "b", "address": address}
    config = ModbusConfig.model_validate({**table, "channel": channel})
    assert [key for key, _ in config.objections("rtu")] == ["address"]
    assert list(config.objections("tcp")) == []
