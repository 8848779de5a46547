from typing import Any

import pytest
from pydantic import ValidationError

from drivers.line import LineConfig
from drivers.line.config import unescaped

CHANNEL = {"distance": {"raw_unit": "mm", "unit": "m"}}
TABLE = {
    "driver": "line",
    "every": "1 min",
    "bus": "b",
    "pattern": r"R(?P<distance>\d{4})",
    "channel": CHANNEL,
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\r\n", b"\r\n"),
        ("\r\n", b"\r\n"),
        (r"\x03", b"\x03"),
        (r"\xff", b"\xff"),
        (r"a\\r\t", b"a\\r\t"),
        ("U01?", b"U01?"),
    ],
)
def test_escapes_become_bytes(text: str, said: bytes) -> None:
    assert unescaped(text) == said


@pytest.mark.parametrize("text", [r"\q", r"\x0", "\\", "°"])
def test_other_escapes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII characters, and"):
        unescaped(text)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"pattern": "R(?P<distance>"}, "a regular expression"),
        ({"pattern": r"R(?P<range>\d{4})"}, r"a group for distance, as \(\?P<distance>"),
        ({"pattern": r"R(?P<distance>\d)(?P<echo>\d)"}, r"a table channel\.echo, or"),
        ({"terminator": ""}, "1 to 4 characters"),
        ({"terminator": "\\r\\n\\r\\n\\r"}, "1 to 4 characters"),
        ({"poll": "x" * 65}, "1 to 64 characters"),
        ({"poll": "°"}, "ASCII characters"),
        ({"poll": "x", "max_age": "1 s"}, "max_age only without poll"),
        ({"poll": "x", "skip": 2}, "skip only without poll"),
        ({"checksum": "crc32"}, "nmea-xor"),
        ({"max_age": "0 s"}, "10 ms"),
        ({"channel": {}}, "at least 1"),
    ],
)
def test_a_wrong_key_is_refused_with_what_is_accepted(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        LineConfig.model_validate(TABLE | keys)


def test_the_plan_shows_what_is_asked() -> None:
    asked = LineConfig.model_validate(TABLE | {"poll": r"U01?\r"})
    assert [(request.text, request.sent) for request in asked.requests()] == [(r"U01?\r", 5)]
    assert LineConfig.model_validate(TABLE).requests()[0].text == "(listens)"
