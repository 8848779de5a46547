"""Units by name: exact, and refused with what is accepted."""

import pytest

from drivers.units import PRIMARY, check_published, conversion


@pytest.mark.parametrize(
    ("raw", "raw_unit", "unit", "value"),
    [
        (1234, "mm", "m", 1.234),
        (5, "cm", "m", 0.05),
        (10, "ft", "m", 3.048),
        (36, "km/h", "m/s", 10.0),
        (3600, "m3/h", "m3/s", 1.0),
        (250, "L/s", "m3/s", 0.25),
        (1, "bar", "Pa", 100_000.0),
        (1, "psi", "Pa", 6894.757293168361),  # NIST SP 811, appendix B.8: 6.894 757 E+03
        (1, "kgf/cm2", "Pa", 98_066.5),
        (1, "mH2O", "Pa", 9806.65),
        (1000, "mmH2O", "Pa", 9806.65),
        (1, "gal", "m3", 0.003785411784),  # NIST SP 811, appendix B.8: 3.785 412 E-03
        (1, "MGD", "m3/s", 0.0438126363888889),
        (212, "degF", "Cel", 100.0),
        (273.15, "K", "Cel", 0.0),
        (42.5, "m", "m", 42.5),
    ],
)
def test_a_devices_unit_becomes_the_published_one(
    raw: float, raw_unit: str, unit: str, value: float
) -> None:
    assert conversion(raw_unit, unit)(raw) == pytest.approx(value, rel=1e-15, abs=1e-13)


def test_millimetres_become_metres_without_binary_dust() -> None:
    to_metres = conversion("mm", "m")
    assert all(repr(to_metres(n)) == repr(float(f"{n}e-3")) for n in range(65536))


def test_an_unknown_conversion_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="m3/h"):
        conversion("gallon", "m3/s")


def test_units_of_different_quantities_do_not_convert() -> None:
    with pytest.raises(ValueError, match="becomes m"):
        conversion("kPa", "m")


def test_a_devices_unit_is_not_published_and_the_message_says_what_to_write() -> None:
    with pytest.raises(ValueError, match='unit = "m", raw_unit = "mm"'):
        check_published("mm")


@pytest.mark.parametrize("unit", sorted(PRIMARY))
def test_every_primary_unit_may_be_published(unit: str) -> None:
    assert check_published(unit) == unit
