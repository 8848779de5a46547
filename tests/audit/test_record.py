"""Payloads to records: RFC 8428 and the published interface, strictly."""

import json
import zlib
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.audit.record import records
from agent.audit.senml import MalformedError
from agent.mqtt.payload import Packer
from agent.record import Layout, Round, Stored
from tests.support import published
from tests.support.station import LOG, NOON, event, pack, reading

finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def stored(draw: st.DrawFn) -> Stored:
    values = tuple(draw(st.lists(st.none() | finite, min_size=1, max_size=4)))
    qualities = bytes(9 if v is None else draw(st.sampled_from((1, 2, 3, 4))) for v in values)
    reasons = {i: draw(st.text(min_size=1)) for i, q in enumerate(qualities) if q in {3, 4, 9}}
    names = tuple(f"c{i}" for i in range(len(values)))
    units = tuple(draw(st.sampled_from(("m", "%RH", "/"))) for _ in values)
    time = draw(st.integers(2**28 * 1000, 2**42))
    found = Round(Layout("radar", names, units), time, values, qualities, reasons)
    first = draw(st.integers(1, 10**9))
    return Stored("chu-01", LOG, first, found, first)


@given(stored(), st.sampled_from(("json", "cbor")), st.booleans())
def test_one_reading_has_one_content_in_every_form(each: Stored, form: Any, compress: bool) -> None:
    plain = records(Packer("json").pack([each]).payload)
    payload = Packer(form, compress=compress).pack([each]).payload
    assert records(payload) == plain
    assert [(record.log, record.number) for record in plain] == [
        (said["log"], said["seq"]) for said in published.records(payload)
    ]


def test_base_fields_are_applied_in_json_too() -> None:
    plain = records(pack(reading(1), reading(2, t=NOON + 1, u="mm")))
    based = [
        {"bn": "chu-01/", "bt": NOON, "bu": "m", "n": "radar/distance", "v": 0.001, "q": 2}
        | {"log": LOG, "seq": 1},
        {"n": "radar/distance", "t": 1, "u": "mm", "v": 0.002, "q": 2, "log": LOG, "seq": 2},
    ]
    assert records(pack(*based)) == plain
    summed = [{**based[0], "bv": 0.5, "v": 0.25}, {**based[1], "v": -0.25}]
    assert records(pack(*summed)) == records(
        pack(reading(1, v=0.75), reading(2, v=0.25, t=NOON + 1, u="mm"))
    )


def test_cbor_may_be_indefinite_and_use_integers_and_decimal_fractions() -> None:
    whole = {-2: "chu-01/radar/", -3: int(NOON), -4: "m", 0: "distance", "log": LOG, "seq": 7}
    plain = records(pack(reading(7, v=2.0, q=1), reading(8, v=273.15, q=1)))
    fraction = cbor2.CBORTag(4, [-2, 27315])
    loose = cbor2.dumps([{**whole, 2: 2}, {0: "distance", 2: fraction}], indefinite_containers=True)
    assert loose[0] == 0x9F
    assert records(loose) == plain


def test_events_and_revisions_are_seen() -> None:
    gap, revision = records(pack(event(5, "gap", {"from": 1}), reading(6, of=2, of_log="aaaaaaa2")))
    assert (gap.event, json.loads(gap.text)) == ("gap", {"from": 1})
    assert (revision.event, revision.revises) == ("", ("aaaaaaa2", 2))
    assert records(pack(reading(7, of=3)))[0].revises == (LOG, 3)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"n": None}, "not a name"),
        ({"n": "-chu/a/b"}, "not a name"),
        ({"n": "chu-01/радар/b"}, "not a name"),
        ({"n": "chu-01/radar"}, "not station/sensor/channel"),
        ({"n": "chu-01/radar/a/b"}, "not station/sensor/channel"),
        ({"n": 1}, "'n' can't be 1"),
        ({"t": 10.0}, "relative"),
        ({"t": "noon"}, "'t' can't be"),
        ({"t": True}, "'t' can't be"),
        ({"v": None}, "neither a value nor a reason"),
        ({"vs": "timeout"}, "or more than one"),
        ({"v": None, "vs": "", "q": 9}, "neither a value nor a reason"),
        ({"v": None, "vb": True}, "neither a value nor a reason"),
        ({"s": 1.0}, "or more than one"),
        ({"v": "1"}, "'v' can't be"),
        ({"v": 10**400}, "too large"),
        ({"x": 10**400}, "without measure"),
        ({"q": None}, "no quality"),
        ({"q": 0}, "no quality"),
        ({"q": 1.0}, "no quality"),
        ({"q": True}, "no quality"),
        ({"q": 9}, "doesn't fit"),
        ({"v": None, "vs": "timeout", "q": 1}, "doesn't fit"),
        ({"u": None}, "no unit"),
        ({"u": ""}, "no unit"),
        ({"log": None}, "identity"),
        ({"log": "K3F7Q2XA"}, "identity"),
        ({"log": "k3f7q2x"}, "identity"),
        ({"seq": None}, "identity"),
        ({"seq": 0}, "identity"),
        ({"seq": 1.0}, "identity"),
        ({"seq": True}, "identity"),
        ({"seq": 2**62}, "identity"),
        ({"of": 0}, "of what isn't a record"),
        ({"of": "3"}, "of what isn't a record"),
        ({"of": 3, "of_log": "nonsense!"}, "of what isn't a record"),
        ({"bver": 11}, "'bver' can't be"),
        ({"bver": "10"}, "'bver' can't be"),
        ({"must_": 1}, "'must_' can't be"),
    ],
)
def test_a_record_that_breaks_a_rule(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        records(pack(reading(1, **fields)))


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "neither"),
        (b"{}", "neither"),
        (b"[]", "empty"),
        (b"[1]", "no object"),
        (b"\x80", "empty"),
        (b"\x81\x01", "no object"),
        (b"\x81\xa1", "not CBOR"),
        (b"\x81\xa1\x61n\x00", "a text label"),
        (b"[nonsense]", "not JSON"),
        (b"[{} {}]", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'[{"n":"\xff"}]', "not JSON"),
        (b'[{"v":NaN}]', "NaN is no JSON"),
        (b'[{"v":-Infinity}]', "-Infinity is no JSON"),
        (b'[{"v":1.0E3}]', "lower case"),
        (b'[{"v":1e999}]', "'v' can't be inf"),
        (b'[{"v":1,"v":2}]', "stands twice"),
        (pack(reading(1), reading(2, t=NOON - 1)), "time goes back"),
        (zlib.compress(pack(reading(1)))[:-1], "doesn't end"),
        (zlib.compress(pack(reading(1))) + b"x", "doesn't end"),
        (b"\x78nonsense", "not zlib"),
        (zlib.compress(bytes(32 * 1024 * 1024)), "too large"),
        (zlib.compress(zlib.compress(pack(reading(1)))), "neither"),
        (cbor2.dumps([{0: "chu-01/radar/a", 1: "m", 2: 1.0, 6: int(NOON)}]), "identity"),
        (cbor2.dumps([{0: "chu-01/radar/a", 1: "m", 2: float("nan"), 6: int(NOON)}]), "can't be"),
    ],
)
def test_a_payload_that_breaks_a_rule(payload: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        records(payload)


@given(st.binary(max_size=60), st.sampled_from((b"", b"[", b"\x81", b"\x9f", b"\x81\xa6", b"\x78")))
def test_whatever_comes_it_is_records_or_malformed(data: bytes, first: bytes) -> None:
    try:
        records(first + data)
    except MalformedError:
        return


@given(st.data())
def test_a_good_payload_with_a_bit_flipped_is_records_or_malformed(data: st.DataObject) -> None:
    each = data.draw(stored())
    form = data.draw(st.sampled_from(("json", "cbor")))
    payload = bytearray(Packer(form).pack([each]).payload)
    bit = data.draw(st.integers(0, 8 * len(payload) - 1))
    payload[bit // 8] ^= 1 << bit % 8
    try:
        records(bytes(payload))
    except MalformedError:
        return
