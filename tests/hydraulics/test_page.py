"""The page for hydrographers says what is."""

import re
import tomllib
from pathlib import Path

import pytest

from agent.hydraulics import METHODS, Derived
from agent.hydraulics.cutthroat import Cutthroat
from agent.hydraulics.parshall import CAPPED, JOINED, PRACTICAL
from agent.hydraulics.rating import FALL, RISE

PAGE = (Path(__file__).parents[2] / "docs" / "hydraulics.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```toml\n(.*?)^```$", PAGE)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_is_a_right_table(block: str) -> None:
    uncommented = re.sub(r"(?m)^# (?=\w+ = )", "", block)
    for text in (block, uncommented):
        for name, table in tomllib.loads(text)["derived"].items():
            assert Derived.read(name, table).about()


def test_each_method_has_an_example_and_a_row_or_a_section() -> None:
    shown = set(re.findall(r'(?m)^method = "([\w-]+)"', PAGE))
    assert shown == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_each_key_of_a_method_stands_on_the_page(name: str) -> None:
    model = METHODS[name]
    keys = {field.alias or key for key, field in model.model_fields.items()} - {"method"}
    assert {key for key in keys if not re.search(rf"`{key}`|\b{key} =|{key}\b", PAGE)} == set()


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    assert f"Above S = {PRACTICAL:.2f}" in PAGE
    assert f"above {CAPPED:g}, where" in PAGE
    assert f"S over {JOINED:g}" in PAGE
    assert f"rise by {100 * RISE:g} %" in PAGE
    assert f"by more than {100 * FALL:g} %" in PAGE
    lengths = Cutthroat.model_validate({"method": "cutthroat", "length": 1.372, "throat": 0.3})
    assert lengths.law.n == 1.72
