import json
from collections.abc import Sequence

import cbor2
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.payload import Packer, number
from agent.record import Layout, Round, Stored

LAYOUT = Layout("radar", ("distance", "snr"), ("m", "dB"))


def stored(
    values: Sequence[float | None], time: int = 1_795_466_700_000, first: int = 1041
) -> Stored:
    qualities = bytes(9 if value is None else 1 for value in values)
    reasons = {i: "timeout" for i, value in enumerate(values) if value is None}
    found = Round(LAYOUT, time, tuple(values), qualities, reasons)
    return Stored("chu-01", "k3f7q2xa", first, found, first)


def test_json_is_the_published_interface() -> None:
    assert Packer("json").pack([stored((1.234, None))]).payload == (
        b'[{"n":"chu-01/radar/distance","u":"m","t":1795466700.0,"v":1.234,"q":1,'
        b'"log":"k3f7q2xa","seq":1041},{"n":"chu-01/radar/snr","u":"dB","t":1795466700.0,'
        b'"vs":"timeout","q":9,"log":"k3f7q2xa","seq":1042}]'
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_has_a_decimal_point_and_is_exact(value: float) -> None:
    assert "." in number(value)
    assert json.loads(number(value)) == value


@given(
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2)
)
def test_any_round_in_cbor_has_its_values(values: list[float | None]) -> None:
    records = cbor2.loads(Packer("cbor").pack([stored(values)]).payload)
    assert [record.get(2) for record in records] == values
    assert (records[0]["log"], records[0]["seq"]) == ("k3f7q2xa", 1041)
    assert "seq" not in records[1]


def test_a_pack_ends_where_time_would_go_back() -> None:
    pack = Packer("json").pack([stored((1.0, 2.0)), stored((1.0, 2.0), 1_795_466_600_000, 1043)])
    assert (pack.readings, pack.place_after) == (2, 1043)


def test_a_round_larger_than_the_limit_is_split() -> None:
    pack = Packer("json", max_readings=1).pack([stored((1.0, 2.0))])
    assert (pack.readings, pack.place_after) == (1, 1042)
