"""The order of a search, and that nothing is left out or asked twice."""

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from agent.commission.search import PARITIES, SPEEDS, Address, Search, Wire, plan, written
from drivers.bus import SerialBus, TcpBus

PORT = SerialBus.model_validate({"device": "/dev/ttyUSB0"})
ADDRESSES = st.lists(st.integers(1, 247), unique=True, max_size=40)
FACTORY = st.lists(
    st.tuples(st.sampled_from(SPEEDS), st.sampled_from(PARITIES), st.integers(1, 247)), max_size=9
)


def drained(search: Search) -> Iterator[tuple[Wire, Address]]:
    while (stretch := search.next()) is not None:
        for address in stretch.addresses:
            yield stretch.line, address


@given(ADDRESSES, FACTORY, st.none() | ADDRESSES)
def test_each_address_is_asked_once_at_each_setting(
    addresses: list[int], factory: list[tuple[int, str, int]], own: list[int] | None
) -> None:
    search = plan(PORT, addresses=addresses, own=own, factory=factory)  # type: ignore[arg-type]
    left = search.left
    asked = Counter((written(line), address) for line, address in drained(search))
    assert left == len(asked) == 24 * len(addresses)
    assert set(asked.values()) <= {1}
    assert {address for _, address in asked} == set(addresses)


@given(ADDRESSES, st.data())
def test_whoever_is_found_meanwhile_nobody_is_left_out_or_asked_twice(
    addresses: list[int], data: st.DataObject
) -> None:
    search = plan(PORT, addresses=addresses, speeds=[9600, 19200], parities=["none", "even"])
    asked: Counter[tuple[str, Address]] = Counter()
    while (stretch := search.next()) is not None:
        line, hit = stretch.line, data.draw(st.integers(0, len(stretch.addresses)))
        asked.update((written(line), address) for address in stretch.addresses[:hit])
        if hit < len(stretch.addresses):
            asked[(written(line), stretch.addresses[hit])] += 1
            search.put_back(type(stretch)(line, stretch.addresses[hit + 1 :]))
            search.found(line, stretch.addresses[hit])
    assert set(asked.values()) <= {1}
    assert len(asked) == 4 * len(addresses)


def test_first_come_the_stations_own_settings_then_the_factorys_then_usual_addresses() -> None:
    own = PORT.model_copy(update={"baudrate": 57600, "parity": "odd"})
    search = plan(own, addresses=range(1, 248), own=[77], factory=[(38400, "none", 246)])
    first = [(written(line), address) for line, address in drained(search)]
    assert first[:3] == [("57600 8O1", 77), ("57600 8O1", 246), ("57600 8O1", 1)]
    assert first[12] == ("38400 8N1", 246)
    assert first[13:24] == [("9600 8N1", a) for a in range(1, 11)] + [("9600 8E1", 1)]


def test_a_gateway_has_one_setting_and_the_factorys_addresses_first() -> None:
    gateway = TcpBus.model_validate({"host": "192.0.2.10"})
    search = plan(gateway, addresses=range(1, 248), factory=[(9600, "none", 246)])
    asked = [address for _, address in drained(search)]
    assert asked[:3] == [246, 1, 2]
    assert sorted(asked) == list(range(1, 248))  # type: ignore[type-var]


def test_modbus_ascii_has_seven_bits_where_it_has_a_parity() -> None:
    port = PORT.model_copy(update={"framing": "ascii"})
    settings = {written(line) for line in plan(port, addresses=[1]).lines()}
    assert {"9600 7E1", "9600 8N1"} <= settings
