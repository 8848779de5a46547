import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.plan import plan
from drivers.modbus.values import shortest


@given(st.binary(min_size=4, max_size=4))
def test_the_decimal_of_a_float32_round_trips(four: bytes) -> None:
    value = shortest(four)
    assert math.isnan(value) or struct.pack(">f", value) == four


def test_a_float32_has_no_binary_dust() -> None:
    assert shortest(struct.pack(">f", 1.234)) == 1.234


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from([1, 2, 4])), min_size=1))
def test_every_value_is_whole_in_one_request_within_the_limit(
    places: list[tuple[int, int]],
) -> None:
    blocks = plan([("holding", start, size) for start, size in places])
    assert sorted(i for block in blocks for i in block.members) == list(range(len(places)))
    for block in blocks:
        assert block.count <= 125
        for start, size in (places[i] for i in block.members):
            assert block.start <= start
            assert start + size <= block.start + block.count
