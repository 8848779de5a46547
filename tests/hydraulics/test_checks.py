"""Every published check value (discharge_checks.json, each with its source), through the methods.

A value computed from the same formula must be met to the digits in which it is given, and a
published one to those of its rounding: that is the file's own ``rel_tol``. Where another tolerance
stands here, its reason does too.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.hydraulics.level import water_density
from agent.hydraulics.manning import velocity
from agent.hydraulics.parshall import drowned
from agent.hydraulics.rectangular import Effective, over
from tests.support.hydraulics import made, value

FILE = json.loads(Path(__file__).with_name("discharge_checks.json").read_text())
FOOT = 0.3048
Inputs = dict[str, Any]


def parshall(throat: str, head: float, **keys: Any) -> float:
    return value(made("parshall", size=throat, **keys), head)


def parshall_head(i: Inputs) -> float:
    flume = made("parshall", size="2 ft", coefficients={"k": i["K"], "n": i["n"]})
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if value(flume, middle) < i["q_m3s"] else (low, middle)
    return low


def parshall_submerged(i: Inputs) -> float:
    """By way of the method, whose own coefficients are these; they join free flow elsewhere."""
    flume = made("parshall", size=f"{i['throat_ft']} ft", tailwater="b/h", tailwater_zero=0.0)
    discharge = value(flume, i["ha_ft"] * FOOT, tailwater=i["hb_ft"] * FOOT) / FOOT**3
    plain = drowned(i["ha_ft"], i["hb_ft"], i["C1"], i["n1"], i["n2"])
    assert discharge == pytest.approx(plain, rel=1e-6)
    return discharge


def rectangular(i: Inputs, **keys: Any) -> float:
    width = i.get("b") or i["L"]
    channel = i.get("B", width)
    sizes = {"crest_width": width, "channel_width": channel, "crest_height": i.get("p", 1.0)}
    return value(made("weir-rectangular", **sizes, **keys), i["h"])


def rating(i: Inputs) -> float:
    segments = [
        {"from": each["h_min"], "a": each["a"], "h0": each["h0"], "b": each["b"]}
        for each in i["segments"]
    ]
    return value(made("rating", segments=segments), i["h"])


def manning(i: Inputs) -> float:
    keys = {"bottom_width": i["b"], "side_slope": i["m"], "slope": i["S"], "n": i["n"]}
    return value(made("manning", **keys), i["y"])


def index_velocity(i: Inputs) -> float:
    stages = [0.0, 0.6, i["stage"]]
    area = [[h, 3.0 * h + 1.5 * h * h] for h in stages]  # the trapezoid, b = 3, m = 1.5
    found = made("index-velocity", velocity="a/v", a=i["a"], b=i["b"], area=area)
    return value(found, i["stage"], velocity=i["vi"])


def surface_velocity(i: Inputs) -> float:
    found = made("surface-velocity", velocity="a/v", k=i["k"], area=[[0.0, 0.0], [1.0, i["A"]]])
    return value(found, 1.0, velocity=i["vs"])


def depth(i: Inputs) -> float:
    level = made("level", temperature="a/t")
    return value(level, i["p_bar"] * 1e5, temperature=i["t"])


def notch(i: Inputs) -> float:
    keys = {"ce": i["Ce"], "kh": i["kh"]}
    plain = value(made("weir-v-notch", angle=i["angle"]), i["h"])
    assert plain == value(made("weir-v-notch", angle=i["angle"], coefficients=keys), i["h"])
    return plain


def cutthroat(i: Inputs) -> float:
    length, width = (int(part.split()[0]) * 0.0254 for part in i["flume"].split(" x "))
    return value(made("cutthroat", length=length, throat=width), i["ha_m"])


WAYS: dict[str, Callable[[Inputs], float]] = {
    "parshall_free_small": lambda i: 1000 * parshall(f"{i['throat_m']} m", i["ha_m"]),
    "parshall_free": lambda i: parshall(f"{i['throat_ft']} ft", i["ha_ft"] * FOOT) / FOOT**3,
    "parshall_free_inverse": parshall_head,
    "parshall_submerged_skogerboe": parshall_submerged,
    # fluids has Rehbock's formula with constants of four digits, ISO 1438 with three
    "rehbock_full_width": lambda i: over(
        i["h"], i["b"], i["p"], Effective(0.602, 0.0832, 0.0, 0.00125)
    ),
    "rehbock_full_width_iso1438": lambda i: rectangular(i, formula="rehbock"),
    "kindsvater_carter_full": rectangular,
    "kindsvater_carter": rectangular,
    "v_notch_iso1438": notch,
    # the Cone formula's very definition; ISO 1438's form agrees with it within 0.8 %
    "v_notch_cone": lambda i: value(made("weir-v-notch", angle=90), i["h_ft"] * FOOT) / FOOT**3,
    "francis_contracted": lambda i: rectangular(i | {"B": 2.0}, formula="francis"),
    "francis_suppressed": lambda i: rectangular(i, formula="francis"),
    "cipoletti": lambda i: value(made("weir-cipoletti", crest_width=i["L"]), i["h"]),
    "broad_crested_rect": lambda i: value(
        made("broad-crested", crest_width=i["b"], cd=i["Cd"], cv=i["Cv"]), i["h"]
    ),
    "cutthroat_free": cutthroat,
    "manning_velocity": lambda i: velocity(i["Rh"], i["S"], i["n"]),
    "manning_trapezoid": manning,
    "chezy_from_manning": lambda i: velocity(i["Rh"], 0.01, i["n"]) / math.sqrt(i["Rh"] * 0.01),
    "rating_power_segments": rating,
    "index_velocity": index_velocity,
    "surface_velocity": surface_velocity,
    "water_density_jones_harris": lambda i: water_density(i["t"]),
    "depth_from_pressure": depth,
}

TOLERANCES = {
    # Both formulas, and what is said of them (channel-gauging, 3.3): within 0.8 %.
    "v_notch_cone": 0.008,
    # 0.012196 is printed with five digits, which is half a unit in 12196.
    "cutthroat_free": 0.5 / 12196,
}

CHECKS = [check for check in FILE["checks"] if check["method"] != "v_notch_shen"]


@pytest.mark.parametrize(
    "check", CHECKS, ids=lambda check: f"{check['method']}-{check['expected']}"
)
def test_a_published_value_comes_out(check: dict[str, Any]) -> None:
    tolerance = TOLERANCES.get(check["method"], check["rel_tol"])
    found = WAYS[check["method"]](check["inputs"])
    assert found == pytest.approx(check["expected"], rel=tolerance, abs=1e-12), check["source"]


def test_shens_coefficients_are_those_of_fluids_whose_formula_is_a_third_too_high() -> None:
    # fluids computes C tan(a/2) sqrt(g) (h + k)^2.5, without the 8/15 sqrt(2) that C is made for:
    # its 90 degrees give 1.33 times the Cone formula, which USBR's manual has from measurements.
    (check,) = (each for each in FILE["checks"] if each["method"] == "v_notch_shen")
    shen = value(made("weir-v-notch", angle=check["inputs"]["angle"], formula="shen"), 0.6)
    assert shen == pytest.approx(check["expected"] * 8 / 15 * math.sqrt(2), rel=1e-6)
    for head in (0.10, 0.20, 0.30):
        cone = 2.49 * (head / FOOT) ** 2.48 * FOOT**3
        shen = value(made("weir-v-notch", angle=90, formula="shen"), head)
        assert shen == pytest.approx(cone, rel=0.012)  # two fits to measurements, of 1 % each
        assert shen / (8 / 15 * math.sqrt(2)) > 1.3 * cone


def test_sources_known_to_be_wrong_are_not_met() -> None:
    sizes = {"b": 1.0, "B": 2.0, "p": 0.5, "h": 0.2}
    contracted = rectangular(sizes)
    full = rectangular({"b": 2.0, "p": 0.4, "h": 0.3})
    wrong = [each["wrong"] for each in FILE["known_wrong_sources"] if "wrong" in each]
    assert len(wrong) == 3
    for said in wrong:
        assert contracted != pytest.approx(said, rel=0.02)
        assert full != pytest.approx(said, rel=0.02)
    # the exponent of a Parshall flume goes with its width, upwards
    exponents = [
        math.log2(parshall(f"{feet} ft", 0.6) / parshall(f"{feet} ft", 0.3)) for feet in (1, 3, 8)
    ]
    assert exponents == [pytest.approx(1.522 * feet**0.026, abs=1e-4) for feet in (1, 3, 8)]


def test_the_exponent_of_the_6_inch_flume_is_the_consistent_one_and_can_be_overridden() -> None:
    assert parshall("6 in", 0.45) == pytest.approx(0.3812 * 0.45**1.58, rel=1e-4)
    iso = parshall("6 in", 0.45, coefficients={"n": 1.54})
    assert iso == pytest.approx(0.111, rel=0.01)  # what the ISO-style tables print
