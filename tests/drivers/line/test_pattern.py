import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.line.pattern import LONGEST, compile_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"R(?P<distance>\d{4})",
        r"^R(?P<distance>\d{4})$",
        r"\$RDTGT,(?P<direction>-?1),(?P<velocity>-?\d+),(?P<level>\d+)",
        r"33;(?P<distance>-?\d+);(?P<quality>\d+);\d+;",
        r".*T=(?P<t>-?\d+(?:\.\d+)?)",
        r"(?P<a>\d+\.?\d*),(?P<b>\d+\.?\d*)",
        r"(?:\d+,){3}(?P<a>\d+)",
        r"(?P<a>[+-]\d+(?:\.\d+)?)(?:[+-]\d+)*",
        r"(?P<a>(?>a+)a?)|b",
        r"(?P<a>a++a)",
        r"(?i)(?P<a>ok|fail)\s*",
    ],
)
def test_a_pattern_that_reads_a_line_in_one_way_is_taken(pattern: str) -> None:
    assert compile_pattern(pattern).groupindex


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?P<a>(a+)+)b",
        r"(?P<a>(a|ab|b)*)c",
        r"(?P<a>(a|aa)+)b",
        r"(?P<a>.*)(.*)(.*)x",
        r"(?P<a>(\w+\s?)*)!",
        r"(?P<a>(?:a?b?)*)c",
        r"(?P<a>(?:.{1,100}){1,100})x",
        r"(?P<a>(?:a{1,2}){1,60})b",
        r"(?P<a>(?:x*)*)y",
        r"(?P<a>(?:a*?)*?)y",
        r"(?i)(?P<a>(?:a|Ab)*)c",
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused_with_advice(pattern: str) -> None:
    with pytest.raises(ValueError, match="one way to read a line"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (r"R\d{4}", "a named group for each channel"),
        (r"R(?P<a>\d{4}", "a regular expression of Python's re"),
        (r"(?P<a>\d)(?=x)", "neither looks around nor refers back"),
        (r"(?P<a>\d)(?P=a)", "neither looks around nor refers back"),
        (r"(?P<a>(?<!x)\d)", "neither looks around nor refers back"),
        (r"(?P<a>\d)" + "x" * 500, "at most 500 characters"),
        (r"(?P<a>a{99999999999999999999})", "a regular expression of Python's re"),
        ("(" * 400 + "(?P<a>a)" + ")" * 90, "a regular expression of Python's re"),
    ],
)
def test_a_wrong_pattern_is_refused_with_what_is_accepted(pattern: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        compile_pattern(pattern)


ATOMS = st.sampled_from(["a", "b", "[ab]", ".", "a?", "b*", "a+", "[ab]{1,3}", "a*?", "b{2}"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"(?:{'|'.join(some)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,4}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)


@given(PATTERNS)
def test_whatever_is_taken_comes_to_an_end(inner: str) -> None:
    """A pattern that was taken wrongly would keep this test busy beyond its time."""
    try:
        pattern = compile_pattern(f"(?P<x>{inner})c")
    except ValueError:
        return
    for line in ("a" * LONGEST, "b" * LONGEST, "ab" * (LONGEST // 2), "aab" * (LONGEST // 3)):
        pattern.fullmatch(line)
