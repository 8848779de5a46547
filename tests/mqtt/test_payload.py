import zlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.mqtt.payload import CONTENT_TYPES, Packer, number
from agent.record import Layout, Round, Stored, event
from tests.support import senml
from tests.support.published import records

LAYOUT = Layout("radar", ("distance", "snr"), ("m", "dB"))
NOON = 1_795_466_700_000


def stored(values: Sequence[float | None], time: int = NOON, first: int = 1041) -> Stored:
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


def test_cbor_is_the_published_interface_with_base_fields_and_nothing_said_twice() -> None:
    payload = Packer("cbor").pack([stored((1.5, 2.0)), stored((1.25, None), NOON + 500, 1043)])
    raw = senml.from_cbor(payload.payload)
    assert raw == [
        {"bn": "chu-01/", "bt": 1795466700, "bu": "m"}
        | {"n": "radar/distance", "v": 1.5, "log": "k3f7q2xa", "seq": 1041},
        {"n": "radar/snr", "u": "dB", "v": 2.0},
        {"n": "radar/distance", "t": 0.5, "v": 1.25},
        {"n": "radar/snr", "u": "dB", "t": 0.5, "vs": "timeout", "q": 9},
    ]


FINITE = st.floats(allow_nan=False, allow_infinity=False)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=8)
UNITS = st.sampled_from(("m", "m3/s", "%RH", "/", "Cel"))
REASONS = st.sampled_from(("timeout", "exception-2", 'said "—\\ жок', "\x07"))


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    columns = draw(st.integers(1, 5))
    names = draw(st.lists(NAMES, min_size=columns, max_size=columns, unique=True))
    units = draw(st.lists(UNITS, min_size=columns, max_size=columns))
    values = draw(st.lists(st.none() | FINITE, min_size=columns, max_size=columns))
    qualities = bytes(9 if v is None else draw(st.sampled_from((1, 2, 3, 4))) for v in values)
    reasons = {i: draw(REASONS) for i, q in enumerate(qualities) if q in {3, 4, 9}}
    time = draw(st.integers(2**28 * 1000, 2**42))
    layout = Layout(draw(st.sampled_from(("radar", "plc-2"))), tuple(names), tuple(units))
    return Round(layout, time, tuple(values), qualities, reasons)


@st.composite
def logs(draw: st.DrawFn) -> list[Stored]:
    """Rounds of one or two logs, with places and numbers as the store gives them."""
    found, place, first, log = (
        [],
        draw(st.integers(1, 10**6)),
        draw(st.integers(1, 10**9)),
        "aaaa2345",
    )
    for each in draw(st.lists(rounds(), min_size=1, max_size=6)):
        if draw(st.integers(0, 5)) == 0:  # a new log begins, with a place and numbers of its own
            place, first, log = place + 2**32, 1, "bbbb2345"
        found.append(Stored("chu-01", log, first, each, place))
        place, first = place + len(each), first + len(each)
    return found


def expected(one: Stored) -> list[senml.Record]:
    """What the log says, as flat records."""
    found = []
    for column, (value, quality) in enumerate(
        zip(one.round.values, one.round.qualities, strict=True)
    ):
        said: senml.Record = {"vs": one.round.reasons[column]} if value is None else {"v": value}
        if value is not None and quality in {3, 4}:
            said["why"] = one.round.reasons[column]
        found.append(
            {
                "n": f"{one.station}/{one.round.layout.sensor}/{one.round.layout.names[column]}",
                "u": one.round.layout.units[column],
                "t": one.round.time / 1000,
                "q": quality,
                "log": one.log,
                "seq": one.first + column,
                **said,
            }
        )
    return found


@given(logs(), st.sampled_from(("json", "cbor")), st.booleans(), st.integers(1, 8))
def test_any_log_comes_out_of_its_packs_as_it_went_in(
    log: list[Stored], form: str, compress: bool, most: int
) -> None:
    packer = Packer(form, compress=compress)
    received: list[senml.Record] = []
    rest = log
    while rest:
        pack = packer.pack(rest, most=most)
        heard = records(pack.payload)
        assert len(heard) == pack.readings <= most
        received += heard
        rest = [
            each for each in rest if each.after > pack.place_after or each.place >= pack.place_after
        ]
        rest = [cut(each, pack.place_after) for each in rest]
    assert received == [record for each in log for record in expected(each)]


def cut(one: Stored, place: int) -> Stored:
    """Return what of a round lies behind a place, as the store does."""
    start = max(0, place - one.place) if one.place <= place < one.after else 0
    part = one.round.part(start, len(one.round))
    return replace(one, first=one.first + start, round=part, place=one.place + start)


@given(FINITE)
def test_any_number_has_a_decimal_point_and_is_exact(value: float) -> None:
    assert "." in number(value)
    assert float(number(value)) == value


@given(st.lists(st.none() | FINITE, min_size=2, max_size=2), st.integers(150, 400))
def test_no_pack_is_larger_than_it_may_be_unless_a_single_reading_is(
    values: list[float | None], most: int
) -> None:
    for form in ("json", "cbor"):
        pack = Packer(form).pack([stored(values), stored(values, first=1043)], most)
        assert len(pack.payload) <= most or pack.readings == 1


@pytest.mark.parametrize(
    ("form", "compress", "first"),
    [("json", False, {0x5B}), ("cbor", False, set(range(0x80, 0xA0)))]
    + [(form, True, {0x78}) for form in ("json", "cbor")],
)
def test_the_first_byte_tells_the_form(form: str, compress: bool, first: set[int]) -> None:
    for count in (1, 2, 30, 300):
        log = [stored((1.0, 2.0), NOON + i, 1041 + 2 * i) for i in range(count)]
        payload = Packer(form, compress=compress).pack(log).payload
        assert payload[0] in first
        assert len(records(payload)) == 2 * min(count, 250)


def test_compression_is_zlib_over_the_pack() -> None:
    plain = Packer("cbor").pack([stored((1.0, 2.0))]).payload
    assert (
        zlib.decompress(Packer("cbor", compress=True).pack([stored((1.0, 2.0))]).payload) == plain
    )


def test_each_form_has_the_content_type_that_is_registered_for_it() -> None:
    assert CONTENT_TYPES == {"json": "application/senml+json", "cbor": "application/senml+cbor"}


def test_a_pack_ends_where_time_would_go_back() -> None:
    pack = Packer("json").pack([stored((1.0, 2.0)), stored((1.0, 2.0), NOON - 1, 1043)])
    assert (pack.readings, pack.place_after) == (2, 1043)


def test_a_pack_ends_where_another_station_begins() -> None:
    other = replace(stored((1.0, 2.0), first=1043), station="old-id")
    assert Packer("cbor").pack([stored((1.0, 2.0)), other]).readings == 2


def test_a_pack_ends_between_readings_and_events_which_have_no_unit() -> None:
    happened = Stored("chu-01", "k3f7q2xa", 1043, event("start", NOON, {"version": "1"}), 1043)
    log = [stored((1.0, 2.0)), happened, stored((1.0, 2.0), first=1044)]
    for form in ("json", "cbor"):
        assert Packer(form).pack(log).place_after == 1043
        [record] = records((pack := Packer(form).pack(log[1:])).payload)
        assert (pack.place_after, record["n"]) == (1044, "chu-01/event/start")
        assert record["vs"] == '{"version":"1"}'


def test_a_round_larger_than_the_limit_is_split() -> None:
    pack = Packer("json").pack([stored((1.0, 2.0))], most=1)
    assert (pack.readings, pack.place_after) == (1, 1042)
