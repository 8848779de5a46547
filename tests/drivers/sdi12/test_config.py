from typing import Any

import pytest
from pydantic import ValidationError

from drivers.sdi12 import Sdi12Config

CHANNEL = {"depth": {"position": 1, "unit": "m"}}
TABLE = {"driver": "sdi12", "every": "1 min", "bus": "sdi", "address": "0", "channel": CHANNEL}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"command": "MC1"}, '"M1", with crc = true beside it'),
        ({"command": "M0"}, "M, M1 to M9, C, C1 to C9"),
        ({"command": "D0"}, "M, M1 to M9, C, C1 to C9"),
        ({"command": "V", "crc": True}, "its values have no checksum"),
        ({"address": "?"}, "one of 0-9, A-Z, a-z"),
        ({"address": "10"}, "one of 0-9, A-Z, a-z"),
        ({"channel": {"depth": {"position": 10, "unit": "m"}}}, "depth: position up to 9"),
        ({"channel": {"depth": {"position": 0, "unit": "m"}}}, "greater than or equal to 1"),
        ({"channel": {"depth": {"position": 1, "unit": "cm"}}}, 'unit = "m", raw_unit = "cm"'),
        ({"channel": {}}, "at least 1"),
    ],
)
def test_a_wrong_key_is_refused_with_what_is_accepted(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Sdi12Config.model_validate(TABLE | keys)


@pytest.mark.parametrize(
    ("keys", "plan"),
    [
        ({}, ["0M!", "0D0!"]),
        ({"command": "C1", "crc": True}, ["0CC1!", "0D0!"]),
        ({"command": "R0", "crc": True}, ["0RC0!"]),
    ],
)
def test_the_plan_names_the_commands_as_they_go_out(keys: dict[str, Any], plan: list[str]) -> None:
    config = Sdi12Config.model_validate(TABLE | keys)
    assert [request.text for request in config.requests()] == plan
