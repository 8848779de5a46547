"""The vocabulary: rounds and their parts."""

from hypothesis import given
from hypothesis import strategies as st

from agent.record import Layout, Quality, Round, Stored


@given(st.integers(1, 12), st.data())
def test_the_parts_of_a_round_are_the_round(columns: int, data: st.DataObject) -> None:
    layout = Layout("radar", tuple(f"c{i}" for i in range(columns)), ("m",) * columns)
    values = tuple(None if i % 3 == 2 else float(i) for i in range(columns))
    qualities = bytes(Quality.MISSING if v is None else Quality.NOT_EVALUATED for v in values)
    whole = Round(
        layout, 1_795_466_700_000, values, qualities, {2: "timeout"} if columns > 2 else {}
    )
    cut = data.draw(st.integers(0, columns))
    left, right = whole.part(0, cut), whole.part(cut, columns)
    assert left.layout.names + right.layout.names == layout.names
    assert left.values + right.values == values
    assert left.qualities + right.qualities == qualities
    assert {**left.reasons, **{i + cut: why for i, why in right.reasons.items()}} == whole.reasons


def test_a_reader_goes_on_behind_the_last_column() -> None:
    layout = Layout("radar", ("distance", "snr"), ("m", "dB"))
    stored = Stored(
        "chu-01", "k3f7q2xa", 7, Round(layout, 0, (1.0, 2.0), b"\x02\x02", {}), place=107
    )
    assert stored.after == 109
