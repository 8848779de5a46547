"""One value in all types and orders, and which of them is plausible."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.commission.registers import NONE, ORDERS, SEVERAL, arranged, as_type, every_way, verdict
from drivers.modbus.channel import Order
from drivers.modbus.config import ModbusConfig


@given(st.sampled_from([4, 8]).flatmap(lambda n: st.binary(min_size=n, max_size=n)))
def test_each_order_undoes_itself(data: bytes) -> None:
    for order in ORDERS:
        assert arranged(arranged(data, order), order) == data


# TUF-2000M, registers 1 and 2: -0.85983 m3/h, CDAB (gambit-labs' dump; layout by the manual).
TUF = struct.pack(">HH", 7579, 48988)


def test_a_manuals_example_is_read_in_its_order() -> None:
    readings = as_type(TUF, "float32")
    assert readings.values["CDAB"] == pytest.approx(-0.85983, abs=1e-5)
    assert "CDAB" in readings.plausible()


# Keller, series 30: 63 117 240 123 is 0.960701 bar, ABCD.
def test_only_the_right_order_of_a_pressure_is_plausible() -> None:
    readings = as_type(bytes([63, 117, 240, 123]), "float32")
    assert readings.values["ABCD"] == pytest.approx(0.960701, abs=1e-6)
    assert readings.plausible() == {"ABCD"}
    assert verdict(readings) == ""


def test_what_a_person_knows_of_the_value_tells_which_of_several_is_right() -> None:
    readings = as_type(struct.pack(">HH", 0x3F86, 0x41B4), "float32")
    assert verdict(readings) == SEVERAL
    assert readings.plausible((20.0, 25.0)) == {"CDAB"}


def test_it_is_said_where_no_order_is_plausible() -> None:
    assert verdict(as_type(b"\x00\x00\x00\x01", "float32")) == NONE


def test_a_device_that_has_no_value_now_is_not_taken_for_one_in_another_order() -> None:
    readings = as_type(b"\x7f\xc0\x00\x00", "float32")
    assert readings.plausible() == {"BADC"}
    assert "In the order ABCD it says that there is no number" in verdict(readings)


def test_four_registers_are_read_as_values_of_64_bits() -> None:
    kinds = {each.type: each for each in every_way(struct.pack(">d", 123.456))}
    assert set(kinds) == {"float64", "int64", "uint64"}
    assert kinds["float64"].values["ABCD"] == 123.456


@given(st.binary(min_size=4, max_size=4), st.sampled_from(ORDERS))
def test_it_shows_what_the_driver_would_read(data: bytes, order: Order) -> None:
    for kind in ("float32", "int32", "uint32"):
        shown, driven = as_type(data, kind).values[order], read(kind, order, data)
        assert driven is not None
        assert shown == driven or (math.isnan(shown) and math.isnan(driven))


def read(kind: str, order: Order, data: bytes) -> float | None:
    """Return what the driver makes of an answer."""
    channel = {"register": 0, "type": kind, "order": order, "unit": "m"}
    sensor = {"driver": "modbus", "bus": "b", "address": 1, "every": "1 s"}
    config = ModbusConfig.model_validate({**sensor, "channel": {"level": channel}})
    poll = config.decoder.begin()
    config.decoder.part(config.blocks[0]).take(data, poll)
    config.decoder.end(poll)
    return poll.values[0]
