"""Sizes, coefficients, limits and tailwater of flumes and weirs."""

import csv
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.hydraulics.coefficients import rows
from agent.hydraulics.cutthroat import law_of
from agent.hydraulics.parshall import flume_of, flumes
from agent.hydraulics.rectangular import kindsvater_carter
from tests.support.hydraulics import FAIL, GOOD, SUSPECT, made, of, site, value

HERE = Path(__file__).parent
FOOT = 0.3048


@pytest.mark.parametrize(
    ("table", "original"),
    [
        ("parshall", "parshall_coefficients.csv"),
        ("cutthroat", "cutthroat_coefficients.csv"),
        ("kindsvater_carter", "kindsvater_carter.csv"),
    ],
)
def test_the_shipped_coefficients_are_the_published_ones_each_with_its_source(
    table: str, original: str
) -> None:
    with (HERE / original).open(newline="") as stream:
        published = list(csv.DictReader(stream))
    assert rows(table) == published  # type: ignore[arg-type]
    assert all(row["source"] and row["verified"] for row in published)


@pytest.mark.parametrize(
    ("size", "throat"),
    [
        ("1 in", 0.0254),
        ("6in", 0.1524),
        ("1.5 ft", 0.4572),
        ("0.30 m", 0.3),
        ("300 mm", 0.3),
        ("0.3048 m", 0.3048),
        ("12 in", 0.3048),
        ("3.05 m", 3.048),
        ("15.24 m", 15.24),
    ],
)
def test_a_flume_is_known_by_its_american_and_its_metric_name(size: str, throat: float) -> None:
    assert flume_of(size).throat == pytest.approx(throat, rel=1e-9)


@pytest.mark.parametrize("size", ["9 ft", "0.31 m", "1", "big", "-1 ft", "", "1e0 ft", "٣ ft"])
def test_an_unknown_size_is_refused_with_those_that_there_are(size: str) -> None:
    with pytest.raises(ValidationError, match=r"1 in, .* 50 ft, 0\.25 m, .* 15\.24 m"):
        made("parshall", size=size)


def test_there_are_all_sizes_from_an_inch_to_50_feet_and_the_metric_ones() -> None:
    assert len(flumes()) == 34
    throats = [flume.throat for flume in flumes()]
    assert (min(throats), max(throats)) == (0.0254, 15.24)


@pytest.mark.parametrize("flume", flumes(), ids=lambda flume: flume.size)
def test_a_flumes_law_is_that_of_its_american_formula(flume: object) -> None:
    # USBR (OpenDCS): 4 W h^(1.522 W^0.026) to 8 ft, (3.6875 W + 2.5) h^1.6 above; the metric
    # sizes agree within 0.07 %
    throat, k, n = flume.throat, flume.k, flume.n  # type: ignore[attr-defined]
    feet, head = throat / FOOT, 0.5
    if feet > 9:
        cubic_feet = (3.6875 * feet + 2.5) * (head / FOOT) ** 1.6
    elif feet > 0.8:
        cubic_feet = 4 * feet * (head / FOOT) ** (1.522 * feet**0.026)
    else:
        return  # the smallest have coefficients of their own
    assert k * head**n == pytest.approx(cubic_feet * FOOT**3, rel=7e-4)


def test_coefficients_from_memory_can_be_overridden_one_by_one() -> None:
    given = {"k": 1.429, "n": 1.55, "transition": 0.66}
    flume = made("parshall", size="2 ft", coefficients=given)
    assert flume.constants.items() >= given.items()
    assert flume.constants["n1"] == 1.55


def test_submerged_flow_of_a_metric_size_needs_all_three_coefficients() -> None:
    with pytest.raises(ValidationError, match="c1, n1 and n2 together"):
        made("parshall", size="0.30 m", coefficients={"c1": 0.54})
    keys = {"coefficients": {"c1": 0.53, "n1": 1.52, "n2": 1.08}}
    flume = made("parshall", size="0.30 m", tailwater="b/h", tailwater_zero=0.0, **keys)
    result = of(flume, 0.5, tailwater=0.4)
    assert (result.quality, result.why) == (SUSPECT, "submerged")
    assert result.value is not None
    assert result.value < value(flume, 0.5)


def test_coefficients_with_which_tailwater_would_make_water_are_refused() -> None:
    with pytest.raises(ValidationError, match="rising tailwater lessens the flow"):
        made("parshall", size="1 ft", coefficients={"c1": 0.1, "n2": 1.6})


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [({"tailwater": "b/h"}, "tailwater_zero"), ({"tailwater_zero": 0.1}, "tailwater")],
)
def test_a_tailwater_and_its_zero_come_together(keys: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made("parshall", size="1 ft", **keys)
    assert caught.value.errors()[0]["ctx"]["key"] == wrong


def test_a_cutthroat_flume_has_the_tables_law_and_else_that_of_its_length() -> None:
    tabulated = law_of(0.9144, 0.2032)
    assert tabulated is not None
    assert tabulated[:2] == (0.7503, 1.84)
    between = law_of(0.914, 0.3)
    assert between is not None
    assert between.c == pytest.approx(3.7758 * 0.3**1.025)
    largest = law_of(2.743, 1.0)  # 108 in: 3.5 W^1.025 h^1.56 in ft, from memory
    assert largest is not None
    assert largest.c * 0.5**1.56 == pytest.approx(
        3.5 * (1 / FOOT) ** 1.025 * (0.5 / FOOT) ** 1.56 * FOOT**3, rel=1e-9
    )
    assert "memory" in largest.source


def test_a_cutthroat_flume_of_another_length_needs_coefficients() -> None:
    with pytest.raises(ValidationError, match=r"0\.4572, 0\.9144, 1\.372, 2\.743"):
        made("cutthroat", length=1.0, throat=0.3)
    own = made("cutthroat", length=1.0, throat=0.3, coefficients={"c": 1.2, "n": 1.8})
    assert value(own, 0.2) == pytest.approx(1.2 * 0.2**1.8)


@pytest.mark.parametrize("ratio", [0.1 * tenth for tenth in range(11)])
def test_kindsvaters_and_carters_table_comes_out_at_its_rows(ratio: float) -> None:
    (row,) = (r for r in rows("kindsvater_carter") if abs(float(r["b_over_B"]) - ratio) < 1e-9)
    columns = ("Ce_a", "Ce_b_times_h_over_p", "kb_m", "kh_m")
    assert kindsvater_carter(ratio) == pytest.approx([float(row[key]) for key in columns])


def test_between_two_rows_the_table_is_straight() -> None:
    assert kindsvater_carter(0.65).alpha == pytest.approx(0.594)
    assert kindsvater_carter(0.95).kb == pytest.approx((-0.0009 + 0.0037) / 2)


def test_the_formulas_of_a_suppressed_weir_agree_within_their_accuracy() -> None:
    weir = {"crest_width": 1.0, "channel_width": 1.0, "crest_height": 0.6}
    by_formula = [
        value(made("weir-rectangular", formula=each, **weir), 0.2)
        for each in ("kindsvater-carter", "rehbock", "francis")
    ]
    assert max(by_formula) / min(by_formula) < 1.04


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"crest_width": 2.0}, "channel_width"),
        ({"formula": "rehbock"}, "formula"),
        ({"formula": "francis", "coefficients": {"alpha": 0.6}}, "coefficients"),
    ],
)
def test_a_rectangular_weir_that_cannot_be_is_refused(keys: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        site("contracted", **keys)
    assert caught.value.errors()[0]["ctx"]["key"] == wrong


@pytest.mark.parametrize("key", ["crest_width", "crest_height"])
def test_a_weir_too_small_for_its_formula_is_always_extrapolated(key: str) -> None:
    small = site("contracted", **{key: 0.09})
    result = of(small, 0.1)
    assert (result.quality, result.why) == (SUSPECT, "extrapolated")
    assert of(small, -0.1).quality == GOOD  # no water flows over it all the same


DOMAINS = {
    "parshall": (0.03, 0.75),
    "cutthroat": (-math.inf, 0.36576),
    "contracted": (0.03, 1.0),
    "rehbock": (0.03, 0.3),
    "francis": (-math.inf, 1 / 3),
    "v-notch": (0.06, 0.2),
    "v-notch, shen": (0.06, 0.38),
    "cipoletti": (0.06, 1 / 3),
    "broad-crested": (0.048, 0.35 / 0.65 * 0.5),
    "manning": (-math.inf, math.inf),
    "index-velocity": (0.0, 1.2),
    "table": (0.1, 1.8),
}


@pytest.mark.parametrize(("name", "domain"), DOMAINS.items())
def test_a_method_states_its_limits(name: str, domain: tuple[float, float]) -> None:
    assert site(name).domain == pytest.approx(domain)


def test_shens_table_goes_below_25_degrees_but_may_not_be_trusted_there() -> None:
    narrow = made("weir-v-notch", angle=24, formula="shen")
    assert of(narrow, 0.2).why == "extrapolated"
    assert of(made("weir-v-notch", angle=25, formula="shen"), 0.2).quality == GOOD


def test_a_notch_of_another_angle_than_90_needs_shen_or_coefficients() -> None:
    with pytest.raises(ValidationError, match="shen"):
        made("weir-v-notch", angle=60)
    with pytest.raises(ValidationError, match="20 to 100"):
        made("weir-v-notch", angle=120, formula="shen")
    wide = made("weir-v-notch", angle=120, coefficients={"ce": 0.58, "kh": 0.001})
    assert value(wide, 0.2) > value(made("weir-v-notch", angle=90), 0.2)


def test_a_channel_with_vertical_sides_needs_a_bottom() -> None:
    with pytest.raises(ValidationError) as caught:
        made("manning", bottom_width=0, side_slope=0, slope=0.001, n=0.03)
    assert caught.value.errors()[0]["ctx"]["key"] == "bottom_width"


THIN = ["contracted", "rehbock", "francis", "v-notch", "v-notch, shen", "cipoletti"]
BELOW = {"tailwater": "below/stage", "tailwater_zero": 1.0}


@pytest.mark.parametrize("name", THIN)
def test_a_thin_plate_weir_wants_air_under_its_nappe(name: str) -> None:
    found = site(name, **BELOW)
    tails = {0.9: GOOD, 0.94: GOOD, 0.95: SUSPECT, 1.0: SUSPECT, 1.01: FAIL}
    for tail, quality in tails.items():
        result = of(found, 0.15, tailwater=tail)
        assert (result.quality, result.why) == (quality, "submerged" if quality > 1 else "")
        assert result.value == value(found, 0.15)


def test_a_broad_crested_weir_bears_tailwater_up_to_two_thirds() -> None:
    found = site("broad-crested", **BELOW)
    assert of(found, 0.2, tailwater=1.13).quality == GOOD
    assert of(found, 0.2, tailwater=1.14) == of(found, 0.2).lowered(FAIL, "submerged")


@pytest.mark.parametrize("name", [*THIN, "broad-crested", "parshall"])
def test_tailwater_above_a_crest_without_head_is_no_flow_that_can_be_told(name: str) -> None:
    found = site(name, **BELOW)
    backed_up = of(found, -0.1, tailwater=1.05)
    assert (backed_up.value, backed_up.quality, backed_up.why) == (0.0, FAIL, "submerged")
    assert of(found, -0.1, tailwater=0.95).quality == GOOD
