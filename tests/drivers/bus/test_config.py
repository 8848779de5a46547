import pytest

from drivers.bus import SerialBus


def test_an_sdi12_exchange_takes_the_time_of_the_line_behind_the_adapter() -> None:
    fast = SerialBus.model_validate({"device": "p", "baudrate": 115200, "framing": "sdi12"})
    # 81 characters, the longest answer to a data command, and the 4 of the command
    assert fast.wire_time(4, 81) == pytest.approx(0.885, abs=0.001)
