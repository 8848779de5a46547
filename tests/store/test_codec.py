"""A round as a blob: what goes in comes out, and nothing else ever does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.record import Layout, Round
from agent.store import StoreError
from agent.store.codec import decode, encode


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    count = draw(st.integers(1, 12))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    values = draw(st.lists(st.none() | finite, min_size=count, max_size=count))
    qualities = draw(st.lists(st.sampled_from([1, 2, 3, 4, 9]), min_size=count, max_size=count))
    reasons = draw(st.dictionaries(st.integers(0, count - 1), st.text(max_size=20)))
    layout = Layout("s", tuple(map(str, range(count))), ("m",) * count)
    time = draw(st.integers(0, 2**45))
    return Round(layout, time, tuple(values), bytes(qualities), reasons)


@given(rounds(), st.integers(0, 2**62), st.integers(0, 2**32 - 1))
def test_what_goes_in_comes_out(round_: Round, place: int, heading: int) -> None:
    blob = encode(round_, place, heading)
    assert decode(blob, round_.layout, place, len(round_), heading) == round_


@given(rounds(), st.data())
def test_any_flipped_bit_is_noticed(round_: Round, data: st.DataObject) -> None:
    blob = bytearray(encode(round_, 5, 6))
    bit = data.draw(st.integers(0, 8 * len(blob) - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(StoreError, match="damaged"):
        decode(bytes(blob), round_.layout, 5, len(round_), 6)


@given(rounds())
def test_a_moved_row_or_another_heading_is_noticed(round_: Round) -> None:
    blob = encode(round_, 5, 6)
    for place, heading in ((4, 6), (5, 7)):
        with pytest.raises(StoreError, match="damaged"):
            decode(blob, round_.layout, place, len(round_), heading)
