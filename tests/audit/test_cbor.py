"""The CBOR reader beside cbor2, and where it must say no."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.audit.cbor import CborError, decode

leaves = (
    st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.booleans()
    | st.none()
)
keys = st.integers(-(2**64), 2**64 - 1) | st.text(max_size=3)
items = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)


def depth(item: object) -> int:
    inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return 1 + max((depth(each) for each in inside), default=0)


@given(items.filter(lambda item: depth(item) <= 8), st.booleans(), st.booleans())
def test_it_reads_what_cbor2_writes(item: object, canonical: bool, indefinite: bool) -> None:
    written = cbor2.dumps(item, canonical=canonical, indefinite_containers=indefinite)
    assert decode(written) == item


@given(st.binary(max_size=30))
def test_whatever_comes_it_is_an_item_or_a_cbor_error(data: bytes) -> None:
    try:
        decode(data)
    except CborError:
        return
    if not any(byte >> 5 == 6 for byte in data):  # cbor2 knows what some tags mean
        cbor2.loads(data)  # what it takes is CBOR


def test_a_decimal_fraction_is_a_number() -> None:
    assert decode(bytes.fromhex("c48221196ab3")) == 273.15  # RFC 8949, section 3.4.4


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "ends in the middle"),
        ("82 01", "ends in the middle"),
        ("9a ffffffff", "ends in the middle"),
        ("5b ffffffffffffffff", "ends in the middle"),
        ("01 01", "something follows"),
        ("61 ff", "isn't UTF-8"),
        ("a2 00 01 00 02", "stands twice"),
        ("a1 f6 00", "a label is"),
        ("a1 f5 00", "a label is"),
        ("ff", "a break"),
        ("9f 01", "ends in the middle"),
        ("a1 00 ff", "a break"),
        ("7f 61 61 ff", "no such length"),
        ("1c", "no such length"),
        ("f8 20", "simple value"),
        ("c4 82 19 ffff 01", "not a decimal fraction"),
        ("c4 01", "not a decimal fraction"),
        ("81" * 9 + "01", "nested too deeply"),
        ("9f" * 5000, "nested too deeply"),
    ],
)
def test_what_it_refuses(data: str, why: str) -> None:
    with pytest.raises(CborError, match=why):
        decode(bytes.fromhex(data))
