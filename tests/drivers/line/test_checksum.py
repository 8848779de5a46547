import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.line.checksum import CHECKS

SR50A = b"\x0233;1838;194;11011;2C\r\n"
"""The example of Campbell Scientific's SR50A manual, without the ETX that ends it."""


def test_the_sr50as_example_is_right_and_no_other() -> None:
    assert CHECKS["sr50a"](SR50A) == b"33;1838;194;11011;"
    assert CHECKS["sr50a"](b"noise" + SR50A) == b"33;1838;194;11011;"
    assert CHECKS["sr50a"](SR50A.replace(b"1838", b"1839")) is None
    assert CHECKS["sr50a"](SR50A.replace(b"2C", b"2D")) is None
    assert CHECKS["sr50a"](SR50A[1:]) is None


def test_an_nmea_sentence_is_checked_between_its_dollar_and_its_star() -> None:
    # A sentence of which NMEA 0183 receivers everywhere show the checksum, 47.
    fix = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
    assert CHECKS["nmea-xor"](fix) == fix[:-3]
    assert CHECKS["nmea-xor"](b"\x00$x" + fix) == fix[:-3]
    assert CHECKS["nmea-xor"](fix.replace(b"545.4", b"545.5")) is None
    assert CHECKS["nmea-xor"](fix[:-1]) is None
    assert CHECKS["nmea-xor"](fix[:-3]) is None


def test_the_checksum_of_sdi12_may_end_any_line() -> None:
    assert CHECKS["sdi12"](b"0+3.14OqZ") == b"0+3.14"
    assert CHECKS["sdi12"](b"0+3.15OqZ") is None


@pytest.mark.parametrize("name", [name for name in CHECKS if name != "none"])
@given(line=st.binary(max_size=40))
def test_noise_has_no_checksum_or_keeps_its_text(name: str, line: bytes) -> None:
    text = CHECKS[name](line)  # type: ignore[index]
    assert text is None or text in line
