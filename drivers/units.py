"""Units by name: what devices use, and what is published.

Published are primary units of the SenML registry (RFC 8428, section 12.1, and RFC 8798,
section 2); devices use whatever the field uses. A conversion is kept as a fraction, so that
1234 mm is 1.234 m with no binary dust behind it.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_PRIMARY: Final = """
m kg g s A K cd mol Hz rad sr N Pa J W C V F Ohm S Wb T H Cel lm lx Bq Gy Sv kat m2 m3
m/s m/s2 m3/s W/m2 cd/m2 bit bit/s lat lon pH dB dBW count / %RH %EL EL 1/s S/m B VA VAs
var vars J/m kg/m3 deg
"""
PRIMARY: Final = frozenset(_PRIMARY.split())
"""Units that go out on the wire."""

# Exact by definition: the international foot, inch and pound, the U.S. gallon of 231 cubic inches
# (NIST SP 811, appendix B.6), standard gravity, and the conventional metre of water (9806.65 Pa).
_FOOT: Final = Fraction("0.3048")
_INCH: Final = Fraction("0.0254")
_GALLON: Final = 231 * _INCH**3
_GRAVITY: Final = Fraction("9.80665")
_PSI: Final = Fraction("0.45359237") * _GRAVITY / _INCH**2
_LITRE: Final = Fraction(1, 1000)

_FACTORS: Final[dict[str, dict[str, Fraction]]] = {
    "m": {
        "mm": Fraction(1, 1000),
        "cm": Fraction(1, 100),
        "km": Fraction(1000),
        "in": _INCH,
        "ft": _FOOT,
    },
    "m/s": {
        "mm/s": Fraction(1, 1000),
        "cm/s": Fraction(1, 100),
        "km/h": Fraction(1000, 3600),
        "ft/s": _FOOT,
    },
    "m3": {
        "L": _LITRE,
        "ML": Fraction(1000),
        "ft3": _FOOT**3,
        "gal": _GALLON,
        "kgal": 1000 * _GALLON,
    },
    "m3/s": {
        "L/s": _LITRE,
        "L/min": _LITRE / 60,
        "m3/min": Fraction(1, 60),
        "m3/h": Fraction(1, 3600),
        "m3/d": Fraction(1, 86400),
        "ft3/s": _FOOT**3,
        "ML/d": Fraction(1000, 86400),
        "gal/min": _GALLON / 60,
        "MGD": 1_000_000 * _GALLON / 86400,
    },
    "Pa": {
        "hPa": Fraction(100),
        "kPa": Fraction(1000),
        "MPa": Fraction(1_000_000),
        "mbar": Fraction(100),
        "bar": Fraction(100_000),
        "psi": _PSI,
        "kgf/cm2": 10_000 * _GRAVITY,
        "mH2O": 1000 * _GRAVITY,
        "cmH2O": 10 * _GRAVITY,
        "mmH2O": _GRAVITY,
    },
    "V": {"mV": Fraction(1, 1000)},
    "A": {"mA": Fraction(1, 1000)},
    "s": {"ms": Fraction(1, 1000), "min": Fraction(60), "h": Fraction(3600)},
    "m2": {"cm2": Fraction(1, 10_000), "ft2": _FOOT**2},
    "S/m": {"uS/cm": Fraction(1, 10_000), "mS/cm": Fraction(1, 10), "mS/m": Fraction(1, 1000)},
    "/": {"%": Fraction(1, 100)},
    "Hz": {"kHz": Fraction(1000)},
    "Cel": {"degC": Fraction(1), "degF": Fraction(5, 9), "K": Fraction(1)},
}
_OFFSETS: Final = {("degF", "Cel"): Fraction(-160, 9), ("K", "Cel"): Fraction("-273.15")}


@dataclass(frozen=True, slots=True)
class Conversion:
    """``published = raw * factor + offset``, exactly."""

    factor: Fraction
    offset: Fraction

    def __call__(self, raw: float) -> float:
        """Return the value in the published unit."""
        return raw * self.factor.numerator / self.factor.denominator + float(self.offset)


def conversion(raw_unit: str, unit: str) -> Conversion:
    """Return how a device's unit becomes a published one.

    Raises:
        ValueError: there is no such conversion; the message lists the units that there are.
    """
    if raw_unit == unit:
        return Conversion(Fraction(1), Fraction(0))
    factors = _FACTORS.get(unit, {})
    if raw_unit not in factors:
        raise ValueError(f"a unit that becomes {unit}: " + ", ".join([unit, *sorted(factors)]))
    return Conversion(factors[raw_unit], _OFFSETS.get((raw_unit, unit), Fraction(0)))


def check_published(unit: str) -> str:
    """Return a unit that may be published, unchanged.

    Raises:
        ValueError: it isn't a primary unit; where a device's unit was meant, the message says
            which primary unit it becomes.
    """
    if unit in PRIMARY:
        return unit
    for primary, factors in _FACTORS.items():
        if unit in factors:
            raise ValueError(f'a primary SenML unit: write unit = "{primary}", raw_unit = "{unit}"')
    raise ValueError("a primary SenML unit, as " + ", ".join(sorted(PRIMARY)))
