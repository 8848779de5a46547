"""From bytes to values: exact, in all orders, never across answers."""

import math
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.channel import ModbusChannel
from drivers.modbus.plan import plan
from drivers.modbus.values import Decoder, Poll, shortest


def channels(**keys: dict[str, object]) -> dict[str, ModbusChannel]:
    return {
        name: ModbusChannel.model_validate({"register": 0, "unit": "m", **each})
        for name, each in keys.items()
    }


def poll(memory: dict[str, bytes], hole: int = 15, **keys: dict[str, object]) -> Poll:
    """Return what one poll gives of a device with these tables."""
    decoder = Decoder(channels(**keys))
    made = decoder.begin()
    for block in plan(decoder.extents, hole=hole):
        data = memory[block.table]
        if block.bits:
            bits = int.from_bytes(data, "little") >> block.start & (1 << block.count) - 1
            answer = bits.to_bytes(block.payload, "little")
        else:
            answer = data[2 * block.start :][: block.payload]
        decoder.part(block).take(answer, made)
    return decoder.end(made)


def value(data: str, **keys: object) -> float | None:
    return poll({"holding": bytes.fromhex(data)}, it=keys).values[0]


@pytest.mark.parametrize(
    ("keys", "data", "expected"),
    [
        ({"type": "uint16", "order": "BADC"}, "0100", 1.0),
        ({"type": "uint16", "order": "CDAB"}, "0001", 1.0),
        ({"type": "int16", "order": "DCBA"}, "feff", -2.0),
        ({"type": "uint32"}, "00010002", 65538.0),
        ({"type": "uint32", "order": "CDAB"}, "00020001", 65538.0),
        ({"type": "uint32", "order": "BADC"}, "01000200", 65538.0),
        ({"type": "uint32", "order": "DCBA"}, "02000100", 65538.0),
        ({"type": "int32"}, "fffffffe", -2.0),
        ({"type": "uint64"}, "0001000200030004", 281483566841860.0),
        ({"type": "uint64", "order": "CDAB"}, "0004000300020001", 281483566841860.0),
        ({"type": "uint64", "order": "BADC"}, "0100020003000400", 281483566841860.0),
        ({"type": "int64", "order": "DCBA"}, "0400030002000100", 281483566841860.0),
        ({"type": "float64"}, struct.pack(">d", 1.234).hex(), 1.234),
        ({"type": "float32", "order": "DCBA"}, struct.pack("<f", 1.234).hex(), 1.234),
        ({"type": "float32", "raw_unit": "mm"}, struct.pack(">f", 1234.5).hex(), 1.2345),
        ({"type": "int16", "scale": 0.1, "offset": 1.0}, "fffe", 0.8),
        ({"type": "uint16", "bits": [4, 7]}, "12a4", 10.0),
        ({"type": "int32", "bits": [30, 31]}, "80000000", 2.0),
        ({"type": "bcd16"}, "1234", 1234.0),
        ({"type": "bcd32", "order": "CDAB", "raw_unit": "mm"}, "56781234", 12345.678),
        ({"type": "bcd16"}, "12a4", None),
        ({"type": "int16", "invalid": [32767]}, "7fff", None),
        ({"type": "float32", "invalid": [-9999.0]}, struct.pack(">f", -9999).hex(), None),
        ({"type": "int64", "invalid": [2**63 - 1]}, "7fffffffffffffff", None),
        ({"type": "int64", "invalid": [2**63 - 1]}, "7ffffffffffffffe", 2.0**63),
        ({"type": "uint16", "bits": [0, 7], "invalid": [255]}, "12ff", None),
        ({"type": "uint16", "span": [[0, 32767], [0.0, 2.5]]}, "7fff", 2.5),
    ],
)
def test_bytes_become_exact_values(
    keys: dict[str, object], data: str, expected: float | None
) -> None:
    assert value(data, **keys) == expected


@given(st.integers(0, 65535), st.sampled_from(["mm", "cm", "ft", "in"]))
def test_a_scaled_integer_is_the_nearest_float_to_the_exact_result(raw: int, unit: str) -> None:
    factor = {"mm": "0.001", "cm": "0.01", "ft": "0.3048", "in": "0.0254"}[unit]
    assert value(f"{raw:04x}", type="uint16", raw_unit=unit) == float(raw * Fraction(factor))


@given(st.binary(min_size=4, max_size=4))
def test_a_converted_float32_is_the_nearest_float_to_its_decimals_exact_result(data: bytes) -> None:
    said = value(data.hex(), type="float32", unit="Pa", raw_unit="bar")
    assert said is not None
    short = shortest(data)
    if math.isfinite(short):
        assert said == float(Decimal(repr(short)) * 100_000)
    else:
        assert repr(said) == repr(short)


@given(st.binary(min_size=4, max_size=4))
def test_the_decimal_of_a_float32_round_trips(four: bytes) -> None:
    number = shortest(four)
    assert math.isnan(number) or struct.pack(">f", number) == four


def test_a_float32_has_no_binary_dust() -> None:
    assert shortest(struct.pack(">f", 1.234)) == 1.234


@given(st.data())
def test_each_value_comes_out_of_its_own_registers_whatever_is_asked_beside_it(
    data: st.DataObject,
) -> None:
    memory = bytes(data.draw(st.lists(st.integers(0, 255), min_size=80, max_size=80)))
    kinds = st.sampled_from([("int16", 1), ("uint32", 2), ("float32", 2), ("int64", 4)])
    orders = st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"])
    asked: dict[str, dict[str, object]] = {}
    for name in "abcdef"[: data.draw(st.integers(1, 6))]:
        kind, size = data.draw(kinds)
        at = data.draw(st.integers(0, 40 - size))
        asked[name] = {"type": kind, "order": data.draw(orders), "register": at}
    together = poll({"holding": memory}, **asked).values
    alone = [poll({"holding": memory}, it=keys).values[0] for keys in asked.values()]
    assert repr(together) == repr(alone)


def test_bits_are_counted_from_the_low_end_of_the_first_byte() -> None:
    memory = {"coil": bytes([0b0000_0010, 0b0000_0100])}
    at = {"type": "bool", "table": "coil", "unit": "/"}
    made = poll(memory, a={**at, "register": 1}, b={**at, "register": 10}, c={**at, "register": 2})
    assert made.values == [1.0, 1.0, 0.0]


STATUS = {"register": 3, "bit": 1, "is": 0, "quality": 4, "why": "status"}
WEAK = {"channel": "snr", "above": 12, "quality": 3, "why": "weak-echo"}
LEVEL = {"type": "uint16", "register": 1, "raw_unit": "mm"}
SNR = {"type": "uint16", "register": 2, "unit": "dB"}


@pytest.mark.parametrize(
    ("status", "snr", "flag"),
    [(0, 13, (1, "")), (2, 13, (4, "status")), (0, 12, (3, "weak-echo")), (2, 12, (4, "status"))],
)
def test_the_worst_of_what_qualifies_a_value_stands_and_the_value_is_kept(
    status: int, snr: int, flag: tuple[int, str]
) -> None:
    memory = struct.pack(">4H", 0, 1234, snr, status)
    made = poll({"holding": memory}, level={**LEVEL, "good_when": [WEAK, STATUS]}, snr=SNR)
    assert made.values == [1.234, float(snr)]
    assert made.flags == {0: flag}
    assert made.reasons == {}


def test_a_value_that_is_missing_has_a_reason_and_no_flag() -> None:
    level = {**LEVEL, "invalid": [1234], "good_when": [STATUS]}
    made = poll({"holding": struct.pack(">4H", 0, 1234, 0, 2)}, level=level)
    assert (made.values, made.reasons, made.flags) == ([None], {0: "invalid"}, {})


def test_a_rule_on_a_channel_without_a_value_says_nothing() -> None:
    memory = struct.pack(">3H", 0, 1234, 999)
    snr = {**SNR, "invalid": [999]}
    made = poll({"holding": memory}, level={**LEVEL, "good_when": [WEAK]}, snr=snr)
    assert made.values == [1.234, None]
    assert made.flags == {}


def test_a_value_and_its_status_are_read_in_one_request() -> None:
    asked = channels(level={**LEVEL, "good_when": [{**STATUS, "register": 90}]})
    (block,) = plan(Decoder(asked).extents, hole=0)
    assert str(block) == "holding 1 to 90"
    assert block.split() == ()


def test_a_status_bit_of_another_table_qualifies_too_and_is_no_channel() -> None:
    rule = {"table": "discrete", "register": 9, "is": 0, "quality": 3, "why": "door"}
    level = {**LEVEL, "good_when": [rule]}
    memory = {"holding": struct.pack(">2H", 0, 1234), "discrete": bytes([0, 0b10])}
    made = poll(memory, level=level, other={**LEVEL, "good_when": [rule]})
    assert made.values == [1.234, 1.234]
    assert made.flags == {0: (3, "door"), 1: (3, "door")}


def test_a_block_without_an_answer_leaves_the_reason_for_its_values_alone() -> None:
    rule = {"table": "discrete", "register": 9, "is": 0, "why": "door"}
    decoder = Decoder(channels(level={**LEVEL, "good_when": [rule]}))
    made = decoder.begin()
    for block in plan(decoder.extents):
        if block.bits:
            decoder.part(block).fail("timeout", made)
        else:
            decoder.part(block).take(struct.pack(">H", 1234), made)
    decoder.end(made)
    assert (made.values, made.reasons, made.flags) == ([1.234], {}, {})


def test_an_answer_with_registers_behind_the_block_is_taken_too() -> None:
    decoder = Decoder(channels(level=LEVEL))
    made = decoder.begin()
    (block,) = plan(decoder.extents)
    decoder.part(block).take(struct.pack(">2H", 1234, 7), made)
    assert decoder.end(made).values == [1.234]
